package report

import (
	"encoding/json"
	"fmt"
	"time"
)

// The vehicle list of the page holds this much at most, so that it opens quickly whatever the fleet's size; those that are
// not ready come first.
const (
	maxRows     = 100_000
	maxDetails  = 2_000
	maxListData = 4_500_000 // bytes of rows and details together; rows go first
	maxRowText  = 80        // characters of an id or label in a row
)

// vehicleList is the data of the page's list. Texts stand once, in Strings, and what many vehicles have in common once, in
// Kinds; everything else points there, so that a row costs its id and a few digits, a field of a vehicle some forty bytes.
type vehicleList struct {
	Total   int               `json:"total"`
	Strings []string          `json:"strings"`
	Kinds   []vehicleKind     `json:"kinds"`
	Rows    int               `json:"rows"`
	IDs     []string          `json:"ids"`     // one per row, or all of them in one text
	Wide    int               `json:"wide"`    // characters of each id in that text; 0: one per row
	KindOf  []int             `json:"kindOf"`  // one per row
	Labels  []string          `json:"labels"`  // one per row, or none at all where no vehicle has one
	Causes  []causeOption     `json:"causes"`  // those that the page explains
	CauseOf [][]int           `json:"causeOf"` // of each kind: its causes, in Causes
	Details []json.RawMessage `json:"details"` // of the first rows: vehicleDetail

	cars [][]string // of each cause: the first of its vehicles
}

// causeOption is a cause to choose vehicles by. Key is its fingerprint, so that a link means the same in another run.
type causeOption struct {
	Key  string `json:"key"`
	Name string `json:"name"`
}

// mostCars is how many vehicles a cause names in the page.
const mostCars = 8

// vehicleKind is verdict, make, cohort, first cause (all in Strings) and the number of causes.
type vehicleKind [5]int

// vehicleDetail is one vehicle's drill-down.
type vehicleDetail struct {
	Facts    [][2]int `json:"facts"`    // name, text
	Causes   [][3]int `json:"causes"`   // code, field, detail
	Notes    [][3]int `json:"notes"`    // the same
	Fields   [][]any  `json:"fields"`   // field, outcome, legacy side, app side, note
	Requests [][]int  `json:"requests"` // legacy ids, app ids
}

// Left is how many vehicles the list leaves to report.json.
func (l vehicleList) Left() int { return l.Total - l.Rows }

// Undetailed is how many listed vehicles have no details here.
func (l vehicleList) Undetailed() int { return l.Rows - len(l.Details) }

// listVehicles takes the vehicles as long as there is room: those that are not ready, then the ready ones, and last those
// that a sample left out. It walks the fleet once: what comes before its turn waits in short.
func listVehicles(r Report, causes []Cause) (vehicleList, error) {
	b := newListBuilder(causes)
	queues := [2]waiting{{alike: map[string]string{}, causes: b.causes}, {alike: map[string]string{}, causes: b.causes}}
	for v, err := range r.Vehicles() {
		if err != nil {
			return vehicleList{}, err
		}
		b.list.Total++
		if part := v.part(); part > 0 {
			queues[part-1].add(v, maxRows-len(b.list.IDs))
		} else if err := b.add(v); err != nil {
			return vehicleList{}, err
		}
	}
	for _, q := range queues {
		if err := b.addAll(q); err != nil {
			return vehicleList{}, err
		}
	}
	b.trim()
	return b.list, nil
}

// full tells whether there is no room for another row; details give way to rows.
func (b *listBuilder) full() bool { return len(b.list.IDs) >= maxRows || b.rowSize > maxListData }

type listBuilder struct {
	list     vehicleList
	index    map[string]int
	kinds    map[kindKey]int
	causes   causeIndex
	labelled bool
	size     int // bytes so far, about
	rowSize  int // of which the rows' own
}

// kindKey is a kind with its causes.
type kindKey struct {
	vehicleKind
	causes string
}

