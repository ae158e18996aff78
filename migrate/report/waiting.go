package report

// waiting are vehicles whose turn comes when the fleet was gone over: the first of them whole, since they may be shown in
// detail, and of the others the row alone.
type waiting struct {
	whole []Vehicle
	rows  []rowTexts
	alike map[string]string // one copy of each text that many vehicles have in common

	causes causeIndex
}

// add takes a vehicle, if there is room for so many.
func (w *waiting) add(v Vehicle, room int) {
	switch n := len(w.whole) + len(w.rows); {
	case n >= room:
	case n < maxDetails:
		w.whole = append(w.whole, v)
	default:
		row := rowOf(v, w.causes)
		row.verdict, row.vehicleMake, row.cohort, row.cause = w.one(row.verdict), w.one(row.vehicleMake), w.one(row.cohort), w.one(row.cause)
		w.rows = append(w.rows, row)
	}
}

func (w *waiting) one(text string) string {
	if known, ok := w.alike[text]; ok {
		return known
	}
	w.alike[text] = text
	return text
}

func (b *listBuilder) addAll(w waiting) error {
	for _, v := range w.whole {
		if err := b.add(v); err != nil {
			return err
		}
	}
	for _, row := range w.rows {
		if !b.full() {
			b.row(row)
		}
	}
	return nil
}

// rowTexts are what a row shows.
type rowTexts struct {
	id, label, verdict, vehicleMake, cohort, cause string
	count                                          int   // of its causes
	causes                                         []int // of them those that the page explains
}

func rowOf(v Vehicle, index causeIndex) rowTexts {
	row := rowTexts{id: v.VehicleID, label: v.Label, verdict: v.Verdict, vehicleMake: v.Make, cohort: v.Cohort, count: len(v.Causes)}
	if len(v.Causes) > 0 {
		row.cause = joined(" ", v.Causes[0].Code, v.Causes[0].Field)
	}
	for _, c := range v.Causes {
		if i, ok := index.of(v.Make, c); ok {
			row.causes = append(row.causes, i)
		}
	}
	return row
}
