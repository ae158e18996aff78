package cli_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"scmigrate/fixtures"
)

// faultLegs are the parts of the platform that faults strike, one after the other.
var faultLegs = []string{"legacy", "vehicles", "connections", "iam"}

// honestFaults are the kinds that say nothing false. A 401 for a living legacy token is left out there: it is the very proof
// that a grant is dead (CONTRACT §6). So are a 403 and a 404 for every car, for good.
func honestFaults(leg string) []string {
	return slices.DeleteFunc(fixtures.FaultKinds(), func(kind string) bool { return slices.Contains(refusals, kind) && (kind != "401" || leg == "legacy") })
}

// refusals are the kinds that convict a car.
var refusals = []string{"401", "403", "404"}

// TestAnIllAPIConvictsNobody: it refuses everybody for a while, as if every grant were dead or no car connected, in the middle
// of a run of some hours. Nor does the report of one that a time box ends after that; the resumed run finds the truth.
func TestAnIllAPIConvictsNobody(t *testing.T) {
	for _, leg := range []string{"legacy", "vehicles", "both"} {
		for i, kind := range refusals {
			if underRace && i > 0 {
				continue
			}
			for _, cut := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s %s, cut: %v", leg, kind, cut), func(t *testing.T) { illAPI(t, leg, kind, cut) })
			}
		}
	}
}

func illAPI(t *testing.T, leg, kind string, cut bool) {
	s := faultedFleet()
	s.Vehicles = 200
	for _, ill := range []string{"legacy", "vehicles"} {
		if leg == ill || leg == "both" {
			s.Faults = append(s.Faults, fixtures.Fault{Kind: kind, Leg: ill, After: 10 * time.Minute, For: 40 * time.Minute})
		}
	}
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := newBenchIn(t, dir, s, shifted)
		b.sleep = virtualSleep
		run := func(more ...string) (inconclusive int) {
			code, _, stderr := b.run(append([]string{"--format", "json", "--no-progress", "--limit", "120+2/m"}, more...)...)
			b.wantHonest(code, stderr)
			return b.report().Verdicts["inconclusive"]
		}
		truly := 0
		for _, car := range b.world.Truth() {
			if car.Verdict == "inconclusive" {
				truly++
			}
		}
		if cut {
			if n := run("--time-box", "90m"); n < truly+30 {
				t.Errorf("cut after 90 minutes: %d are inconclusive", n)
			}
		}
		if n := run(); n > truly {
			t.Errorf("%d are inconclusive, in truth %d", n, truly)
		}
	})
}

// faultedFleet shows many causes.
func faultedFleet() fixtures.Scenario {
	s := fixtures.DemoScenario(faultedCars, 17)
	s.TokenLife = 48 * time.Hour // waiting is not what these tests are about
	return s
}

// servedFleet is one whose tokens come from a shop: a token that is too old in the inventory is no trouble there.
func servedFleet() fixtures.Scenario {
	s := faultedFleet()
	delete(s.Defects, "legacy-token-refused")
	return s
}

// faulted runs a fleet under faults in virtual time, and holds every vehicle against the truth.
func faulted(t *testing.T, s fixtures.Scenario, prepare func(*bench)) {
	t.Helper()
	dir := t.TempDir() // made outside of the bubble, removed after it
	synctest.Test(t, func(t *testing.T) {
		b := newBenchIn(t, dir, s, shifted)
		b.sleep = virtualSleep
		if prepare != nil {
			prepare(b)
		}
		code, _, stderr := b.run("--format", "json", "--no-progress", "--timeout-legacy", "310s", "--timeout-app", "60s")
		b.wantHonest(code, stderr)
	})
}

// wantHonest: every vehicle has the verdict of the truth, or is inconclusive with a cause, and the exit code is that of
// the verdicts.
func (b *bench) wantHonest(code int, stderr string) {
	b.t.Helper()
	if code == 1 || code == 2 {
		b.t.Fatalf("exit %d: %s", code, stderr)
	}
	r := b.report()
	for i, truth := range b.world.Truth() {
		v := r.Vehicles[i]
		switch {
		case v.VehicleID != truth.VehicleID:
			b.t.Fatalf("row %d is %s, want %s", i, v.VehicleID, truth.VehicleID)
		case v.Verdict == "inconclusive" && len(v.Causes) == 0:
			b.t.Errorf("%s (%s) is inconclusive without a cause", v.VehicleID, truth.Defect)
		case v.Verdict != "inconclusive" && v.Verdict != truth.Verdict:
			b.t.Errorf("FALSE %s: %s (%s) is %s %v, judged %v", strings.ToUpper(v.Verdict), v.VehicleID, truth.Defect, truth.Verdict, truth.Causes, v.Causes)
		case v.Verdict != "inconclusive" && v.Verdict != "ready" && !slices.Contains(append(truth.Causes, weaker[truth.Causes[0]]), v.Causes[0].Code):
			b.t.Errorf("%s (%s) is %s for %v, the truth is %v", v.VehicleID, truth.Defect, v.Verdict, v.Causes, truth.Causes)
		}
	}
	if want := wantedCode(r, stderr); code != want {
		b.t.Errorf("exit %d, want %d for %v: %s", code, want, r.Verdicts, stderr)
	}
	if v := b.world.Violations(); len(v) != 0 {
		b.t.Errorf("violations: %v", v)
	}
}

