package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDiffAndReportMeanTheSameByChanges: their schemas define changes alike, so that one reader serves both.
func TestDiffAndReportMeanTheSameByChanges(t *testing.T) {
	parts := func(schema []byte) (defs struct {
		Defs map[string]any `json:"$defs"`
	}) {
		schema = bytes.ReplaceAll(bytes.ReplaceAll(schema, []byte("#/properties/verdicts"), []byte("#/$defs/verdicts")), []byte("#/properties/readiness"), []byte("#/$defs/readiness"))
		if err := json.Unmarshal(schema, &defs); err != nil {
			t.Fatal(err)
		}
		return defs
	}
	ours, theirs := parts(SchemaOfDiff()).Defs, parts(Schema()).Defs
	for _, name := range []string{"changes", "changed", "changedCause"} {
		if diff := cmp.Diff(theirs[name], ours[name]); diff != "" || ours[name] == nil {
			t.Errorf("%s (-report +diff):\n%s", name, diff)
		}
	}
	if !strings.Contains(string(SchemaOfDiff()), `"`+DiffSchema+`"`) {
		t.Error("the schema is of another version")
	}
}
