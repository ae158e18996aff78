package migrate

import (
	"fmt"
	"math"
	"strconv"

	"scmigrate/migrate/rules"
)

// Gate is one evaluated condition of the cut-over.
type Gate struct {
	Require  string
	Met      string // "yes", "no", or "undecided": it depends on vehicles that could not be measured or were not drawn
	Observed string
}

// What a gate came to.
const (
	metYes       = "yes"
	metNo        = "no"
	metUndecided = "undecided"
)

func defaultGate() rules.Gate {
	g, _ := rules.ParseGate(rules.DefaultGate) // tested
	return g
}

// Gates evaluates the gates that the fleet was counted for (CONTRACT §3). A gate holds only if it holds even when every
// inconclusive vehicle turns out against it, and fails only if it fails even when each turns out for it. A gate that limits
// the inconclusive vehicles, of the fleet or of a group, and holds takes those vehicles out of all gates on other counts.
// With a sample, what is not drawn is only spoken for by a gate with a bound: one without may fail, and never holds.
func (f *Fleet) Gates() []Gate {
	holding := excuses(0)
	for _, g := range f.gates {
		if excusing(g) && !f.unbounded(g) && f.evaluate(g, 0).Met == metYes {
			holding |= f.excuses[scopeOf(g)]
		}
	}
	evaluated := make([]Gate, len(f.gates))
	for i, g := range f.gates {
		evaluated[i] = f.evaluate(g, holding)
		if f.unbounded(g) && evaluated[i].Met == metYes {
			evaluated[i].Met = metUndecided
			evaluated[i].Observed += ofThoseDrawn
		}
	}
	return evaluated
}

const ofThoseDrawn = " of those drawn; only a gate with a bound, like @95%, speaks for the rest"

// unbounded tells a gate that speaks for the drawn vehicles alone.
func (f *Fleet) unbounded(g rules.Gate) bool { return f.Sample.Partial() && g.Confidence == 0 }

func (f *Fleet) evaluate(g rules.Gate, holding excuses) Gate {
	group := f.groups[scopeOf(g)]
	r := reading{gate: g, part: group.part(g, holding)}
	if f.Sample.Partial() && g.Confidence > 0 {
		r.frame = f.Sample
	}
	met, observed := metUndecided, ""
	switch scoped := g.Cohort != "" || g.Make != ""; {
	case scoped && group.Total() == 0:
		observed = "there is no such vehicle"
	case g.Count == "new-blocked" && f.WasBlocked == nil:
		observed = "there is no earlier run to compare with (give one with --previous)"
	case g.Percent && (r.part.of == 0 || group.Broken == group.Total()+group.Unplaced):
		observed = "there is no vehicle to take a share of"
	default:
		low, high := r.interval(scoped)
		met, observed = decide(g, low, high), r.said(low, high)
		if met == metNo && f.unbounded(g) && !g.Percent && decide(g, low, high+float64(f.Sample.Of-f.Sample.Vehicles)) != metNo {
			met, observed = metUndecided, observed+ofThoseDrawn // vehicles that were not drawn may join them
		}
	}
	return Gate{g.String(), met, observed}
}

// part is what a gate looks at: so many vehicles for certain, so many that may join them; of so many where a share is
// asked for, of all that were drawn where a count is.
type part struct{ sure, open, of, drawn int }

// part leaves out the inconclusive vehicles that gates which hold take out; but the shares of broken and of inconclusive
// vehicles are of all.
func (g *Group) part(gate rules.Gate, holding excuses) part {
	out, in := g.split(holding)
	all := g.Total() + g.Unplaced
	drawn := all - out.vehicles - out.unplaced
	p := part{open: in.vehicles + g.Unplaced - out.unplaced, of: drawn - g.Broken, drawn: drawn}
	switch gate.Count {
	case "ready":
		p.sure = g.Ready
	case "blocked":
		p.sure = g.Blocked
	case "proven":
		p.sure = g.Proven
	case "waived":
		p.sure = g.Waived
	case "new-blocked":
		p.sure = g.NewBlocked
		p.open -= in.wasBlocked
	case "broken":
		p.sure, p.of = g.Broken, all
	case "inconclusive":
		p = part{g.Inconclusive, in.unplaced + out.unplaced, all, all}
	default:
		name := gate.Count
		if gate.Field != "" {
			name += " of " + gate.Field
		}
		p.sure = g.Seen[name] - out.seen[name]
		p.open -= in.seen[name]
	}
	return p
}

// reading is one gate before its vehicles; frame is nil where no bound is needed.
type reading struct {
	gate  rules.Gate
	part  part
	frame *SampleFrame
}

// interval is what the gate's count or percentage may be, at the least and at the most. How many vehicles a group has
// outside the sample is not known, so a count of a group has no upper end there.
func (r reading) interval(scoped bool) (low, high float64) {
	p, confidence := r.part, r.gate.Confidence/100
	switch least, most := float64(p.sure), float64(p.sure+p.open); {
	case r.frame == nil && r.gate.Percent:
		return 100 * least / float64(p.of), 100 * most / float64(p.of)
	case r.frame == nil:
		return least, most
	case r.gate.Percent:
		return 100 * r.frame.lowerBound(p.sure, p.of, confidence), 100 * r.frame.upperBound(p.sure+p.open, p.of, confidence)
	case scoped:
		return least, math.Inf(1)
	default:
		fleet := float64(r.frame.Of)
		return max(least, math.Ceil(fleet*r.frame.lowerBound(p.sure, p.drawn, confidence)-1e-6)),
			math.Floor(fleet * r.frame.upperBound(p.sure+p.open, p.drawn, confidence))
	}
}

// decide holds the whole interval against the gate.
func decide(g rules.Gate, low, high float64) string {
	switch atLow, atHigh := g.Holds(low), g.Holds(high); {
	case atLow && atHigh:
		return metYes
	case atLow || atHigh, g.Op == "==" && low < g.Number && g.Number < high:
		return metUndecided
	}
	return metNo
}

// said is the observation in words.
func (r reading) said(low, high float64) string {
	text, unit := "", ""
	if r.gate.Percent {
		unit = "%"
	}
	switch from, to := short(low)+unit, short(high)+unit; {
	case math.IsInf(high, 1):
		text = "at least " + from
	case low == high:
		text = from
	default:
		text = from + " to " + to
	}
	if r.frame != nil {
		text += " at " + short(r.gate.Confidence) + "%"
	}
	counted, of := strconv.Itoa(r.part.sure), r.part.of
	if r.part.open > 0 {
		counted += " to " + strconv.Itoa(r.part.sure+r.part.open)
	}
	switch {
	case !r.gate.Percent && r.frame == nil:
		return text
	case !r.gate.Percent:
		of = r.part.drawn
	}
	return fmt.Sprintf("%s (%s of %d)", text, counted, of)
}

// short writes a number with at most two decimals: the counts beside it are exact.
func short(n float64) string { return strconv.FormatFloat(math.Round(n*100)/100, 'f', -1, 64) }