// weaker is what is left to say where the connections cannot be read: the inventory names no user, v3 refuses this one.
var weaker = map[string]string{"user-id-ambiguous": "user-id-missing", "user-id-wrong": "not-connected"}

// wantedCode is the exit code of the default gate (CONTRACT §3).
func wantedCode(r reportJSON, stderr string) int {
	switch {
	case strings.Contains(stderr, "every client secret was refused"):
		return 5
	case r.Verdicts["blocked"] > 0:
		return 3
	case r.Verdicts["inconclusive"] > 0 || r.Verdicts["ready"] == 0:
		return 4
	}
	return 0
}

// TestFaultsAlone: each kind of fault on each leg, always and on three requests in ten.
func TestFaultsAlone(t *testing.T) {
	for _, leg := range faultLegs {
		for i, kind := range honestFaults(leg) {
			for j, share := range []float64{1, 0.3} {
				if underRace && (i+4*j)%8 != 0 {
					continue
				}
				t.Run(fmt.Sprintf("%s/%s/%.0f%%", leg, kind, 100*share), func(t *testing.T) {
					s := faultedFleet()
					s.Faults = []fixtures.Fault{{Kind: kind, Leg: leg, Share: fixtures.Amount{Share: share}}}
					if kind == "429" && share < 1 {
						s.Switches.RetryAfter = "date"
					}
					faulted(t, s, nil)
				})
			}
		}
	}
}

// TestFaultsMixed: three requests in ten fail, in every way at once, on every leg.
func TestFaultsMixed(t *testing.T) {
	seeds := 12
	if underRace {
		seeds = 2
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			s := servedFleet()
			s.Seed = uint64(100 + seed)
			s.Switches.RetryAfter = []string{"seconds", "date", "absent"}[seed%3]
			for _, leg := range faultLegs {
				kinds := slices.DeleteFunc(honestFaults(leg), func(kind string) bool { return kind == "401" })
				for _, kind := range kinds {
					s.Faults = append(s.Faults, fixtures.Fault{Kind: kind, Leg: leg, Share: fixtures.Amount{Share: 0.3 / float64(len(kinds))}})
				}
			}
			faulted(t, s, func(b *bench) {
				shop := newTokenShop(b.world)
				shop.spoil(0.3)
				b.serveTokens(shop)
			})
		})
	}
}

// errExit is how a command that failed looks.
var errExit = errors.New("exit status 1")

// spoiltAnswers are what a token command may do instead of answering well.
var spoiltAnswers = map[string]func(ctx context.Context, s *tokenShop, vehicleID string) ([]byte, error){
	"never":   func(ctx context.Context, _ *tokenShop, _ string) ([]byte, error) { <-ctx.Done(); return nil, ctx.Err() },
	"garbage": func(context.Context, *tokenShop, string) ([]byte, error) { return []byte("\x00\xff{{<html>"), nil },
	"two lines": func(context.Context, *tokenShop, string) ([]byte, error) {
		return []byte("token one\ntoken two\n"), nil
	},
	"nothing":      func(context.Context, *tokenShop, string) ([]byte, error) { return nil, nil },
	"half of JSON": func(context.Context, *tokenShop, string) ([]byte, error) { return []byte(`{"accessToken":"`), nil },
	"non-zero": func(context.Context, *tokenShop, string) ([]byte, error) {
		return []byte("usage: legacy-token"), errExit
	},
	"huge": func(context.Context, *tokenShop, string) ([]byte, error) {
		return []byte(strings.Repeat("x", 1<<20)), nil
	},
	"a dead token":  func(_ context.Context, s *tokenShop, id string) ([]byte, error) { return s.deadToken(id) },
	"another car's": func(_ context.Context, s *tokenShop, id string) ([]byte, error) { return s.answer(s.neighbour(id)) },
	"an unknown one": func(context.Context, *tokenShop, string) ([]byte, error) {
		return []byte("no-token-of-anybody-0001"), nil
	},
	"absurd expiry": func(context.Context, *tokenShop, string) ([]byte, error) {
		return []byte(`{"accessToken":"abc-def-0123","expiresAt":"soon"}`), nil
	},
	"a refused truth": func(context.Context, *tokenShop, string) ([]byte, error) {
		return []byte(`{"gone":null,"accessToken":""}`), nil
	},
}

