package secret

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

const canary = "c4n4ry-7f3a9b52-0d1e-4c66"

func TestSecretCannotBePrinted(t *testing.T) {
	s := New(canary)
	hidden := struct{ inner Secret }{s}
	exposed := struct{ Token Secret }{s}
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%T %v", "%U", "%10.3s"} {
		for _, value := range []any{s, &s, hidden, &hidden, exposed, []Secret{s}, map[string]Secret{"a": s}, []any{s}, fmt.Errorf("wrapped: %v", s)} {
			fmt.Fprintf(&out, verb+"\n", value)
		}
	}
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(h).Info("x", "token", s, "in", exposed, "hidden", hidden, "list", []Secret{s})
	}
	body, err := json.Marshal(map[string]any{"a": s, "b": exposed, "c": hidden})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(body)
	v := NewVault(0)
	v.Add(s)
	if found, _, _ := v.Find(strings.NewReader(out.String())); found {
		t.Errorf("the secret was printed:\n%s", out.String())
	}
	if !strings.Contains(out.String(), Mark) {
		t.Error("nothing was printed at all")
	}
}

func TestSecretValue(t *testing.T) {
	s := New(" " + canary + "\n")
	for _, c := range []struct {
		what string
		ok   bool
	}{
		{"nothing is trimmed", s.Reveal() == " "+canary+"\n"},
		{"equal values are equal", s.Equal(New(" " + canary + "\n"))},
		{"unequal values are not", !s.Equal(New(canary)) && !s.Equal(Secret{})},
		{"the empty string is no secret", New("").IsZero() && New("").Reveal() == ""},
		{"zero secrets are equal", Secret{}.Equal(New(""))},
		{"a secret is not zero", !s.IsZero()},
		{"fingerprint of nothing", Secret{}.Fingerprint() == ""},
		{"fingerprint is the hash's end", New("abc").Fingerprint() == "15ad"},
	} {
		if !c.ok {
			t.Error("does not hold:", c.what)
		}
	}
}

func TestOmitZero(t *testing.T) {
	var buf bytes.Buffer
	value := struct {
		Token Secret `json:"token,omitzero"`
	}{}
	if err := json.NewEncoder(&buf).Encode(value); err != nil || strings.TrimSpace(buf.String()) != "{}" {
		t.Errorf("got %s, %v", buf.String(), err)
	}
}
