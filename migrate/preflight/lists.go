package preflight

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"scmigrate/compare"
	"scmigrate/migrate"
	"scmigrate/migrate/smartcar"
)

// errEnough ends a list after its first page.
var errEnough = errors.New("one page is enough")

// page is the first page of the connections list in one mode.
type page struct {
	rows    int
	total   int // as the server counts; -1: it does not say
	failure *compare.Failure
}

// connections reads one page of the connections list in each mode. It tells v3 that is not enabled from bad credentials: the
// token endpoint knows the application, and v3 does not let it in.
func (f *flight) connections(ctx context.Context) error {
	if f.client == nil {
		f.unasked("v3 enabled", "there is no application token")
		f.unasked("connections list", "there is no application token")
		return nil
	}
	f.Say("reading one page of the connections list")
	live, err := f.page(ctx, "live")
	if err == nil && live.failure != nil {
		f.noList(*live.failure)
	}
	if err != nil || live.failure != nil {
		return err
	}
	simulated, err := f.page(ctx, "simulated")
	if err == nil {
		f.add(appCheck("v3 enabled", "v3 answers this application"))
		f.add(listed(live, simulated))
	}
	return err
}

func (f *flight) page(ctx context.Context, mode string) (page, error) {
	p := page{total: -1}
	listing, err := f.client.Connections(ctx, smartcar.ConnectionsQuery{Mode: mode}, func(got smartcar.ConnectionsPage) error {
		p.rows, p.total = len(got.Rows), got.Total
		for _, l := range migrate.ReadLinks(got.Rows) {
			f.links = append(f.links, l)
			f.mode[strings.ToLower(l.VehicleID)] = mode
		}
		return errEnough
	})
	p.failure = listing.Failure
	if errors.Is(err, errEnough) {
		err = nil
	}
	return p, err
}

// noList says why there is no list. Without one no further call of the app leg would tell more.
func (f *flight) noList(failure compare.Failure) {
	c := appCheck("v3 enabled", "").undecided("the connections list "+saying(failure), "check the network, SMARTCAR_VEHICLE_API_ORIGIN if it is set, and Smartcar's status page")
	if migrate.RefusesApplication(failure) {
		c = c.wrong("the token endpoint knows this application, and v3 refuses it ("+failure.Label()+")", "the credentials are good; v3 is not enabled for the application",
			"upgrade the application to v3 in the dashboard's settings (applications from before June 2025 need it), or ask Smartcar whether the plan includes v3").exits(migrate.ExitGate)
	}
	f.add(c)
	f.unasked("connections list", "v3 did not answer")
	f.client = nil
}

func listed(live, simulated page) Check {
	c := appCheck("connections list", fmt.Sprintf("%s live and %s simulated", live.count(), simulated.count()))
	switch {
	case simulated.failure != nil:
		c.What = live.count() + " live; the simulated ones answer " + simulated.failure.Label()
	case live.rows+simulated.rows == 0:
		return c.wrong(c.What, "nobody has connected a vehicle to this application; every vehicle of the inventory would be not-connected",
			"check that these are the credentials of the application in which the owners connected their vehicles")
	}
	return c
}

func (p page) count() string {
	switch {
	case p.total >= 0:
		return fmt.Sprintf("%d", p.total)
	case p.rows > 0:
		return fmt.Sprintf("%d or more", p.rows)
	}
	return "no"
}

// example tries the list of vehicles that older texts show and no specification has (smartcar-v3.md §4.0).
func (f *flight) example(ctx context.Context) error {
	user := f.someUser()
	if f.client == nil || user == "" {
		return nil
	}
	answer, err := f.client.Vehicles(ctx, user)
	if err != nil {
		return err
	}
	f.sees(answer)
	f.add(exampleOf(answer.Failure))
	return nil
}

func exampleOf(failure *compare.Failure) Check {
	c := appCheck("GET /v3/vehicles", "v3 has this list")
	c.Advisory, c.Meaning = true, "code should enumerate vehicles with GET /v3/connections; nothing here depends on this one"
	switch {
	case failure == nil:
	case failure.Kind == compare.KindNotFound:
		c.What = "v3 has no such list (" + failure.Label() + "), as its specification says"
	default:
		c = c.undecided("it "+saying(*failure), "")
	}
	return c
}

// someUser is a user of the application: of the list, else of the inventory.
func (f *flight) someUser() string {
	for _, l := range f.links {
		if l.UserID != "" {
			return l.UserID
		}
	}
	if len(f.drawn) > 0 {
		return f.drawn[0].UserID
	}
	return ""
}
