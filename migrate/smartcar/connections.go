package smartcar

import (
	"context"
	"fmt"
	"hash/maphash"
	"net/url"
	"strconv"
	"strings"
	"time"

	"scmigrate/compare"
)

// ConnectionsQuery asks for a part of the connections list. Mode is needed: a list without one holds the live ones only
// (smartcar-v3.md §4.1), so live and simulated are two lists.
type ConnectionsQuery struct {
	Mode      string // "live" or "simulated"; "" means live
	VehicleID string // "": all
	UserID    string // "": all
}

// Connection is one row: this user has connected this vehicle to the application.
type Connection struct {
	ID                   string // not stable over a re-connect: key on (UserID, VehicleID)
	VehicleID            string
	UserID               string // "" where the row names no user
	ExternalID           string
	Make, Model          string
	Year                 int // 0: not stated
	Mode, Powertrain     string
	Permissions          []string // the granted ones; nil where the row does not say
	CreatedAt, UpdatedAt time.Time
}

// ConnectionsPage is one page as handed over: rows of the query that no earlier page held.
type ConnectionsPage struct {
	Number    int // from 1
	Rows      []Connection
	Total     int // totalCount as this page states it; -1: not stated
	FetchedAt time.Time
	RequestID string
}

// Listing says how reading the list went. Only a Complete list proves an absence.
type Listing struct {
	Pages      int // read
	Rows       int // handed over
	Total      int // totalCount as last stated; -1: never
	Dropped    int // rows the server sent although they are not of the query
	Duplicates int // rows that came twice: the list moved while it was read
	Unreadable int // rows without a vehicle id
	Complete   bool
	Why        string           // why it is not complete; "" if it is
	Failure    *compare.Failure // the answer that ended it early, if one did
}

const (
	pageSize = 100
	maxPages = 100_000
)

// Connections reads all pages of the query (GET /v3/connections) and hands each to page, in order. Pages are asked for by
// number; links of the answer are never followed. The error is trouble of the tool or page's own.
func (c *Client) Connections(ctx context.Context, q ConnectionsQuery, page func(ConnectionsPage) error) (Listing, error) {
	if q.Mode == "" {
		q.Mode = "live"
	}
	l := lister{query: q, seen: make(map[uint64]bool), seed: maphash.MakeSeed(), listing: Listing{Total: -1}}
	for number := 1; !l.done; number++ {
		if number > maxPages {
			l.stop("the list has no end")
			break
		}
		a, err := c.connectionsPage(ctx, q, number)
		if err != nil {
			return l.listing, err
		}
		rows := l.read(number, a)
		if l.listing.Failure != nil {
			break
		}
		p := ConnectionsPage{Number: number, Rows: rows, Total: l.listing.Total, FetchedAt: a.FetchedAt, RequestID: a.RequestID}
		if err := page(p); err != nil {
			return l.listing, err
		}
	}
	return l.listing, nil
}

func (c *Client) connectionsPage(ctx context.Context, q ConnectionsQuery, number int) (Answer, error) {
	query := url.Values{
		"page[number]":         {strconv.Itoa(number)},
		"page[size]":           {strconv.Itoa(pageSize)},
		"filter[vehicle.mode]": {q.Mode},
	}
	for name, id := range map[string]string{"filter[vehicleId]": q.VehicleID, "filter[userId]": q.UserID} {
		if id == "" {
			continue
		}
		if err := checkID(id); err != nil {
			return c.unsendable(err)
		}
		query.Set(name, id)
	}
	return c.do(ctx, c.pageCall, request{
		host: HostApp, method: "GET", path: "/v3/connections", query: query, vehicleID: q.VehicleID, bearer: c.tokens.get,
	})
}

// lister follows a list over its pages. The list is sorted newest first and may change while it is read: a new row pushes
// one over the page border (it comes twice), a removed one pulls one over it (it never comes). Neither must pass unseen: the first shows as a duplicate, the second as another total. Only a row that
// leaves while one comes at the far end would cancel out, which newest-first does not do.
type lister struct {
	query   ConnectionsQuery
	listing Listing
	seen    map[uint64]bool // hashes, so that a million rows fit
	seed    maphash.Seed
	unique  int // distinct rows received, whether of the query or not
	done    bool
}

