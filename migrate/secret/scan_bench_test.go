//go:build unix

package secret

import (
	"bytes"
	"strings"
	"syscall"
	"testing"
	"time"
)

// fullVault knows as many tokens as a vault keeps.
func fullVault() *Vault {
	v := NewVault(0)
	for i := range DefaultKeep {
		v.Add(New(token(i)))
	}
	return v
}

// BenchmarkFind is the last scan of artefacts as they are: JSON has few escapes, Markdown and HTML have many.
func BenchmarkFind(b *testing.B) { benchmarkFind(b, fullVault()) }

// BenchmarkFindAmongAMillion is the last scan of a run that has seen a million tokens.
func BenchmarkFindAmongAMillion(b *testing.B) {
	v := fullVault()
	for i := range 1_000_000 {
		v.older.add(token(DefaultKeep + i))
	}
	benchmarkFind(b, v)
}

func benchmarkFind(b *testing.B, v *Vault) {
	for name, line := range map[string]string{
		"json": `    {"ordinal":17,"vehicleId":"36ab27d0-fd9d-4455-823a-ce30af709ffc","verdict":"ready","cause":"","detail":"a \u0026 b","at":"2026-06-01T10:00:00Z"},` + "\n",
		"html": `<tr><td>36ab27d0-fd9d-4455-823a-ce30af709ffc</td><td class="ready">ready &#43; proved &amp; &#34;seen&#34;</td></tr>` + "\n",
		"md":   `| 36ab27d0-fd9d-4455-823a-ce30af709ffc | legacy\_retired | a &amp; b | \[x\] |` + "\n",
	} {
		b.Run(name, func(b *testing.B) {
			text := []byte(strings.Repeat(line, 1<<16))
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			before := processorTime(b)
			for b.Loop() {
				if found, _, err := v.Find(bytes.NewReader(text)); found || err != nil {
					b.Fatal(found, err)
				}
			}
			b.ReportMetric(float64(processorTime(b)-before)/float64(b.N*len(text)), "cpu-ns/B")
		})
	}
}

// BenchmarkAdd is what each new token costs in a vault that is full.
func BenchmarkAdd(b *testing.B) {
	v, i := fullVault(), DefaultKeep
	b.ReportAllocs()
	before := processorTime(b)
	for b.Loop() {
		i++
		v.Add(New(token(i)))
	}
	b.ReportMetric(float64(processorTime(b)-before)/float64(b.N), "cpu-ns/op")
}

// processorTime is this process's so far: it tells costs apart from a busy machine's waiting.
func processorTime(b *testing.B) time.Duration {
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		b.Fatal(err)
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}
