package report

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestGoldens(t *testing.T) {
	for _, form := range []struct {
		name string
		r    Report
	}{{"private", sample()}, {"share", Share(sample(), shareKey)}} {
		for _, f := range formats() {
			t.Run(form.name+"/"+f.name, func(t *testing.T) {
				got := rendered(t, f.name, form.r, Options{Dir: "out"})
				if again := rendered(t, f.name, form.r, Options{Dir: "out"}); !bytes.Equal(got, again) {
					t.Error("two renders of one report differ")
				}
				golden(t, form.name+"."+f.name+".golden", got)
			})
		}
	}
}

func rendered(t *testing.T, format string, r Report, o Options) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := Render(&out, format, r, o); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("..", "..", "testdata", "report", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (write it with: go test ./migrate/report -update)", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s is not what it was (-want +got):\n%s\nif it is right: go test ./migrate/report -update", name, diff)
	}
}
