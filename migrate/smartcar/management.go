package smartcar

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"net/url"
	"strconv"
	"strings"

	"scmigrate/migrate/secret"
)

// ErrNoManagementToken means that the management list was asked for without Options.ManagementToken; nothing was sent.
var ErrNoManagementToken = errors.New("no application management token is set")

// ManagementConnections reads all pages of v2's own connections list (GET /v2.0/management/connections, smartcar-v2.md §7)
// in one mode, "live" or "simulated", and hands each to page, in order. Rows whose mode is not the asked one are handed
// over, too: older servers state none. The list says nothing of its length, so Complete means only that its end was
// reached and no row came twice. The error is trouble of the tool or page's own.
func (c *Client) ManagementConnections(ctx context.Context, mode string, page func([]Connection) error) (Listing, error) {
	if c.management.IsZero() {
		return Listing{}, ErrNoManagementToken
	}
	l := cursorLister{seen: map[uint64]bool{}, seed: maphash.MakeSeed(), listing: Listing{Total: -1}}
	for number := 1; !l.done; number++ {
		if number > maxPages {
			l.stop("the list has no end")
			break
		}
		a, err := c.managementPage(ctx, mode, l.cursor)
		if err != nil {
			return l.listing, err
		}
		rows := l.read(number, a)
		if l.listing.Failure != nil {
			break
		}
		if err := page(rows); err != nil {
			return l.listing, err
		}
	}
	return l.listing, nil
}

func (c *Client) managementPage(ctx context.Context, mode, cursor string) (Answer, error) {
	query := url.Values{"limit": {strconv.Itoa(pageSize)}, "mode": {mode}}
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	return c.do(ctx, c.managementCall, request{host: HostManagement, method: "GET", path: "/v2.0/management/connections", query: query, basicUser: "default", basic: c.management})
}

// cursorLister follows a list from cursor to cursor.
type cursorLister struct {
	cursor  string
	listing Listing
	seen    map[uint64]bool // hashes of rows and of cursors
	seed    maphash.Seed
	done    bool
}

type managementPage struct {
	Connections *[]struct {
		VehicleID   string   `json:"vehicleId"`
		UserID      string   `json:"userId"`
		Mode        string   `json:"mode"`
		ConnectedAt flexTime `json:"connectedAt"`
		CreatedAt   flexTime `json:"createdAt"` // the older word
	} `json:"connections"`
	Paging *struct {
		Cursor *string `json:"cursor"`
	} `json:"paging"`
}

func (l *cursorLister) read(number int, a Answer) []Connection {
	if a.Failure != nil {
		l.listing.Failure = a.Failure
		l.stop(fmt.Sprintf("page %d failed: %s", number, a.Failure.Label()))
		return nil
	}
	var page managementPage
	if json.Unmarshal(a.Body, &page) != nil || page.Connections == nil || len(*page.Connections) > maxItems {
		l.listing.Failure = malformed(a, "the page is not of the documented form")
		l.stop(fmt.Sprintf("page %d cannot be read", number))
		return nil
	}
	l.listing.Pages++
	rows := make([]Connection, 0, len(*page.Connections))
	for _, row := range *page.Connections {
		c := Connection{VehicleID: row.VehicleID, UserID: row.UserID, Mode: strings.ToLower(row.Mode), CreatedAt: row.ConnectedAt.Time}
		if c.CreatedAt.IsZero() {
			c.CreatedAt = row.CreatedAt.Time
		}
		if l.takes(c) {
			rows = append(rows, c)
		}
	}
	l.listing.Rows += len(rows)
	l.follow(page)
	return rows
}

func (l *cursorLister) takes(c Connection) bool {
	switch {
	case c.VehicleID == "" || c.UserID == "":
		l.listing.Unreadable++
		l.doubt("a row names no vehicle or no user")
	case l.again("row", c.UserID+"\x00"+c.VehicleID):
		l.listing.Duplicates++
		l.doubt("a row came twice: the list moved while it was read")
	default:
		return true
	}
	return false
}

// again tells whether it was called with the same words before.
func (l *cursorLister) again(kind, text string) bool {
	k := maphash.String(l.seed, kind+"\x00"+text)
	before := l.seen[k]
	l.seen[k] = true
	return before
}

// maxCursor is far more than any cursor on record has, in bytes.
const maxCursor = 4 << 10

func (l *cursorLister) follow(page managementPage) {
	l.cursor = ""
	if page.Paging != nil && page.Paging.Cursor != nil {
		l.cursor = *page.Paging.Cursor
	}
	switch {
	case l.cursor == "" && page.Paging == nil && len(*page.Connections) >= pageSize:
		l.stop("a full page does not say whether another follows")
	case l.cursor == "":
		l.done, l.listing.Complete = true, l.listing.Why == ""
	case len(l.cursor) > maxCursor, l.again("cursor", l.cursor):
		l.stop("the list's cursor leads nowhere")
	}
}

// stop ends an incomplete list.
func (l *cursorLister) stop(why string) {
	l.doubt(why)
	l.done = true
}

// doubt keeps the first reason.
func (l *cursorLister) doubt(why string) {
	if l.listing.Why == "" {
		l.listing.Why = why
	}
}

// connectManagement adds the call that no other command needs.
func (c *Client) connectManagement(token secret.Secret) {
	c.management = token
	c.timeouts[HostManagement] = c.timeouts[HostApp]
	c.managementCall = retried(pagePolicy, guarded(c.breaker, limited(c.limiter, c.wire)))
}
