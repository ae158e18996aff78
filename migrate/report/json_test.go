package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"iter"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func compiledSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("report.json", doc); err != nil {
		t.Fatal(err)
	}
	return c.MustCompile("report.json")
}

func TestJSONKeepsItsSchema(t *testing.T) {
	schema := compiledSchema(t)
	empty := reportOf(Summary{Run: Run{LegacyAPI: "v2", Legs: "both"}}, nil)
	bare := reportOf(Summary{Run: Run{LegacyAPI: "none", Legs: "app"}}, []Vehicle{{Verdict: "inconclusive"}})
	odd := reportOf(sampleSummary(), []Vehicle{{Verdict: "blocked", Fields: []Field{{Field: "x", Outcome: "differs", Legacy: &Observation{Value: math.NaN()}, App: &Observation{Value: func() {}}}}}})
	for name, r := range map[string]Report{"sample": sample(), "share": Share(sample(), shareKey), "empty": empty, "bare": bare, "odd values": odd, "hostile": hostile(everyHostileString())} {
		t.Run(name, func(t *testing.T) {
			value, err := jsonschema.UnmarshalJSON(bytes.NewReader(rendered(t, "json", r, Options{})))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(value); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSchemaRefusesOtherWords(t *testing.T) {
	schema := compiledSchema(t)
	for _, change := range [][2]string{{`"met": "no"`, `"met": "perhaps"`}, {`"verdict":"broken"`, `"verdict":"fine"`}, {`"total": 8`, `"total": -1`}, {`"gates": [`, `"doors": [`}} {
		text := bytes.Replace(rendered(t, "json", sample(), Options{}), []byte(change[0]), []byte(change[1]), 1)
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if schema.Validate(value) == nil {
			t.Errorf("a report with %s is accepted", change[1])
		}
	}
}

func TestJSONReadsBack(t *testing.T) {
	var back struct {
		Summary
		Vehicles []Vehicle `json:"vehicles"`
	}
	if err := json.Unmarshal(rendered(t, "json", sample(), Options{}), &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(whole(sampleSummary()), back.Summary); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(rendered(t, "json", sample(), Options{}), rendered(t, "json", reportOf(back.Summary, back.Vehicles), Options{})); diff != "" {
		t.Error(diff)
	}
	if v := back.Vehicles[3]; *v.Fields[1].App.At != *at(-105) || v.Fields[1].App.Value != 61980.0 || v.SuggestedUserID != nil || *back.Vehicles[7].SuggestedUserID != userID(70) {
		t.Errorf("vehicle 3 is %+v", v)
	}
}

func TestFleetErrorsEndTheReport(t *testing.T) {
	trouble := errors.New("disk gone")
	r := sample()
	r.Vehicles = func() iter.Seq2[Vehicle, error] {
		return func(yield func(Vehicle, error) bool) { yield(Vehicle{}, trouble) }
	}
	for _, name := range []string{"html", "markdown", "json", "junit", "csv"} {
		for _, form := range []Report{r, Share(r, shareKey)} {
			if err := Render(&bytes.Buffer{}, name, form, Options{}); !errors.Is(err, trouble) {
				t.Errorf("%s: error is %v", name, err)
			}
		}
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestWriteErrorsAreReturned(t *testing.T) {
	for _, name := range Formats() {
		if Render(fullDisk{}, name, sample(), Options{}) == nil {
			t.Errorf("%s swallows a write error", name)
		}
	}
	if err := Render(&bytes.Buffer{}, "pdf", sample(), Options{}); err == nil {
		t.Error("an unknown format is accepted")
	}
}
