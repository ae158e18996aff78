package compare

// DiffBaseline compares what an earlier run's legacy leg served with what the app leg serves now, as Diff does over the time
// between. Two things are different from two legs that are asked at the same moment: an earlier position was not kept, and a
// car that has meanwhile stopped charging has not lost what it only has while charging.
func DiffBaseline(fields []*Field, baseline, app []Reading) []Finding {
	findings := Diff(fields, baseline, app)
	for i := range findings {
		if findings[i].Legacy.Status == Served {
			findings[i].sinceBaseline()
		}
	}
	return findings
}

func (f *Finding) sinceBaseline() {
	switch {
	case f.Outcome == NoCounterpart:
	case f.App.inState():
		f.unverifiable("the earlier run had a value; now the car's state gives it none")
	case f.Legacy.Value.Form != FormNone:
	case f.App.Status == Served:
		f.unverifiable("both have a position, and the earlier one was not kept")
	default:
		rule := rulings[has][f.App.availability()]
		f.Outcome, f.Reason = rule.outcome, rule.reason
	}
}
