package migrate

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"scmigrate/migrate/inventory"
	"scmigrate/migrate/smartcar"
)

// TestNoTokenNoCall: a token that may not be sent costs no call on either leg.
func TestNoTokenNoCall(t *testing.T) {
	for _, c := range []struct {
		reason string
		token  inventory.Token
		err    error
		want   string
	}{
		{"expired before its turn", inventory.Token{Dead: true}, nil, "inconclusive legacy-token-missing"},
		{"expired, the value is still there", inventory.Token{Secret: aToken("expired-token-01").Secret, Dead: true}, nil, "inconclusive legacy-token-missing"},
		{"none", inventory.Token{Missing: true}, nil, "inconclusive legacy-token-missing"},
		{"an empty answer", inventory.Token{}, nil, "inconclusive legacy-token-missing"},
		{"the command failed", inventory.Token{}, errors.New("exit status 1"), "inconclusive legacy-token-missing"},
		{"the grant is gone", inventory.Token{Gone: "account closed"}, nil, "broken legacy-grant-dead"},
	} {
		t.Run(c.reason, func(t *testing.T) {
			m, caller, tokens := aMeter(t)
			tokens.tokens, tokens.err = []inventory.Token{c.token}, c.err
			if _, got := measure(t, m); got != c.want {
				t.Errorf("judged %q, want %q", got, c.want)
			}
			wantCalls(t, caller)
		})
	}
}

// TestA401AsksOnceForAnotherToken: never twice for the same token, never more than two batches.
func TestA401AsksOnceForAnotherToken(t *testing.T) {
	living := inventory.Token{Secret: aToken("living-token-001").Secret, ExpiresAt: noon.Add(time.Hour)}
	for _, c := range []struct {
		reason  string
		tokens  []inventory.Token
		good    string // the token that is accepted
		want    string
		batches []string
	}{
		{"the next one works", []inventory.Token{aToken("old-token-000001"), aToken("new-token-000001")}, "new-token-000001", "ready /full", []string{"batch old-token-000001", "batch new-token-000001"}},
		{"the same one again", []inventory.Token{aToken("old-token-000001")}, "", "inconclusive legacy-token-refused", []string{"batch old-token-000001"}},
		{"the next one is refused too", []inventory.Token{aToken("old-token-000001"), aToken("new-token-000001"), aToken("third-token-0001")}, "", "inconclusive legacy-token-refused", []string{"batch old-token-000001", "batch new-token-000001"}},
		{"the command now says gone", []inventory.Token{aToken("old-token-000001"), {Gone: "revoked"}}, "", "broken legacy-grant-dead", []string{"batch old-token-000001"}},
		{"there is no other", []inventory.Token{aToken("old-token-000001"), {Missing: true}}, "", "inconclusive legacy-token-refused", []string{"batch old-token-000001"}},
		{"the other is dead", []inventory.Token{aToken("old-token-000001"), {Dead: true}}, "", "inconclusive legacy-token-refused", []string{"batch old-token-000001"}},
		{"refused inside its stated life", []inventory.Token{living}, "", "broken legacy-grant-dead", []string{"batch living-token-001"}},
		{"the second is refused inside its stated life", []inventory.Token{aToken("old-token-000001"), living}, "", "broken legacy-grant-dead", []string{"batch old-token-000001", "batch living-token-001"}},
		{"refused within a clock's doubt of its end", []inventory.Token{{Secret: living.Secret, ExpiresAt: noon.Add(time.Minute)}}, "", "inconclusive legacy-token-refused", []string{"batch living-token-001"}},
	} {
		t.Run(c.reason, func(t *testing.T) {
			m, caller, tokens := aMeter(t)
			tokens.tokens = c.tokens
			caller.user = func() smartcar.Answer { return refused(401, "AUTHENTICATION", "") }
			caller.batch = func(token string, paths []string) smartcar.Answer {
				if token == c.good {
					return batchAnswer(paths, nil)
				}
				return refused(401, "AUTHENTICATION", "")
			}
			if _, got := measure(t, m); got != c.want {
				t.Errorf("judged %q, want %q", got, c.want)
			}
			if got := caller.sent("batch"); !slices.Equal(got, c.batches) {
				t.Errorf("sent %q, want %q", got, c.batches)
			}
		})
	}
}

