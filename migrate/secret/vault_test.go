package secret

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"html"
	"io"
	"math/rand/v2"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
)

const odd = `p@ss<w>ord/"&+ü?=`

func vaultWith(values ...string) *Vault {
	v := NewVault(0)
	for _, s := range values {
		v.Add(New(s))
	}
	return v
}

func TestEveryFormIsFoundAndRedacted(t *testing.T) {
	v := vaultWith(canary, odd)
	for _, plain := range []string{canary, odd} {
		for name, text := range map[string]string{
			"plain":      plain,
			"query":      url.QueryEscape(plain),
			"path":       url.PathEscape(plain),
			"html":       html.EscapeString(plain),
			"json":       jsonEscaped(plain, true),
			"hex":        hex.EncodeToString([]byte(plain)),
			"HEX":        fmt.Sprintf("%X", plain),
			"base64":     base64.StdEncoding.EncodeToString([]byte(plain)),
			"base64 raw": base64.RawStdEncoding.EncodeToString([]byte(plain)),
			"base64 url": base64.URLEncoding.EncodeToString([]byte(plain)),
			"basic 1":    base64.StdEncoding.EncodeToString([]byte("i:" + plain)),
			"basic 2":    base64.StdEncoding.EncodeToString([]byte("id:" + plain + ":x")),
			"basic 3":    base64.RawURLEncoding.EncodeToString([]byte("ids:" + plain + "::")),
		} {
			t.Run(name, func(t *testing.T) {
				line := "before " + text + " after"
				found, print, err := v.Find(strings.NewReader(line))
				if !found || err != nil || print != New(plain).Fingerprint() {
					t.Errorf("found %v, fingerprint %q, err %v", found, print, err)
				}
				got := string(v.Redact([]byte(line)))
				if again, _, _ := v.Find(strings.NewReader(got)); again || !strings.Contains(got, Mark) {
					t.Errorf("redacted to %q", got)
				}
				if !strings.HasPrefix(got, "before ") || !strings.HasSuffix(got, " after") {
					t.Errorf("redaction took too much: %q", got)
				}
			})
		}
	}
}

func TestRedact(t *testing.T) {
	v := vaultWith("aaaabbbb", "bbbbcccc", "aaaabbbbdddd", "short")
	for _, c := range []struct{ in, want, reason string }{
		{"nothing here", "nothing here", "clean text is untouched"},
		{"", "", "empty"},
		{"aaaabbbb", "[secret]", "exactly one"},
		{"x aaaabbbbdddd y", "x [secret] y", "the longest form wins"},
		{"xaaaabbbbccccy", "x[secret]y", "overlapping ones give one mark"},
		{"aaaabbbbaaaabbbb", "[secret][secret]", "neighbours give two"},
		{"aaaabbb", "aaaabbb", "a part is not the secret"},
		{"a short one", "a short one", "too short to look for"},
	} {
		if got := string(v.Redact([]byte(c.in))); got != c.want {
			t.Errorf("%s: got %q, want %q", c.reason, got, c.want)
		}
	}
}

func TestFindAcrossChunkBorders(t *testing.T) {
	v := vaultWith(canary)
	for at := chunk - len(canary) - 2; at <= chunk+2; at++ {
		text := strings.Repeat("-", at) + canary + strings.Repeat("-", 3*chunk)
		if found, _, err := v.Find(strings.NewReader(text)); !found || err != nil {
			t.Fatalf("at %d: found %v, err %v", at, found, err)
		}
	}
	if found, _, _ := v.Find(iotest.OneByteReader(strings.NewReader("xx" + canary))); !found {
		t.Error("not found byte by byte")
	}
	if found, _, _ := v.Find(strings.NewReader(strings.Repeat(canary[:20], chunk/10))); found {
		t.Error("found where there is none")
	}
}

