package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"scmigrate/migrate"
)

// Decision is the report's first word.
type Decision string

// The decisions. GO needs a gate, every gate met, and at least one ready vehicle; one failed gate is NO-GO.
const (
	Go           Decision = "GO"
	NoGo         Decision = "NO-GO"
	CouldNotTell Decision = "COULD NOT TELL"
)

// Decision reads the evaluated gates; it judges nothing itself.
func (s Summary) Decision() Decision {
	switch migrate.Together(s.evaluated(), s.Verdicts.Ready) {
	case "yes":
		return Go
	case "no":
		return NoGo
	}
	return CouldNotTell
}

// ExitCode is the exit code of a run that ended so (CONTRACT §3): it reads the same gates as the decision.
func (s Summary) ExitCode(stop migrate.Stop) int {
	return migrate.ExitCode(stop, s.evaluated(), s.Verdicts.Ready)
}

func (s Summary) evaluated() []migrate.Gate {
	gates := make([]migrate.Gate, 0, len(s.Gates))
	for _, g := range s.Gates {
		gates = append(gates, migrate.Gate(g))
	}
	return gates
}

func (s Summary) reason() string {
	switch s.Decision() {
	case Go:
		return s.goText()
	case NoGo:
		return s.lossText() + "A gate fails: " + gateList(s.Gates, "no") + "."
	}
	switch {
	case s.Total == 0 && s.Run.Shard != nil:
		return "No user falls into it, so nothing was proved."
	case s.Total == 0:
		return "The inventory is empty, so nothing was proved."
	case s.Run.Legs == listLevel:
		return s.listReason()
	case s.Verdicts.Ready == 0:
		return "No vehicle is ready, so nothing was proved."
	case len(s.Gates) == 0:
		return "No gate was evaluated."
	}
	return "A gate can still go either way: " + gateList(s.Gates, "undecided") + "."
}

// lossText is what the gate's failure means for cars, where cars are blocked.
func (s Summary) lossText() string {
	if s.Verdicts.Blocked == 0 {
		return ""
	}
	return fmt.Sprintf("Switching now would lose or change something on %s of %s. ", count(s.Verdicts.Blocked), s.drawn(s.Total))
}

func gateList(gates []Gate, met string) string {
	var parts []string
	for _, g := range gates {
		if g.Met == met {
			parts = append(parts, fmt.Sprintf("%s (observed %s)", g.Require, g.Observed))
		}
	}
	if rest := len(parts) - mostGates; rest > 0 {
		parts = append(parts[:mostGates], fmt.Sprintf("and %s more", count(rest)))
	}
	return strings.Join(parts, "; ")
}

// mostGates is how many gates the reason names; the table has them all.
const mostGates = 3

// readinessText is the interval and denominatorText what it is a share of.
func (s Summary) readinessText() string {
	switch r := s.Readiness; {
	case r == nil:
		return "no readiness"
	case percent(r.Low) == percent(r.High):
		return percent(r.Low)
	default:
		return percent(r.Low) + " to " + percent(r.High)
	}
}

func (s Summary) denominatorText() string {
	if s.Readiness == nil {
		return fmt.Sprintf("there is no vehicle that may work today to take a share of (%s, %s broken)", vehicles(s.Total), count(s.Verdicts.Broken))
	}
	text := fmt.Sprintf("of %s not known to be broken", s.drawn(s.Total-s.Verdicts.Broken))
	if n := s.Verdicts.Broken; n > 0 {
		text += fmt.Sprintf("; %s broken already and left out", count(n))
	}
	if n := s.Verdicts.Inconclusive; n > 0 {
		text += fmt.Sprintf("; %s not measured, counted against and for", count(n))
	}
	return text
}

// verdictRow is one line of the verdict table that every format shows.
type verdictRow struct {
	Mark, Name, Meaning string
	Count               int
}

// rows are the verdicts with their marks (CONTRACT §6), in the order of every report.
func (v Verdicts) rows() []verdictRow {
	return []verdictRow{
		{"=", "ready", "may be switched", v.Ready},
		{"!", "blocked", "switching would lose or change something", v.Blocked},
		{"-", "broken", "does not work today either", v.Broken},
		{"?", "inconclusive", "could not be measured", v.Inconclusive},
	}
}

// markOf is a verdict's mark, "·" for anything else (notes).
func markOf(verdict string) string {
	for _, row := range (Verdicts{}).rows() {
		if row.Name == verdict {
			return row.Mark
		}
	}
	return "·"
}

// ranked are the causes by vehicles affected, the most first; ties in the order given, which is the order of gravity.
func ranked(causes []Cause) []Cause {
	out := slices.Clone(causes)
	slices.SortStableFunc(out, func(a, b Cause) int { return cmp.Compare(b.Vehicles, a.Vehicles) })
	return out
}

// subject is what a cause is about besides its code: "odometer.distance, TESLA, UPSTREAM/NO_RESPONSE".
func (c Cause) subject() string {
	return joined(", ", c.Field, c.Make, c.ErrorCode)
}