// TestARefusalIsProvedByTheAccount: a 401 for a car inside the token's life is a dead grant only if the account refuses
// the token as well.
func TestARefusalIsProvedByTheAccount(t *testing.T) {
	for _, c := range []struct {
		reason string
		user   smartcar.Answer
		want   string
	}{
		{"the account refuses it too", refused(401, "AUTHENTICATION", ""), "broken legacy-grant-dead"},
		{"the account takes it: it is not for this car", answered(map[string]any{"id": userID}), "inconclusive legacy-token-wrong"},
		{"the account cannot say", refused(429, "RATE_LIMIT", "SMARTCAR_API"), "inconclusive legacy-token-refused"},
	} {
		m, caller, tokens := aMeter(t)
		tokens.tokens = []inventory.Token{{Secret: aToken("living-token-001").Secret, ExpiresAt: noon.Add(time.Hour)}}
		caller.batch = func(string, []string) smartcar.Answer { return refused(401, "AUTHENTICATION", "") }
		caller.user = func() smartcar.Answer { return c.user }
		if _, got := measure(t, m); got != c.want {
			t.Errorf("%s: judged %q, want %q", c.reason, got, c.want)
		}
	}
}

// TestATokenThatDiesWhileItWaits: between the first look and the moment of sending the token may end; it is not sent.
func TestATokenThatDiesWhileItWaits(t *testing.T) {
	m, caller, tokens := aMeter(t)
	m.Tokens = tokenFunc(func(r inventory.TokenRequest) (inventory.Token, error) {
		answer, err := tokens.Token(t.Context(), r)
		tokens.mu.Lock()
		defer tokens.mu.Unlock()
		tokens.tokens = []inventory.Token{{Dead: true}}
		return answer, err
	})
	if _, got := measure(t, m); got != "inconclusive legacy-token-missing" {
		t.Errorf("judged %q", got)
	}
	if got := caller.sent("batch"); len(got) > 0 {
		t.Errorf("a dead token was sent: %q", got)
	}
}

type tokenFunc func(inventory.TokenRequest) (inventory.Token, error)

func (f tokenFunc) Token(_ context.Context, r inventory.TokenRequest) (inventory.Token, error) {
	return f(r)
}

// TestUserIsAskedOnlyInDoubt: GET /user only where several users share the vehicle, or the list does not show this one.
func TestUserIsAskedOnlyInDoubt(t *testing.T) {
	theirs := *aLink()
	theirs.UserID = strangeID
	for _, c := range []struct {
		reason string
		links  []Link
		user   smartcar.Answer
		asked  bool
		want   string
	}{
		{"one user", []Link{*aLink()}, answered(map[string]any{"id": strangeID}), false, "ready /full"},
		{"two users, the token is this one's", []Link{*aLink(), theirs}, answered(map[string]any{"id": userID}), true, "ready /full"},
		{"two users, the token is the other's", []Link{*aLink(), theirs}, answered(map[string]any{"id": strangeID}), true, "blocked user-id-wrong"},
		{"two users, the answer is throttled", []Link{*aLink(), theirs}, refused(429, "RATE_LIMIT", "SMARTCAR_API"), true, "inconclusive legacy-unmeasured"},
		{"two users, the answer names none", []Link{*aLink(), theirs}, answered(map[string]any{}), true, "inconclusive legacy-unmeasured"},
	} {
		t.Run(c.reason, func(t *testing.T) {
			m, caller, _ := aMeter(t)
			caller.user = func() smartcar.Answer { return c.user }
			if _, got := measure(t, m, c.links...); got != c.want {
				t.Errorf("judged %q, want %q", got, c.want)
			}
			if asked := len(caller.sent("user ")) > 0; asked != c.asked {
				t.Errorf("called %q", caller.calls)
			}
		})
	}
}