func newListBuilder(causes []Cause) *listBuilder {
	b := &listBuilder{index: map[string]int{}, kinds: map[kindKey]int{}, causes: indexCauses(causes)}
	b.list = vehicleList{IDs: []string{}, KindOf: []int{}, Kinds: []vehicleKind{}, Causes: []causeOption{}, CauseOf: [][]int{}, cars: make([][]string, len(causes))}
	b.intern("")
	for _, c := range causes {
		option := causeOption{clip(plain(c.Fingerprint), maxRowText), clip(plain(joined(" ", c.Code, c.subject())), maxRowText)}
		b.size += jsonSize(option.Key) + jsonSize(option.Name) + 25
		b.list.Causes = append(b.list.Causes, option)
	}
	return b
}

// intern is the number of a text in Strings.
func (b *listBuilder) intern(text string) int {
	text = plain(text)
	n, known := b.index[text]
	if !known {
		n = len(b.list.Strings)
		b.index[text] = n
		b.list.Strings = append(b.list.Strings, text)
		b.size += jsonSize(text) + 1
	}
	return n
}

// add takes a vehicle, if there is room.
func (b *listBuilder) add(v Vehicle) error {
	if b.full() {
		return nil
	}
	b.row(rowOf(v, b.causes))
	if len(b.list.Details) >= maxDetails || b.size > maxListData {
		return nil
	}
	detail, err := json.Marshal(b.detail(v))
	if err != nil {
		return err
	}
	b.size += len(detail) + 1
	b.list.Details = append(b.list.Details, detail)
	return nil
}

// trim gives rows precedence: details are taken away from the end until the data fits again.
func (b *listBuilder) trim() {
	b.list.Rows = len(b.list.IDs)
	b.joinIDs()
	details := b.list.Details
	for b.size > maxListData && len(details) > 0 {
		b.size -= len(details[len(details)-1]) + 1
		details = details[:len(details)-1]
	}
	b.list.Details = append([]json.RawMessage{}, details...)
	if !b.labelled {
		b.list.Labels = []string{}
	}
}

func (b *listBuilder) detail(v Vehicle) vehicleDetail {
	d := vehicleDetail{
		Causes: b.refs(v.Causes), Notes: b.refs(v.Notes), Fields: make([][]any, 0, len(v.Fields)), Facts: [][2]int{},
		Requests: [][]int{b.all(v.RequestIDs.Legacy), b.all(v.RequestIDs.App)},
	}
	for _, f := range vehicleFacts(v) {
		if f.Text != "" {
			d.Facts = append(d.Facts, [2]int{b.intern(f.Name), b.intern(f.Text)})
		}
	}
	for _, f := range v.Fields {
		d.Fields = append(d.Fields, []any{b.intern(f.Field), b.intern(f.Outcome), b.side(f.Legacy), b.side(f.App), b.intern(f.Note)})
	}
	return d
}

func vehicleFacts(v Vehicle) []fact {
	year := ""
	if v.Year != 0 {
		year = fmt.Sprint(v.Year)
	}
	return []fact{
		{"label", v.Label}, {"car", joined(" ", v.Make, v.Model, year)}, {"user", v.UserID}, {"suggested user", orEmpty(v.SuggestedUserID)}, {"suggested vehicle", orEmpty(v.SuggestedVehicleID)}, {"cohort", v.Cohort},
		{"mode", v.Mode}, {"proof", orEmpty(v.Proof)}, {"identity by", v.Identity}, {"measured", timeText(v.EvidenceAt)},
	}
}

func (b *listBuilder) refs(refs []CauseRef) [][3]int {
	out := make([][3]int, 0, len(refs))
	for _, c := range refs {
		detail := c.Detail
		if c.Waived {
			detail = joined(", ", detail, "waived")
		}
		out = append(out, [3]int{b.intern(c.Code), b.intern(c.Field), b.intern(detail)})
	}
	return out
}

func (b *listBuilder) all(texts []string) []int {
	out := make([]int, 0, len(texts))
	for _, t := range texts {
		out = append(out, b.intern(t))
	}
	return out
}

// side is one leg of a field: value, unit, time, its source, error; nil where the leg said nothing.
func (b *listBuilder) side(o *Observation) any {
	if o == nil {
		return nil
	}
	return []int{b.intern(valueText(decoded(o.Value))), b.intern(o.Unit), b.intern(timeText(o.At)), b.intern(o.Source), b.intern(o.Error)}
}

func timeText(t *time.Time) string {
	if t == nil {
		return ""
	}
	return stamp(*t)
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
