package inventory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"scmigrate/migrate/document"
)

// reading is what one way of reading made of a file.
type reading struct {
	entries  []string
	problems []string
	digest   string
	doubtful bool // only the whole can tell
	broken   bool // some of it is no YAML
}

func readPieces(text []byte) reading {
	r, p, err := readBy(text, (*pass).pieces)
	r.doubtful = errors.As(err, new(unsure))
	return finished(r, p, err)
}

func readAll(text []byte) reading {
	r, p, err := readBy(text, (*pass).whole)
	return finished(r, p, err)
}

func readBy(text []byte, how func(*pass) error) (reading, *pass, error) {
	src, _ := memorySource("f", ".", bytes.NewReader(text))
	var r reading
	p := newPass(src, options(), func(one row) error {
		e := one.Entry
		r.entries = append(r.entries, fmt.Sprintf("%d %q %q %q %q %q %q %q %v %v %v", e.Ordinal, e.VehicleID, e.UserID, e.Grant, e.VIN, e.Label, e.Cohort, e.Fields, e.ExpiresAt, e.TokenKind, e.HasRefresh))
		return nil
	})
	err := how(p)
	return r, p, err
}

func finished(r reading, p *pass, err error) reading {
	var bad fatal
	if errors.As(err, &bad) {
		r.entries, r.problems = nil, []string{fmt.Sprintf("%d: %s", bad.line, bad.message)}
		return r
	}
	r.broken, r.digest = p.broken, sum(p)
	_ = p.finish()
	for _, one := range p.problems.List {
		r.problems = append(r.problems, one.String())
	}
	return r
}

// agree checks that reading in pieces and reading the whole say the same wherever the first is sure of itself.
func agree(t *testing.T, text []byte) {
	t.Helper()
	pieces := readPieces(text)
	if pieces.doubtful || pieces.broken {
		return
	}
	whole := readAll(text)
	switch {
	case strings.Contains(strings.Join(append(pieces.problems, whole.problems...), ""), "64 KiB"), len(pieces.problems) >= document.MaxProblems:
	case whole.broken != pieces.broken, !slices.Equal(pieces.problems, whole.problems):
		t.Errorf("problems differ for\n%q\npieces: %q\nwhole:  %q", text, pieces.problems, whole.problems)
	case !slices.Equal(pieces.entries, whole.entries), pieces.digest != whole.digest && len(whole.problems) == 0:
		t.Errorf("entries differ for\n%q\npieces: %q\nwhole:  %q", text, pieces.entries, whole.entries)
	}
}

func corpus(t testing.TB) [][]byte {
	t.Helper()
	files, err := filepath.Glob(folder + "/*.yaml")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	var list [][]byte
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, text)
	}
	for _, s := range tricky {
		list = append(list, []byte(s))
	}
	return list
}

// tricky are files at which cutting by indentation could go wrong.
var tricky = []string{
	"version: 1\nvehicles:\n  - vehicleId: \"a\n  - vehicleId: b\"\n",
	"version: 1\nvehicles:\n- vehicleId: a\n  label: |\n    one\n# two\n    three\n- vehicleId: b\n",
	"version: 1\nvehicles:\n- vehicleId: a\n  label: |-\n    one\n    # two\n- vehicleId: b\n",
	"version: 1\nvehicles:\n- vehicleId: a\n  label: |+\n    one\n\n\n- vehicleId: b\n",
	"version: 1\nvehicles:\n- {vehicleId: a,\n- vehicleId: b}\n",
	"version: 1\nvehicles:\n- {vehicleId: a,\nuserId: b}\nx: y\n",
	"version: 1\nvehicles:\n    # deep comment\n\n  - vehicleId: a\n",
	"version: 1\nvehicles:\n# c\n- vehicleId: a\n  # c\n\n  userId: b\n",
	"a: \"\nvehicles:\n  - x: y\nb\"\nversion: 1\n",
	"version: 1\nvehicles:\n  - vehicleId: a\nvehicles:\n  - vehicleId: b\n",
	"\"vehicles\":\n  - vehicleId: a\nversion: 1\n",
	"vehicles :\n  - vehicleId: a\nversion: 1\n",
	"version: 1\nvehicles: !!seq\n  - vehicleId: a\n",
	"version: 1\nvehicles: &v\n  - vehicleId: a\n",
	"version: 1\r\nvehicles:\r\n  - vehicleId: a\r\n    userId: b\r\n",
	"version: 1\rvehicles:\r  - vehicleId: a\r",
	"version: 1\nvehicles:\n  -\tvehicleId: a\n",
	"version: 1\nvehicles:\n  - vehicleId: a\n  -\n  - vehicleId: b\n",
	"%YAML 1.1\n---\nversion: 1\nvehicles:\n- vehicleId: a\n",
	"---\nversion: 1\nvehicles:\n- vehicleId: a\n...\n",
	"---\nversion: 1\nvehicles:\n- vehicleId: a\n...\n---\nvehicleId: b\n...\n# end\n",
	"version: 1\n...\nvehicleId: a\n", "...\nversion: 1\nvehicles: [{vehicleId: a}]\n",
	"---\n---\nversion: 1\n", "---\n", "--- 1\n", "--- {version: 1, vehicles: [{vehicleId: a}]}\n", "--- # c\nversion: 1\n--- # d\nvehicleId: a\n---\n",
	"version: 1\n---\nvehicleId: a\n--- |\n text\n---\n~\n", "version: 1\n---\nvehicleId: a\n  userId: b\n", "version: 1\n---\n{vehicleId: a} x\n",
	"version: 1\n---\nvehicleId: a\n--- b\nvehicleId: c\n", "\xEF\xBB\xBFversion: 1\nvehicles:\n- vehicleId: a\n",
	"version: 1\nvehicles:\n- vehicleId: a\n  label: \u2028x\n", "version: 1\nvehicles:\n- ? vehicleId\n  : a\n", "version: 1\n? vehicles\n: - vehicleId: a\n",
	"version: 1\nvehicles:\n- vehicleId: &a x\n- vehicleId: *a\n  userId: u\n", "version: 1\nvehicles:\n  - vehicleId: a\n - vehicleId: b\n", "version: 1\nvehicles:\n -vehicleId: a\n",
	"version: 1\nvehicles:\n- <<: {vehicleId: a, userId: b}\n- \"<<\": x\n  vehicleId: c\n", "version: 1\nvehicles:\n- [a]: b\n  [c]: d\n  vehicleId: e\n",
}