// deadToken is a token past its stated end.
func (s *tokenShop) deadToken(vehicleID string) ([]byte, error) {
	token, _, _ := s.world.Token(vehicleID)
	return fmt.Appendf(nil, `{"accessToken":%q,"expiresAt":%q}`, token, shifted().Add(-time.Minute).UTC().Format(time.RFC3339)), nil
}

// neighbour is the next car whose grant is in order: a dead one's token would be proof of a dead grant.
func (s *tokenShop) neighbour(vehicleID string) string {
	truth := s.world.Truth()
	at := slices.IndexFunc(truth, func(t fixtures.Truth) bool { return t.VehicleID == vehicleID })
	for step := 1; step < len(truth); step++ {
		if other := truth[(at+step)%len(truth)]; other.Verdict == "ready" {
			return other.VehicleID
		}
	}
	return vehicleID
}

// spoil makes so many answers in a hundred bad ones, in turn.
func (s *tokenShop) spoil(share float64, kinds ...string) {
	if len(kinds) == 0 {
		for kind := range spoiltAnswers {
			kinds = append(kinds, kind)
		}
		slices.Sort(kinds)
	}
	s.instead = func(ctx context.Context, vehicleID string, n int) ([]byte, error) {
		if int(float64(n)*share) == int(float64(n+1)*share) {
			return s.answer(vehicleID)
		}
		return spoiltAnswers[kinds[int(float64(n)*share)%len(kinds)]](ctx, s, vehicleID)
	}
}

// TestFaultsOfTheTokenCommand: each way to fail, always and on three answers in ten.
func TestFaultsOfTheTokenCommand(t *testing.T) {
	for kind := range spoiltAnswers {
		for _, share := range []float64{1, 0.3} {
			if underRace && share < 1 {
				continue
			}
			t.Run(fmt.Sprintf("%s/%.0f%%", kind, 100*share), func(t *testing.T) {
				faulted(t, servedFleet(), func(b *bench) {
					shop := newTokenShop(b.world)
					shop.spoil(share, kind)
					b.serveTokens(shop)
				})
			})
		}
	}
}

// TestTheTokenCommandSaysGone: a grant that no longer exists is proved to be dead, and costs no call.
func TestTheTokenCommandSaysGone(t *testing.T) {
	b := newBench(t, fixtures.HealthyScenario(6, 3))
	shop := newTokenShop(b.world)
	shop.takes = 0
	shop.instead = func(context.Context, string, int) ([]byte, error) { return []byte(`{"gone":"the owner left"}`), nil }
	b.serveTokens(shop)
	code, _, stderr := b.run("--negative-control", "0")
	r := b.report()
	if code != 4 || r.Verdicts["broken"] != 6 || r.Vehicles[0].Causes[0].Code != "legacy-grant-dead" {
		t.Errorf("exit %d, %v: %s", code, r.Verdicts, stderr)
	}
	for _, v := range r.Vehicles {
		if n := b.sent(v.VehicleID); n > 0 {
			t.Errorf("%s was called %d times", v.VehicleID, n)
		}
	}
}

// TestAPauseIsKeptOverAResume: Smartcar asks for a longer wait than a run may make, which ends; started again too early, it asks
// nothing before that time.
func TestAPauseIsKeptOverAResume(t *testing.T) {
	s := fixtures.HealthyScenario(10, 5)
	s.TokenLife = 48 * time.Hour
	s.Faults = []fixtures.Fault{{Kind: "429", Leg: "vehicles", For: 10 * time.Minute, RetryAfter: 20 * time.Minute}}
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := newBenchIn(t, dir, s, shifted)
		b.sleep = virtualSleep
		run := func() (int, string, int) {
			code, _, stderr := b.run("--no-progress", "--limit", "120+2/m", "--limit-share", "100%")
			return code, stderr, len(b.world.Requests())
		}
		code, stderr, sent := run()
		if code != 4 || !strings.Contains(stderr, "only waits longer than 15 minutes remain") {
			t.Fatalf("exit %d: %s", code, stderr)
		}
		time.Sleep(3 * time.Minute)
		if code, stderr, now := run(); code != 4 || now != sent {
			t.Errorf("17 minutes before its time: exit %d, %d requests: %s", code, now-sent, stderr)
		}
		time.Sleep(5 * time.Minute)
		if code, stderr, now := run(); code != 0 || now == sent {
			t.Errorf("12 minutes before its time: exit %d, %d requests: %s", code, now-sent, stderr)
		}
	})
}
