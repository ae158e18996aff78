package secret

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
)

// Whatever was added among the last keep times is redacted, however often others were and in whatever order.
func TestVaultKeepsWhatIsUsed(t *testing.T) {
	const keep = 50
	v, r := NewVault(keep), rand.New(rand.NewPCG(3, 4))
	var uses []string
	for i := range 20_000 {
		plain := fmt.Sprintf("token-number-%06d", i)
		if r.IntN(100) < 100*(i/2000%2)+r.IntN(60) { // times when nearly all are old, and times when many are new
			plain = fmt.Sprintf("often-used-%06d", r.IntN(keep-2+i/1000%4))
		}
		v.Add(New(plain))
		uses = append(uses, plain)
		for _, plain := range uses[max(0, len(uses)-keep):] {
			if _, known := v.known[plain]; !known {
				t.Fatalf("at %d: %s is forgotten", i, plain)
			}
		}
	}
	if got := string(v.Redact([]byte(uses[len(uses)-keep]))); got != Mark || len(v.known) > keep {
		t.Errorf("redacted to %s; %d are known", got, len(v.known))
	}
}

// What made room is found at any place of a long text, as it is and as formats escape it, and whatever its length.
func TestFindWhatMadeRoom(t *testing.T) {
	v := NewVault(10)
	old := []string{"under_score*old&token", canary, "eightchr", strings.Repeat("long", 300)}
	for _, plain := range old {
		v.Add(New(plain))
	}
	for i := range 1000 {
		v.Add(New(fmt.Sprintf("%032d", i)))
	}
	for _, plain := range old {
		for name, text := range map[string]string{"plain": plain, "json": jsonEscaped(plain, true), "xml": xmlEscaped(plain), "markdown": strings.NewReplacer("_", `\_`, "*", `\*`, "&", "&amp;").Replace(plain)} {
			for at := chunk - len(text) - 1; at < chunk+2; at += 1 + len(text)/3 {
				found, print, err := v.Find(strings.NewReader(strings.Repeat("-", at) + text + "-"))
				if !found || err != nil || print != New(plain).Fingerprint() {
					t.Fatalf("%s at %d: found %v, fingerprint %q, err %v", name, at, found, print, err)
				}
			}
		}
	}
	if found, _, _ := v.Find(strings.NewReader(strings.Repeat("eightch,under_score*old&toke,0000000000000000000000000001000\n", 1000))); found {
		t.Error("found what nobody added")
	}
}

// TestAMillionTokens: all are known, in the memory that is promised; of more the newest million.
func TestAMillionTokens(t *testing.T) {
	var o older
	before := heap()
	for i := range 1_000_000 {
		o.add(token(i))
	}
	if grown := heap() - before; grown > 16<<20 {
		t.Errorf("a million tokens take %d MiB", grown>>20)
	}
	wantKnown(t, &o, 0, 999_999)
	for i := range 1_200_000 {
		o.add(token(1_000_000 + i))
	}
	if grown := heap() - before; grown > 32<<20 {
		t.Errorf("two million tokens take %d MiB", grown>>20)
	}
	wantKnown(t, &o, 1_200_000, 2_199_999)
	runtime.KeepAlive(&o)
}

func wantKnown(t *testing.T, o *older, from, to int) {
	t.Helper()
	for i := from; i <= to; i += 997 {
		if at, n := o.first([]byte("x"+token(i)+"y"), 38); at != 1 || n != 36 {
			t.Fatalf("token %d: at %d, %d bytes", i, at, n)
		}
		if at, _ := o.first([]byte("x"+token(i+5_000_000)+"y"), 38); at >= 0 {
			t.Fatalf("token %d was never added", i+5_000_000)
		}
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func token(i int) string { return fmt.Sprintf("%08x-0000-4000-8000-%012x", uint32(i*2654435761), i) }
