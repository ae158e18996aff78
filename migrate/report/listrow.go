package report

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
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
	id = shortID(id)
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

// shortID is an id that is a UUID as "~" and 22 characters of base64, which saves a fleet of 100,000 more than a megabyte;
// any other stays, with a second "~" before one of its own.
func shortID(id string) string {
	if !uuidForm.MatchString(id) {
		if strings.HasPrefix(id, "~") {
			return "~" + id
		}
		return id
	}
	raw, _ := hex.DecodeString(strings.ReplaceAll(id, "-", "")) // it is hex by its form
	return "~" + base64.RawStdEncoding.EncodeToString(raw)
}

var uuidForm = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
