package report

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

var (
	uuidShape   = regexp.MustCompile(`[0-9A-Za-z_]*[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}[0-9A-Za-z_]*`)
	vinShape    = regexp.MustCompile(`\b[A-HJ-NPR-Za-hj-npr-z0-9]{17}\b`)
	threeDigits = regexp.MustCompile(`[0-9].*[0-9].*[0-9]`)
	coordinate  = regexp.MustCompile(`-?[0-9]{1,3}\.[0-9]{3,}`)
	coordinates = regexp.MustCompile(`-?[0-9]{1,3}\.[0-9]{3,}\s*[,;/ ]\s*-?[0-9]{1,3}\.[0-9]{3,}`)
)

// names replaces the ids that are known to belong to what is being written, then whatever has an id's shape.
type names struct {
	sharer
	known []known // the longest first: one may be part of another
}

// known is one id or label, and what stands in its place.
type known struct{ text, by string }

func (s sharer) names() *names { return &names{sharer: s} }

func (n *names) add(kind string, values ...string) {
	for _, v := range values {
		n.replace(v, Pseudonym(n.key, kind, v))
	}
}

// minKnown keeps an id of a letter or two from being taken for a word of a text.
const minKnown = 4

// replace has old replaced wherever it stands as a whole word, unless it reads as a word of ours.
func (n *names) replace(old, by string) {
	if old = strings.TrimSpace(old); len(old) < minKnown || ownWord(old) {
		return
	}
	at, _ := slices.BinarySearchFunc(n.known, len(old), func(k known, length int) int { return length - len(k.text) })
	n.known = slices.Insert(n.known, at, known{old, by})
}

// scrub is a text without what is known and without shapes of ids. An error code ("UPSTREAM/NO_RESPONSE") is nobody's name.
func (n *names) scrub(text string) string {
	if len(text) >= minKnown && len(n.known) > 0 && !errorCode.MatchString(text) {
		text = n.scrubKnown(text)
	}
	return n.scrubShapes(text)
}

var errorCode = regexp.MustCompile(`^[A-Z][A-Z_]*(/[A-Z0-9_]+)?$`)

// scrubKnown goes over the text once, so that nothing is replaced in what was put in.
func (n *names) scrubKnown(text string) string {
	var out strings.Builder
	from := 0
	for {
		at, hit := n.first(text, from)
		if at < 0 {
			break
		}
		out.WriteString(text[from:at])
		out.WriteString(hit.by)
		from = at + len(hit.text)
	}
	if from == 0 {
		return text
	}
	return out.String() + text[from:]
}

// first is the earliest place at or behind from where something known stands as a whole word, the longest there; -1: none.
func (n *names) first(text string, from int) (at int, hit known) {
	at = -1
	for _, k := range n.known {
		if i := wholeWord(text, k.text, from); i >= 0 && (at < 0 || i < at) {
			at, hit = i, k
		}
	}
	return at, hit
}

// wholeWord is where word stands in text, at or behind from, with no more of a word on either side; -1: nowhere.
func wholeWord(text, word string, from int) int {
	for {
		i := strings.Index(text[from:], word)
		if i < 0 {
			return -1
		}
		at := from + i
		if !continuesLeft(text[:at], word) && !continuesRight(text[at+len(word):], word) {
			return at
		}
		_, size := utf8.DecodeRuneInString(word)
		from = at + size
	}
}
func continuesLeft(before, word string) bool {
	edge, _ := utf8.DecodeRuneInString(word)
	last, size := utf8.DecodeLastRuneInString(before)
	second, _ := utf8.DecodeLastRuneInString(before[:len(before)-size])
	return continues(edge, last, second)
}

func continuesRight(after, word string) bool {
	edge, _ := utf8.DecodeLastRuneInString(word)
	first, size := utf8.DecodeRuneInString(after)
	second, _ := utf8.DecodeRuneInString(after[size:])
	return continues(edge, first, second)
}

// continues tells whether a word that ends with edge goes on: with a letter, or with a dash or a dot and a letter behind it,
// as the names of causes ("signal-lost") and of fields ("charge.state") do.
func continues(edge, next, second rune) bool {
	return ofWord(edge) && (ofWord(next) || (next == '-' || next == '.') && ofWord(second))
}

func ofWord(r rune) bool {
	return r == '_' || r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

// The shortest texts that the shapes match: looking for them in shorter ones costs most of a report's time.
const (
	shortestUUID = 36
	shortestVIN  = 17
)

func (n *names) scrubShapes(text string) string {
	if len(text) < 15 {
		return text
	}
	if len(text) >= shortestUUID && strings.Contains(text, "-") {
		text = uuidShape.ReplaceAllStringFunc(text, func(id string) string { return Pseudonym(n.key, pseudonymOfShape, id) })
	}
	if len(text) >= shortestVIN {
		text = vinShape.ReplaceAllStringFunc(text, func(word string) string {
			if !threeDigits.MatchString(word) {
				return word
			}
			return Pseudonym(n.key, PseudonymVIN, word)
		})
	}
	if strings.Contains(text, ".") {
		text = coordinates.ReplaceAllString(text, "(position)")
	}
	return text
}
