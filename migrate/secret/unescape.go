package secret

import (
	"bytes"
	"html"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// maxEscape is the longest escape that is taken back, in bytes: "\ud83d\ude00" has 12, "&#x0000002b;" too.
const maxEscape = 16

// unescape appends to dst what a reader of HTML, XML, Markdown or JSON is shown of src: one level of entities, of
// backslashes before punctuation, of \n, \x2b and \u002b, and empty comments, are taken back; everything else, also what is
// no whole escape, stays. Where more may follow (not last), it stops before an escape that may be cut; used says where.
// Percent escapes are not touched: a secret may hold a percent sign, and no format here has them beside the others.
func unescape(dst, src []byte, last bool) (out []byte, used int) {
	for used < len(src) {
		next := nextEscape(src[used:])
		dst = append(dst, src[used:used+next]...)
		used += next
		rest := src[used:]
		if len(rest) == 0 || !last && len(rest) < maxEscape {
			break
		}
		size := 0
		if dst, size = escaped(dst, rest[:min(len(rest), maxEscape)]); size == 0 {
			dst, size = append(dst, rest[0]), 1
		}
		used += size
	}
	return dst, used
}

// nextEscape is where the first byte stands that may begin an escape, or the length.
func nextEscape(p []byte) int {
	for i, c := range p {
		if c == '&' || c == '\\' || c == '<' {
			return i
		}
	}
	return len(p)
}

// escaped appends the meaning of the escape that p begins with; size is the escape's, 0 where there is none.
func escaped(dst, p []byte) (out []byte, size int) {
	switch {
	case p[0] == '&':
		return entity(dst, p)
	case p[0] == '\\' && len(p) > 1:
		return backslash(dst, p)
	case bytes.HasPrefix(p, emptyComment):
		return dst, len(emptyComment)
	}
	return dst, 0
}

// emptyComment is how Markdown breaks a mention.
var emptyComment = []byte("<!-- -->")

func entity(dst, p []byte) ([]byte, int) {
	end := bytes.IndexByte(p, ';') + 1
	if end == 0 {
		return dst, 0
	}
	switch string(p[:end]) { // nearly all that reports hold, without an allocation
	case "&amp;":
		return append(dst, '&'), end
	case "&lt;":
		return append(dst, '<'), end
	case "&gt;":
		return append(dst, '>'), end
	case "&#34;":
		return append(dst, '"'), end
	case "&#39;":
		return append(dst, '\''), end
	case "&#43;":
		return append(dst, '+'), end
	}
	return append(dst, html.UnescapeString(string(p[:end]))...), end
}

func backslash(dst, p []byte) ([]byte, int) {
	switch c := p[1]; {
	case c == 'x':
		if n, ok := hexadecimal(p, 2, 4); ok {
			return append(dst, byte(n)), 4
		}
		return dst, 0
	case c == 'u':
		return unicodeEscape(dst, p)
	case bytes.IndexByte(letters, c) >= 0:
		return append(dst, meanings[bytes.IndexByte(letters, c)]), 2
	case c < utf8.RuneSelf && c > ' ' && !isWord(c):
		return append(dst, c), 2
	}
	return dst, 0
}

var letters, meanings = []byte("bfnrt"), []byte("\b\f\n\r\t")

func isWord(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == 0x7f
}

// unicodeEscape takes two escapes together where they are one character's.
func unicodeEscape(dst, p []byte) ([]byte, int) {
	high, ok := hexadecimal(p, 2, 6)
	if !ok {
		return dst, 0
	}
	if len(p) >= 12 && p[6] == '\\' && p[7] == 'u' {
		low, _ := hexadecimal(p, 8, 12)
		if r := utf16.DecodeRune(high, low); r != utf8.RuneError {
			return utf8.AppendRune(dst, r), 12
		}
	}
	return utf8.AppendRune(dst, high), 6
}

func hexadecimal(p []byte, from, to int) (rune, bool) {
	if len(p) < to {
		return 0, false
	}
	n, err := strconv.ParseUint(string(p[from:to]), 16, 32)
	return rune(n), err == nil
}