func TestFindReportsReadErrors(t *testing.T) {
	broken := errors.New("disk")
	if _, _, err := vaultWith(canary).Find(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func TestWriterCutAnywhere(t *testing.T) {
	v := vaultWith(canary, "aaaabbbb", "bbbbcccc")
	text := "one " + canary + "\ntwo aaaabbbbcccc\rthree" + strings.Repeat(" x", chunk) + canary + "tail"
	want := string(v.Redact([]byte(text)))
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		var out bytes.Buffer
		w := v.Writer(&out)
		for rest := text; rest != ""; {
			n := min(len(rest), 1+r.IntN(1<<r.IntN(17)))
			if got, err := io.WriteString(w, rest[:n]); got != n || err != nil {
				t.Fatal(got, err)
			}
			rest = rest[n:]
		}
		if err := w.Close(); err != nil || out.String() != want {
			t.Fatalf("redacted text depends on how it was cut (err %v)", err)
		}
	}
}

func TestDirectHoldsNothingBack(t *testing.T) {
	var out bytes.Buffer
	w := vaultWith(canary).Direct(&out)
	if n, err := io.WriteString(w, "\rbar "+canary+" no end"); n != len(canary)+12 || err != nil || out.String() != "\rbar [secret] no end" {
		t.Errorf("%d, %v, %q", n, err, out.String())
	}
}

func TestWriterShowsFinishedLinesAtOnce(t *testing.T) {
	var out bytes.Buffer
	w := vaultWith(canary).Writer(&out)
	_, _ = io.WriteString(w, "line\nrest")
	if out.String() != "line\n" {
		t.Errorf("got %q", out.String())
	}
	_, _ = io.WriteString(w, strings.Repeat("z", 3*chunk))
	if out.Len() < 2*chunk {
		t.Errorf("a long line is held back: %d bytes came", out.Len())
	}
}

func TestVaultForgetsTheOldest(t *testing.T) {
	v := NewVault(100)
	v.Pin(New("pinned-secret-0001"))
	v.Add(New("late-pinned-secret"))
	v.Pin(New("late-pinned-secret"))
	for i := range 1000 {
		v.Add(New(fmt.Sprintf("same-start-%06d", i)))
		v.Add(New(fmt.Sprintf("same-start-%06d", i)))
	}
	for text, want := range map[string]bool{
		"pinned-secret-0001": true, "late-pinned-secret": true, "same-start-000000": false, "same-start-000899": false, "same-start-000950": true, "same-start-000999": true,
	} {
		if redacted := string(v.Redact([]byte(text))) == Mark; redacted != want {
			t.Errorf("%s: redacted %v", text, redacted)
		}
		if found, print, _ := v.Find(strings.NewReader("<" + text + ">")); !found || print != New(text).Fingerprint() {
			t.Errorf("%s: found %v, fingerprint %s", text, found, print)
		}
	}
	if found, _, _ := v.Find(strings.NewReader("same-start-001000, same-start-00095")); found {
		t.Error("found what nobody added")
	}
	if n := len(v.known); n > 102 {
		t.Errorf("remembers %d secrets", n)
	}
	if n := len(v.starts); n > 102*8 {
		t.Errorf("keeps %d starts", n)
	}
}

func TestNilVault(t *testing.T) {
	var v *Vault
	v.Add(New(canary))
	v.Pin(New(canary))
	var out bytes.Buffer
	w := v.Writer(&out)
	_, _ = io.WriteString(w, "a\nb")
	if err := w.Close(); err != nil || out.String() != "a\nb" || string(v.Redact([]byte("a"))) != "a" {
		t.Errorf("a nil vault changed the text: %q", out.String())
	}
}

func TestVaultConcurrently(t *testing.T) {
	v := NewVault(50)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 200 {
				s := fmt.Sprintf("token-%d-%d-abcdef", g, i)
				v.Add(New(s))
				_ = v.Redact([]byte(s))
				_, _, _ = v.Find(strings.NewReader(s))
			}
		})
	}
	wg.Wait()
}

func BenchmarkRedactCleanText(b *testing.B) {
	v := NewVault(0)
	for i := range 10_000 {
		v.Add(New(fmt.Sprintf("%08x-0000-4000-8000-%012x", i*2654435761, i)))
	}
	text := []byte(strings.Repeat("a perfectly harmless line of a report, 42 km\n", 1000))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		_ = v.Redact(text)
	}
}
