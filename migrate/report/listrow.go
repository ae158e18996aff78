package report

import (
	"fmt"
	"strconv"
	"strings"
)

// row keeps ids and labels out of Strings, where each would stand alone anyway.
func (b *listBuilder) row(r rowTexts) {
	id, label := clip(plain(r.id), maxRowText), clip(plain(r.label), maxRowText)
	for _, c := range r.causes {
		if len(b.list.cars[c]) < mostCars {
			b.list.cars[c] = append(b.list.cars[c], id)
		}
	}
	before := b.size
	kind := b.kind(vehicleKind{b.intern(r.verdict), b.intern(r.vehicleMake), b.intern(r.cohort), b.intern(r.cause), r.count}, r.causes)
	b.list.IDs, b.list.KindOf, b.list.Labels = append(b.list.IDs, id), append(b.list.KindOf, kind), append(b.list.Labels, label)
	b.labelled = b.labelled || label != ""
	b.size += jsonSize(id) + jsonSize(label) + len(strconv.Itoa(kind)) + 3
	b.rowSize += b.size - before
}

func (b *listBuilder) kind(k vehicleKind, causes []int) int {
	key := kindKey{k, fmt.Sprint(causes)}
	n, known := b.kinds[key]
	if !known {
		n = len(b.list.Kinds)
		b.kinds[key] = n
		b.list.Kinds, b.list.CauseOf = append(b.list.Kinds, k), append(b.list.CauseOf, append([]int{}, causes...))
		b.size += 24 + len(key.causes)
	}
	return n
}

// jsonSize is how many bytes a text takes in the page's data, quotes included.
func jsonSize(text string) int {
	size := len(text) + 2
	for i := range len(text) {
		switch text[i] {
		case '<', '>', '&':
			size += 5
		case '"', '\\':
			size++
		}
	}
	return size
}

// joinIDs puts the ids of a fleet that are all equally long, as UUIDs and pseudonyms are, into one text without anything
// between them: three bytes less for each, and quicker to read. They stay readable, so that whatever looks for a secret in
// the finished page finds it here too.
func (b *listBuilder) joinIDs() {
	ids := b.list.IDs
	if len(ids) < 2 || ids[0] == "" {
		return
	}
	for _, id := range ids {
		if len(id) != len(ids[0]) || !isPrintableASCII(id) {
			return
		}
	}
	b.list.Rows, b.list.Wide = len(ids), len(ids[0])
	b.list.IDs = []string{strings.Join(ids, "")}
	b.size -= 3 * (b.list.Rows - 1)
}
