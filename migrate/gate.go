package migrate

import "fmt"

// Counts are the verdicts of a run; vehicles that were never called count as inconclusive.
type Counts struct{ Ready, Blocked, Broken, Inconclusive int }

// Total is every vehicle.
func (c Counts) Total() int { return c.Ready + c.Blocked + c.Broken + c.Inconclusive }

// Readiness is ready ÷ (total − broken), with every inconclusive vehicle counted against and for. ok is false where
// there is no vehicle that works today.
func (c Counts) Readiness() (low, high float64, ok bool) {
	working := c.Total() - c.Broken
	if working == 0 {
		return 0, 0, false
	}
	return float64(c.Ready) / float64(working), float64(c.Ready+c.Inconclusive) / float64(working), true
}

// Gate is one evaluated condition of the cut-over.
type Gate struct {
	Require  string
	Met      string // "yes", "no", or "undecided": it depends on vehicles that could not be measured
	Observed string
}

// Gates evaluates the default gate, blocked == 0 (CONTRACT §3): it holds only if it holds even when every inconclusive
// vehicle turns out blocked, and fails if it fails even when none does.
func Gates(c Counts) []Gate {
	g := Gate{Require: "blocked == 0", Met: "yes", Observed: fmt.Sprint(c.Blocked)}
	switch {
	case c.Blocked > 0:
		g.Met = "no"
	case c.Inconclusive > 0:
		g.Met, g.Observed = "undecided", fmt.Sprintf("0 to %d", c.Inconclusive)
	}
	return []Gate{g}
}

// Exit codes (CONTRACT §3).
const (
	ExitReady       = 0
	ExitTool        = 1
	ExitUsage       = 2
	ExitGate        = 3
	ExitUndecided   = 4
	ExitCredentials = 5
	ExitBreach      = 6
	ExitInterrupted = 130
)

// ExitCode is the exit code of a run that ended so.
func ExitCode(stop Stop, c Counts) int {
	switch stop {
	case StopBreach:
		return ExitBreach
	case StopCredentials:
		return ExitCredentials
	case StopInterrupted:
		return ExitInterrupted
	}
	// A budget or a time box that ends with nothing left to measure has finished; a run that could not call has not.
	finished := stop == StopNone || stop == StopTimeBox || stop == StopBudget
	undecided := c.Ready == 0 || !finished
	for _, g := range Gates(c) {
		if g.Met == "no" {
			return ExitGate
		}
		undecided = undecided || g.Met != "yes"
	}
	if undecided {
		return ExitUndecided
	}
	return ExitReady
}