func TestPiecesAndWholeAgree(t *testing.T) {
	sure := 0
	for _, text := range corpus(t) {
		agree(t, text)
		if r := readPieces(text); !r.doubtful && !r.broken {
			sure++
		}
	}
	if sure < 30 {
		t.Errorf("only %d files were read in pieces", sure)
	}
}

func TestPiecesAndWholeAgreeOnDamagedFiles(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	all := corpus(t)
	for range 3000 {
		text := slices.Clone(all[r.IntN(len(all))])
		for range 1 + r.IntN(3) {
			text = damaged(r, text)
		}
		agree(t, text)
	}
}

func damaged(r *rand.Rand, text []byte) []byte {
	if len(text) == 0 {
		return text
	}
	i := r.IntN(len(text))
	j := i + r.IntN(min(40, len(text)-i))
	inserts := []string{"\n", " ", "  ", "-", "- ", "\"", "'", "{", "}", "[", "]", ":", "#", " #", "|", "&a ", "*a", "---\n", "...\n", "\t", "?", "vehicles:\n", "!!x "}
	switch r.IntN(3) {
	case 0:
		return slices.Delete(text, i, j)
	case 1:
		return slices.Insert(text, i, []byte(inserts[r.IntN(len(inserts))])...)
	}
	return slices.Insert(text, i, slices.Clone(text[i:j])...)
}

func FuzzSplit(f *testing.F) {
	for _, text := range corpus(f) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) { agree(t, text) })
}

// fleet writes the inventory of n vehicles as it is read.
type fleet struct {
	n, next int
	stream  bool
	buf     bytes.Buffer
}

func (f *fleet) Read(p []byte) (int, error) {
	for f.buf.Len() < len(p) && f.next <= f.n {
		f.write()
	}
	if f.buf.Len() == 0 {
		return 0, io.EOF
	}
	return f.buf.Read(p)
}

func (f *fleet) write() {
	first, indent := "  - ", "    "
	if f.stream {
		first, indent = "---\n", ""
	}
	switch f.next {
	case 0:
		f.buf.WriteString("version: 1\n")
		if !f.stream {
			f.buf.WriteString("vehicles:\n")
		}
	default:
		fmt.Fprintf(&f.buf, "%svehicleId: 36ab27d0-0000-4455-823a-%012d\n%suserId: 218eda3b-0000-49a8-8f3d-%012d\n%saccessToken: tok-%032d\n%sgrant: g%d\n",
			first, f.next, indent, f.next/2, indent, f.next, indent, f.next/3)
	}
	f.next++
}

func TestMemoryIsBounded(t *testing.T) {
	for _, stream := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "fleet.yaml")
		out, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		const n = memoryFleet
		if _, err := io.Copy(out, &fleet{n: n, stream: stream}); err != nil {
			t.Fatal(err)
		}
		_ = out.Close()
		peak := watchHeap()
		start := time.Now()
		f := mustOpen(t, path, options())
		opened := time.Since(start)
		seen := 0
		if err := f.Each(context.Background(), func(Entry) error { seen++; return nil }); err != nil || seen != n || f.Len() != n {
			t.Fatalf("%d entries, %v", seen, err)
		}
		grown := peak()
		t.Logf("stream %v: %d vehicles, opened in %s, heap grew by %d MiB at most", stream, n, opened, grown>>20)
		if grown > 64<<20 {
			t.Errorf("stream %v: the heap grew by %d MiB", stream, grown>>20)
		}
	}
}

// watchHeap samples the live heap until the function it gives is called, which tells the most it grew by.
func watchHeap() func() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	base := m.HeapAlloc
	var most atomic.Uint64
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				most.Store(max(most.Load(), m.HeapAlloc-min(base, m.HeapAlloc)))
			}
		}
	}()
	return func() uint64 { close(stop); <-done; return most.Load() }
}

func BenchmarkOpen(b *testing.B) {
	text, err := io.ReadAll(&fleet{n: 10_000})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := Open("-", Options{Stdin: bytes.NewReader(text)}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/10_000, "ns/vehicle")
}
