package inventory

import (
	"encoding/json"
	"regexp"
	"strings"
	"time"

	"scmigrate/migrate/secret"
)

// Token is what resolving gave. Exactly one of Secret, Gone, Missing and Dead says something.
type Token struct {
	Secret    secret.Secret
	ExpiresAt time.Time // end of the token's stated life, UTC; zero if nobody stated one
	Gone      string    // the reason the token command gave for there being no grant any more, made harmless
	Missing   bool      // the inventory has neither a token nor a command for this vehicle
	Dead      bool      // the only token there is is known to have expired: it is not handed out
	Literal   bool      // Secret stands in the inventory: asked again, it is the same
}

// dead gives t, or a Dead token in its place once its stated life is over.
func (t Token) dead(now time.Time) Token {
	if t.Secret.IsZero() || t.ExpiresAt.IsZero() || now.Before(t.ExpiresAt) {
		return t
	}
	return Token{Dead: true, ExpiresAt: t.ExpiresAt}
}

// answer is the JSON form of what a token command prints; unknown members are ignored.
type answer struct {
	AccessToken *string `json:"accessToken"`
	ExpiresAt   string  `json:"expiresAt"`
	Gone        *string `json:"gone"`
}

// parseAnswer reads what a token command, a file or a variable holds: the bare token, {"accessToken": …, "expiresAt": …} or
// {"gone": reason} (CONTRACT §4). The complaint never quotes it.
func parseAnswer(out string) (Token, complaint) {
	text := strings.TrimSpace(strings.TrimPrefix(out, "\uFEFF"))
	if text == "" {
		return Token{}, complaint{"gave nothing", ""}
	}
	if text[0] != '{' {
		return bareToken(text, time.Time{})
	}
	var a answer
	if json.Unmarshal([]byte(text), &a) != nil {
		return Token{}, complaint{"gave something that starts like JSON and is none", ""}
	}
	switch {
	case a.Gone != nil && a.AccessToken != nil:
		return Token{}, complaint{"gave both accessToken and gone", ""}
	case a.Gone != nil:
		return Token{Gone: harmless(*a.Gone)}, complaint{}
	case a.AccessToken == nil || *a.AccessToken == "":
		return Token{}, complaint{"gave JSON without accessToken or gone", ""}
	}
	return a.token()
}

func (a answer) token() (Token, complaint) {
	if a.ExpiresAt == "" {
		return bareToken(*a.AccessToken, time.Time{})
	}
	end, c := parseTime(a.ExpiresAt)
	if !c.none() {
		return Token{}, complaint{"gave an expiresAt that " + c.message, c.hint}
	}
	return bareToken(*a.AccessToken, end)
}

func bareToken(text string, end time.Time) (Token, complaint) {
	if c := tokenComplaint(text); !c.none() {
		return Token{}, complaint{"gave something that is no token: it " + c.message, c.hint}
	}
	return Token{Secret: secret.New(text), ExpiresAt: end}, complaint{}
}

// tokenLike finds words that might be a token: long, and with a digit or very long.
var tokenLike = regexp.MustCompile(`[A-Za-z0-9_.~+/=-]{24,}|[A-Za-z0-9_.~+/=-]*[0-9][A-Za-z0-9_.~+/=-]*`)

// harmless makes a reason fit for reports: one line, 120 characters, nothing that looks like a token.
func harmless(reason string) string {
	line := strings.Join(strings.FieldsFunc(strings.ToValidUTF8(reason, "?"), unseen), " ")
	line = tokenLike.ReplaceAllStringFunc(line, func(word string) string {
		if len(word) >= 12 {
			return "[…]"
		}
		return word
	})
	if runes := []rune(line); len(runes) > 120 {
		line = string(runes[:120]) + "…"
	}
	if line == "" {
		return "no reason given"
	}
	return line
}
