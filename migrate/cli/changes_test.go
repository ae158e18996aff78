package cli_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"scmigrate/fixtures"
	"scmigrate/migrate"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/ledger"
	"scmigrate/migrate/rules"
)

// rowsText is an inventory of these rows of the world, with changes to some of their lines.
func (b *bench) rowsText(from []int, change func(n int, lines string) string) string {
	text := b.inventory()
	head, list, _ := strings.Cut(text, "vehicles:\n")
	rows := strings.Split("\n"+list, "\n  - ")[1:]
	out := head + "vehicles:\n"
	for _, n := range from {
		row := "  - " + strings.TrimSuffix(rows[n], "\n") + "\n"
		if change != nil {
			row = change(n, row)
		}
		out += row
	}
	return out
}

// TestAChangedInventoryIsListedAndAccepted: what is the same keeps its result and is not called again, wherever it stands;
// the rest is measured.
func TestAChangedInventoryIsListedAndAccepted(t *testing.T) {
	b := newBench(t, fixtures.HealthyScenario(30, 9))
	var first, second []int
	for n := range 20 {
		first = append(first, n)
	}
	for n := 29; n >= 5; n-- { // in another order, five gone, ten new
		second = append(second, n)
	}
	b.write("inventory.yaml", b.rowsText(first, nil))
	args := []string{"--recheck", "0", "--negative-control", "0", "--format", "json"}
	if code, _, stderr := b.run(args...); code != 0 {
		t.Fatalf("exit %d\n%s", code, stderr)
	}
	sent := len(b.world.Requests())
	otherUser := "218eda3b-0000-49a8-8f3d-00000000dead"
	b.write("inventory.yaml", b.rowsText(second, func(n int, row string) string {
		switch n {
		case 7:
			return strings.Replace(row, b.world.Inventory()[7].UserID, otherUser, 1)
		case 8:
			return row + "    fields: [odometer.distance]\n" // was asked for
		case 9:
			return row + "    fields: [location, vin]\n" // was never asked for
		case 10:
			return regexp.MustCompile(`grant: \S+`).ReplaceAllString(row, "grant: another")
		}
		return row
	}))
	code, _, stderr := b.run(args...)
	if code != 2 || len(b.world.Requests()) != sent {
		t.Errorf("without the flag: exit %d, %d requests\n%s", code, len(b.world.Requests())-sent, stderr)
	}
	for _, want := range []string{"added: 10 (", "removed: 5 (", "another userId, to be measured anew: 1 (", "other fields, to be judged anew: 2 (", "another grant: 1 (", "--accept-changes"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("want %q in\n%s", want, stderr)
		}
	}
	b.clock.Sleep(b.ctx, time.Hour)
	if code, _, stderr = b.run(append(args, "--accept-changes")...); code != 3 { // the strange user is not connected
		t.Errorf("exit %d\n%s", code, stderr)
	}
	called := map[string]int{}
	for _, r := range b.world.Requests()[sent:] {
		if strings.HasSuffix(r.Path, "/signals") {
			called[idIn(r.Path)]++
		}
	}
	rows := b.world.Inventory()
	for n, row := range rows {
		want := 0
		if n >= 20 || n == 9 {
			want = 1
		}
		if called[row.VehicleID] != want {
			t.Errorf("row %d was called %d times, want %d", n, called[row.VehicleID], want)
		}
	}
	r := b.report()
	if len(r.Vehicles) != 25 || r.Verdicts["ready"] != 24 || r.Verdicts["blocked"] != 1 {
		t.Errorf("%d vehicles, %v", len(r.Vehicles), r.Verdicts)
	}
	for i, n := range second {
		if r.Vehicles[i].VehicleID != rows[n].VehicleID {
			t.Errorf("place %d is %s, want %s", i, r.Vehicles[i].VehicleID, rows[n].VehicleID)
		}
	}
	if !strings.Contains(b.read("out/report.json"), `"code": "inventory-changed"`) {
		t.Error("the report does not tell")
	}
}

// TestAnotherOrderNeedsNoWord: it is the same inventory.
func TestAnotherOrderNeedsNoWord(t *testing.T) {
	b := newBench(t, fixtures.HealthyScenario(6, 9))
	b.write("inventory.yaml", b.rowsText([]int{0, 1, 2, 3, 4, 5}, nil))
	if code, _, stderr := b.run(); code != 0 {
		t.Fatalf("exit %d\n%s", code, stderr)
	}
	sent := len(b.world.Requests())
	b.write("inventory.yaml", b.rowsText([]int{3, 5, 1, 0, 2, 4}, nil))
	if code, _, stderr := b.run(); code != 0 || len(b.world.Requests())-sent > 1 {
		t.Errorf("exit %d, %d requests\n%s", code, len(b.world.Requests())-sent, stderr)
	}
	if got := b.report().Vehicles[0].VehicleID; got != b.world.Inventory()[3].VehicleID {
		t.Error(fmt.Sprint("the first is ", got))
	}
}

// openedLedger gives a run's ledger to do, as a process that ends without a word.
func (b *bench) openedLedger(do func(*ledger.Ledger) error) {
	b.t.Helper()
	l, err := ledger.Create(b.path("out"))
	if err != nil {
		b.t.Fatal(err)
	}
	if err := errors.Join(do(l), l.Close()); err != nil {
		b.t.Fatal(err)
	}
}

// TestAKilledPass1LeavesNothing: rows without a header are another inventory's, perhaps.
func TestAKilledPass1LeavesNothing(t *testing.T) {
	b := newBench(t, fixtures.HealthyScenario(3, 9))
	b.openedLedger(func(l *ledger.Ledger) error {
		return l.PutEntries(t.Context(), 1, func(put func(inventory.Entry) error) error {
			for n := range 5 {
				if err := put(inventory.Entry{Ordinal: n, VehicleID: fmt.Sprint("stranger-", n)}); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if code, _, stderr := b.run(); code != 0 || len(b.report().Vehicles) != 3 {
		t.Errorf("exit %d, %d vehicles\n%s", code, len(b.report().Vehicles), stderr)
	}
}

// TestRulesAreNotMixed: a resume under other rules that was killed half-way, and then one under the first rules again.
func TestRulesAreNotMixed(t *testing.T) {
	b := newBench(t, fixtures.HealthyScenario(3, 9))
	if code, _, stderr := b.run(); code != 0 {
		t.Fatalf("exit %d\n%s", code, stderr)
	}
	b.openedLedger(func(l *ledger.Ledger) error {
		h, err := l.Header(t.Context())
		if err != nil {
			return err
		}
		if err := l.ChangeRules(t.Context(), h, rules.Rules{Permissions: []string{"control_everything"}}); err != nil {
			return err
		}
		_, err = l.Rejudge(t.Context(), func(migrate.Record) migrate.Judgement { return migrate.Judgement{Verdict: migrate.Blocked} })
		return err
	})
	sent := len(b.world.Requests())
	if code, _, stderr := b.run(); code != 0 || b.report().Verdicts["ready"] != 3 {
		t.Errorf("exit %d, %v\n%s", code, b.report().Verdicts, stderr)
	}
	if n := len(b.world.Requests()) - sent; n > 1 {
		t.Errorf("%d requests", n)
	}
}
