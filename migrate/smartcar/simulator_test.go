package smartcar

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"scmigrate/fixtures"
	"scmigrate/migrate/secret"
)

// inWorld runs a test against the simulator in virtual time.
func inWorld(t *testing.T, change func(*fixtures.Scenario), test func(*testing.T, *fixtures.World, func(...func(*Options)) *Client)) {
	synctest.Test(t, func(t *testing.T) {
		scenario := fixtures.HealthyScenario(120, 7)
		change(&scenario)
		world, err := fixtures.New(scenario, fixtures.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var secrets []secret.Secret
		for _, s := range world.ClientSecrets() {
			secrets = append(secrets, secret.New(s))
		}
		test(t, world, func(more ...func(*Options)) *Client {
			return newTestClient(t, world.Transport(), append(more, func(o *Options) { o.ClientID, o.ClientSecrets = world.ClientID(), secrets })...)
		})
		if bad := world.Violations(); len(bad) != 0 {
			t.Errorf("%d requests that are no reads, first %+v", len(bad), bad[0])
		}
	})
}

// bothLegs calls every vehicle of the inventory on both legs with eight workers.
func bothLegs(t *testing.T, world *fixtures.World, c *Client, each func(leg string, a Answer)) {
	rows := make(chan fixtures.Row)
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for row := range rows {
				token, _, _ := world.Token(row.VehicleID)
				legacy, err := c.Batch(t.Context(), row.VehicleID, secret.New(token), []string{"/odometer", "/vin"})
				if err != nil {
					t.Errorf("legacy leg: %v", err)
				}
				each("legacy", legacy)
				app, err := c.Signals(t.Context(), row.VehicleID, row.UserID)
				if err != nil {
					t.Errorf("app leg: %v", err)
				}
				each("app", app)
			}
		})
	}
	for _, row := range world.Inventory() {
		rows <- row
	}
	close(rows)
	workers.Wait()
}

// At Smartcar's default bucket, taken whole, the simulator never has to say 429.
func TestHealthyFleetAtTheDefaultBucket(t *testing.T) {
	limits := func(s *fixtures.Scenario) { s.Limits.Bucket, s.Limits.PerMinute = 120, 2 }
	inWorld(t, limits, func(t *testing.T, world *fixtures.World, client func(...func(*Options)) *Client) {
		c := client(func(o *Options) { o.Limiter = NewLimiter(LimiterOptions{}) })
		started := time.Now()
		if err := c.AppToken(t.Context()); err != nil {
			t.Fatal(err)
		}
		listing, err := c.Connections(t.Context(), ConnectionsQuery{Mode: "live"}, func(ConnectionsPage) error { return nil })
		if err != nil || !listing.Complete || listing.Pages != (listing.Rows+99)/100 || listing.Rows == 0 {
			t.Errorf("%v %+v", err, listing)
		}
		bothLegs(t, world, c, func(leg string, a Answer) {
			if a.Failure != nil {
				t.Errorf("%s: %+v", leg, a.Failure)
			}
		})
		perHost := map[fixtures.Host]int{}
		for _, r := range world.Requests() {
			perHost[r.Host]++
		}
		if perHost[fixtures.API] != 120 || perHost[fixtures.VehicleAPI] != 120+listing.Pages {
			t.Errorf("requests per host: %v", perHost)
		}
		// The bucket's bound, and one renewal of the token on the way.
		n := len(world.Requests())
		if bound := time.Duration(n-120) * 30 * time.Second; time.Since(started) > bound*101/100+time.Minute {
			t.Errorf("%d requests took %v, the bucket allows them in %v", n, time.Since(started), bound)
		}
	})
}

// Whatever the platform does, every call ends, as data, and each attempt is in the audit trail.
func TestFaultsEndAsData(t *testing.T) {
	for _, kind := range []string{"429", "429-bare", "429-vehicle", "430", "401", "500", "502", "504", "reset", "hang", "truncate", "html"} {
		t.Run(kind, func(t *testing.T) {
			fault := func(s *fixtures.Scenario) {
				s.Vehicles = 40
				f := fixtures.Fault{Kind: kind, Share: fixtures.Amount{Share: 0.3}}
				if kind == "401" {
					f.Leg = "app" // from IAM, four in a row would rightly end the run
				}
				s.Faults = append(s.Faults, f)
			}
			inWorld(t, fault, func(t *testing.T, world *fixtures.World, client func(...func(*Options)) *Client) {
				var log calls
				c := client(func(o *Options) { o.OnCall = log.add })
				var good, failed atomic.Int64
				bothLegs(t, world, c, func(leg string, a Answer) {
					if a.Failure == nil {
						good.Add(1)
					} else if failed.Add(1); a.Failure.Kind == "" {
						t.Errorf("%s: a failure without a kind: %+v", leg, a.Failure)
					}
				})
				if good.Load() == 0 || good.Load()+failed.Load() != 80 {
					t.Errorf("%d good, %d failed", good.Load(), failed.Load())
				}
				if got, want := len(log.all), len(world.Requests()); got != want {
					t.Errorf("%d calls in the audit trail, the platform saw %d", got, want)
				}
				if text := fmt.Sprintf("%+v", log.all); canaryIn(text) {
					t.Error("a secret in the audit trail")
				}
			})
		})
	}
}
