package cli_test

import (
	"database/sql"
	"strings"
	"testing"

	"scmigrate/fixtures"
)

// TestALostAuditLineIsSaid: a call that could not be written down is the tool's failure, also where the vehicles themselves
// would end the run undecided.
func TestALostAuditLineIsSaid(t *testing.T) {
	s := fixtures.HealthyScenario(3, 2)
	s.Defects = map[string]fixtures.Amount{"no-data-yet": {Count: 1}}
	b := newBench(t, s)
	if code, _, stderr := b.run(); code != 4 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	b.fullTrail()
	if code, _, stderr := b.run(); code != 1 || !strings.Contains(stderr, "ledger is not whole") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}

// TestALostAuditLineIsGraverThanStrict: the tool's failure is not told as the rules'.
func TestALostAuditLineIsGraverThanStrict(t *testing.T) {
	s := fixtures.HealthyScenario(3, 2)
	s.Defects = map[string]fixtures.Amount{"no-data-yet": {Count: 1}}
	b := newBench(t, s)
	b.runRules(4, aWaiver)
	b.fullTrail()
	if said := b.runRules(1, aWaiver, "--strict"); !strings.Contains(said, "ledger is not whole") {
		t.Error(said)
	}
}

// fullTrail lets no more line into the run's audit trail.
func (b *bench) fullTrail() {
	b.t.Helper()
	db, err := sql.Open("sqlite", b.path("out/ledger.db"))
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := db.Exec("CREATE TRIGGER full BEFORE INSERT ON calls BEGIN SELECT RAISE(ABORT, 'no room'); END"); err != nil {
		b.t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		b.t.Fatal(err)
	}
}