// read takes one answer in and returns its new rows of the query.
func (l *lister) read(number int, a Answer) []Connection {
	if a.Failure != nil {
		l.listing.Failure = a.Failure
		l.stop(fmt.Sprintf("page %d failed: %s", number, a.Failure.Label()))
		return nil
	}
	page, err := decodePage(a.Body)
	if err != nil {
		l.listing.Failure = malformed(a, err.Error())
		l.stop(fmt.Sprintf("page %d cannot be read: %v", number, err))
		return nil
	}
	l.listing.Pages++
	l.checkTotal(page)
	rows, news := l.sift(page.rows)
	l.decide(number, page, news)
	return rows
}

func (l *lister) checkTotal(page rawPage) {
	if before := l.listing.Total; page.total >= 0 && before >= 0 && page.total != before {
		l.doubt(fmt.Sprintf("the list went from %d to %d rows while it was read", before, page.total))
	}
	if page.total >= 0 {
		l.listing.Total = page.total
	}
}

// sift drops what came before and what was not asked for; news counts the distinct rows.
func (l *lister) sift(all []Connection) (rows []Connection, news int) {
	for _, row := range all {
		if row.VehicleID == "" {
			l.listing.Unreadable++
			l.doubt("a row names no vehicle")
			continue
		}
		if key := l.key(row); l.seen[key] {
			l.listing.Duplicates++
			l.doubt("a row came twice: the list moved while it was read")
			continue
		} else {
			l.seen[key] = true
		}
		news++
		if !l.query.holds(row) {
			l.listing.Dropped++
			continue
		}
		rows = append(rows, row)
	}
	l.unique += news
	l.listing.Rows += len(rows)
	return rows, news
}

func (l *lister) key(row Connection) uint64 {
	if row.ID != "" {
		return maphash.String(l.seed, row.ID)
	}
	return maphash.String(l.seed, row.UserID+"\x00"+row.VehicleID+"\x00"+row.Mode)
}

// decide tells whether that was the last page, and whether the list is whole then. received counts what the server counts
// in totalCount: every distinct row, also those it should have filtered out.
func (l *lister) decide(number int, page rawPage, news int) {
	received := l.unique + l.listing.Unreadable
	switch {
	case page.number > 0 && page.number != number:
		l.stop(fmt.Sprintf("asked for page %d, got page %d", number, page.number))
	case len(page.rows) == 0:
		l.finish(received, page)
	case news == 0:
		l.stop(fmt.Sprintf("page %d holds only rows of earlier pages", number))
	case l.listing.Total >= 0 && received > l.listing.Total+pageSize:
		l.stop("more rows came than the server counts")
	case page.next != linkThere && l.listing.Total >= 0 && received >= l.listing.Total:
		l.finish(received, page)
	case page.next == linkNull && l.listing.Total < 0:
		l.finish(received, page)
	}
}

func (l *lister) finish(received int, page rawPage) {
	l.done = true
	switch total := l.listing.Total; {
	case total >= 0 && received != total:
		l.doubt(fmt.Sprintf("%d rows came, the server counts %d", received, total))
	case total < 0 && page.next == linkAbsent:
		l.doubt("the server does not say how many rows there are")
	}
	l.listing.Complete = l.listing.Why == ""
}

// stop ends an incomplete list.
func (l *lister) stop(why string) {
	l.doubt(why)
	l.done = true
}

// doubt keeps the first reason.
func (l *lister) doubt(why string) {
	if l.listing.Why == "" {
		l.listing.Why = why
	}
}

// holds checks a row against the query on our side: a server may ignore a filter, and a row of another vehicle taken for
// this one would be a false proof; ids are compared without case, or a list of all would show none. The deprecated mode "test" counts as simulated; a row without a mode passes.
func (q ConnectionsQuery) holds(row Connection) bool {
	mode := strings.ToLower(row.Mode)
	if mode == "test" {
		mode = "simulated"
	}
	return (mode == "" || mode == q.Mode) &&
		(q.VehicleID == "" || strings.EqualFold(row.VehicleID, q.VehicleID)) &&
		(q.UserID == "" || strings.EqualFold(row.UserID, q.UserID))
}
