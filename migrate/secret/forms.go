package secret

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"html"
	"net/url"
	"strings"
)

// forms gives every spelling under which plain could reach an output, without repeats: as it is; as formats escape it; in
// hex; in base64 on its own and as a part of something longer ("id:secret" of basic authentication).
// Every form is at least as long as plain.
func forms(plain string) []string {
	list := []string{plain, hex.EncodeToString([]byte(plain)), strings.ToUpper(hex.EncodeToString([]byte(plain)))}
	list = append(append(list, base64Forms(plain)...), escapedForms(plain)...)
	seen := make(map[string]bool, len(list))
	kept := list[:0]
	for _, f := range list {
		if !seen[f] {
			seen[f] = true
			kept = append(kept, f)
		}
	}
	return kept
}

// escapedForms gives plain as URLs, HTML, XML, JSON (of encoding/json and others), CSV and GitHub's commands have it. Find
// also takes escapes back, so that no list of spellings has to be whole; but a secret that looks like another format's escape
// is only seen here. Most secrets have nothing to escape.
func escapedForms(plain string) []string {
	if strings.IndexFunc(plain, escapedSomewhere) < 0 {
		return nil
	}
	page := html.EscapeString(plain)
	return []string{
		url.QueryEscape(plain), url.PathEscape(plain), page, strings.ReplaceAll(page, "+", "&#43;"), xmlEscaped(plain),
		jsonEscaped(plain, true), jsonEscaped(plain, false), strings.ReplaceAll(plain, `"`, `""`), commandData.Replace(plain), commandProperty.Replace(plain),
	}
}

// escapedSomewhere is false for what no URL and none of the formats but Markdown escapes.
func escapedSomewhere(r rune) bool {
	return !('0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || strings.ContainsRune("-._~", r))
}

// The characters that mean something to GitHub's runner.
var (
	commandData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	commandProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

func xmlEscaped(plain string) string {
	var text strings.Builder
	_ = xml.EscapeText(&text, []byte(plain)) // a strings.Builder takes everything
	return text.String()
}

func jsonEscaped(plain string, forPages bool) string {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(forPages)
	if encoder.Encode(plain) != nil {
		return plain
	}
	quoted := strings.TrimSuffix(text.String(), "\n")
	return quoted[1 : len(quoted)-1]
}

// base64Forms gives plain in both alphabets, with and without padding, and the part of it that does not depend on its
// neighbours when one or two bytes stand before it in the same group of three.
func base64Forms(plain string) []string {
	var list []string
	for _, e := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		raw := e.WithPadding(base64.NoPadding)
		list = append(list, e.EncodeToString([]byte(plain)), raw.EncodeToString([]byte(plain)))
		for shift := range 3 {
			list = append(list, inner(raw, shift, plain))
		}
	}
	return list
}

// inner encodes plain behind shift unknown bytes and cuts off the digits that mix in bits of what stands around it.
func inner(e *base64.Encoding, shift int, plain string) string {
	coded := e.EncodeToString([]byte(strings.Repeat("\x00", shift) + plain))
	first := (8*shift + 5) / 6
	last := 8 * (shift + len(plain)) / 6
	return coded[first:last]
}