// doing is what to do and, in brackets, who can.
func (c Cause) doing() string {
	if c.Who == "" {
		return c.Action
	}
	return joined(" ", c.Action, "("+c.Who+")")
}

func joined(separator string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), separator)
}

// fact is a named line of a report: what it cost, what was not examined.
type fact struct{ Name, Text string }

// facts are what a reader must know beside the verdicts, in one wording for every format.
func (s Summary) facts() []fact {
	r := s.Run
	out := []fact{
		{"proof", s.proofText()},
		{"cost", fmt.Sprintf("%s (legacy %s, app %s, tokens %s), %s (legacy %s, app %s)",
			counted(r.Requests.Sum(), "request"), count(r.Requests.Legacy), count(r.Requests.App), count(r.Requests.IAM+r.Requests.Auth),
			counted(r.BilledReads.Legacy+r.BilledReads.App, "billed read"), count(r.BilledReads.Legacy), count(r.BilledReads.App))},
		{"controls", r.Controls.text()},
		{"not examined", notExaminedText(r.NotExamined)},
	}
	if r.Rechecks != (Rechecks{}) {
		out = slices.Insert(out, 2, fact{"asked again", r.Rechecks.text()})
	}
	out = slices.Insert(out, 1, s.wavesFacts()...)
	if s.Waived > 0 {
		out = append(out, fact{"waived", vehicles(s.Waived) + " ready only by a waiver"})
	}
	return append(out, r.limits()...)
}

func (s Summary) proofText() string {
	p := s.Proof
	text := fmt.Sprintf("of the ready ones %s in full, %s in part", count(p.Full), count(p.Partial))
	if p.AppOnly > 0 {
		text += fmt.Sprintf(", %s on the app leg only", count(p.AppOnly))
	}
	return text
}

// text says what the negative controls showed.
func (c Controls) text() string {
	switch {
	case c.Served > 0:
		return fmt.Sprintf("ISOLATION BREACH: %s of %s foreign user ids were served", count(c.Served), count(c.Tried))
	case c.Tried == 0:
		return "none were run, so nothing is proved about foreign user ids"
	case c.Undecided > 0:
		return fmt.Sprintf("%s of %s foreign user ids refused, %s undecided", count(c.Refused), count(c.Tried), count(c.Undecided))
	}
	return fmt.Sprintf("%s of %s foreign user ids refused, as they must be", count(c.Refused), count(c.Tried))
}

func notExaminedText(names []string) string {
	if len(names) == 0 {
		return "nothing is listed"
	}
	return strings.Join(names, ", ")
}

// limits are what makes this run less than the whole: interrupted, a sample, a shard, one leg only.
func (r Run) limits() []fact {
	var out []fact
	if !r.Complete {
		out = append(out, fact{"incomplete", r.unfinished()})
	}
	if r.Baseline != nil {
		out = append(out, r.Baseline.fact(r.FinishedAt))
	}
	if r.Sample != nil {
		out = append(out, fact{"sample", r.Sample.text()})
	}
	if r.Carried != nil {
		out = append(out, fact{"taken over", fmt.Sprintf("%s of an earlier run, measured between %s and %s; called in this run: those that were %s", vehicles(r.Carried.Vehicles), stamp(r.Carried.Oldest), stamp(r.Carried.Newest), r.Only)})
	}
	if r.Shard != nil {
		out = append(out, fact{"shard", fmt.Sprintf("part %d of %d; the other parts are not in this report", r.Shard.K, r.Shard.N)})
	}
	return append(out, r.level()...)
}

func (r Run) unfinished() string {
	if r.Stopped == "" {
		return "the run did not finish; start it again on the same directory to go on"
	}
	return "the run stopped: " + r.Stopped
}

// outcomeOrder is CONTRACT §6's order of a field's outcomes.
func outcomeOrder() []string {
	return []string{"match", "drift", "waived", "gained", "lost", "differs", "unverifiable", "unmeasured", "absent", "no-counterpart"}
}

// outcomeColumns are the outcomes that occur, in the contract's order.
func outcomeColumns(outcomes map[string]map[string]int) []string {
	return slices.DeleteFunc(outcomeOrder(), func(outcome string) bool {
		for _, byOutcome := range outcomes {
			if byOutcome[outcome] > 0 {
				return false
			}
		}
		return true
	})
}

func countOrDash(n int) string {
	if n == 0 {
		return "–"
	}
	return count(n)
}

// provenance is what somebody needs to find and repeat the run.
func (s Summary) provenance() []fact {
	r := s.Run
	return []fact{
		{"tool", joined(" ", s.Tool.Name, s.Tool.Version)},
		{"run", r.ID},
		{"window", stamp(r.StartedAt) + " to " + stamp(r.FinishedAt)},
		{"legs", fmt.Sprintf("%s, legacy API %s, fields %s", r.Legs, r.LegacyAPI, r.Fields)},
		{"inventory", joined(", ", s.inventoryText(), r.InventoryDigest)},
		{"rules", joined("", r.RulesDigest)},
		{"format", s.Schema},
	}
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 MST") }
