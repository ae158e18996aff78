package report

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scmigrate/compare"
	"scmigrate/migrate"
)

// closedWords are the words a report may hold that are no name of anybody.
func closedWords() []string {
	words := []string{"a", "is", "full", "partial", "app-only", "live", "vin", "user", "list", "km", "kPa", "POLESTAR", "VOLKSWAGEN", "Model 3", "eu-pilot", "sc-data-age", "oemUpdatedAt", "COMPATIBILITY", "VEHICLE_NOT_CAPABLE",
		"RATE_LIMIT/VEHICLE", "read_odometer", "standard", "both", "blocked == 0", "possible", "older", "plausible", "nobody: run again", "61980", "2", "scmigrate", "odometer", "security", "sunroof", "signal", "match", "yes"}
	for _, v := range migrate.Verdicts() {
		words = append(words, string(v))
	}
	for _, c := range migrate.Causes() {
		words = append(words, string(c.Code))
	}
	for _, o := range compare.Outcomes() {
		words = append(words, string(o))
	}
	for _, f := range compare.All() {
		words = append(words, f.Name)
	}
	return words
}

// TestALabelThatIsAWordOfOurs: whatever word of a closed list a customer took for a label, or for an id, the shareable form
// says what it says of other names, but for the pseudonyms themselves.
func TestALabelThatIsAWordOfOurs(t *testing.T) {
	want := decodedShare(t, sampleSummary(), sampleVehicles())
	for _, word := range closedWords() {
		fleet, s := sampleVehicles(), sampleSummary()
		for i := range fleet {
			v := &fleet[i]
			*[]*string{&v.Label, &v.VehicleID, &v.UserID}[i%3] = word
			if i == 3 || i == 7 {
				v.Label, v.SuggestedUserID = word, new(word)
			}
		}
		s.Causes[0].Example = word
		if diff := cmp.Diff(want, decodedShare(t, s, fleet)); diff != "" {
			t.Errorf("%q:\n%s", word, diff)
		}
	}
}

// decodedShare is the shareable report.json with the members that hold ids taken out, of a fleet whose texts name none.
func decodedShare(t *testing.T, s Summary, fleet []Vehicle) map[string]any {
	t.Helper()
	for i := range fleet {
		for j := range fleet[i].Fields {
			if f := &fleet[i].Fields[j]; f.Field == "diagnostics.dtcs" {
				f.Note = "the app value is 2 h older; 61980 km in 2 h is possible"
			}
		}
	}
	raw := rendered(t, "json", Share(reportOf(s, fleet), shareKey), Options{})
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	withoutIDs(out)
	return out
}

func withoutIDs(v any) {
	switch v := v.(type) {
	case map[string]any:
		maps.DeleteFunc(v, func(key string, _ any) bool {
			return slices.Contains([]string{"vehicleId", "userId", "suggestedUserId", "example", "examples", "requestIds"}, key)
		})
		for _, inner := range v {
			withoutIDs(inner)
		}
	case []any:
		for _, inner := range v {
			withoutIDs(inner)
		}
	}
}

// TestShareTakesIDsOfAnyShape: short ones, ones that hold each other, ones that regular expressions read, ones with blanks.
func TestShareTakesIDsOfAnyShape(t *testing.T) {
	for _, ids := range [][2]string{
		{"q7", "q"}, {"van-12", "van-123"}, {"van-12", "fleet-van-12"}, {"Anna", "Anna-Maria"}, {`.*`, `(qq|[^x]+$`}, {"van.12+", "van?12"}, {"our van 12", "our van 12 of Quux"}, {"$1", "${0}"},
		{"bücher-7", "büch"}, {`back\slash`, `"quoted"`}, {"<b>van-9</b>", "a&b=van-9"}, {"904233", "9042331"}, {"van-12|x", "`van-12`"}, {"veh-zz", "(label)x"}, {"zq,;zq", "zq\tzq"},
	} {
		s, fleet := sampleSummary(), sampleVehicles()
		for i := range fleet {
			fleet[i].VehicleID, fleet[i].UserID = fmt.Sprintf("%s~%d", ids[0], i), ids[1]
		}
		for i := range s.Causes {
			s.Causes[i].Example = fleet[3].VehicleID
		}
		told := func(s *Summary, fleet []Vehicle, id string) {
			s.Causes[0].Meaning, fleet[3].Causes[0].Detail = "as on "+id+", it is said", "seen at "+id+" and ("+id+")."
		}
		told(&s, fleet, fleet[3].VehicleID)
		wantS, wantFleet := sampleSummary(), sampleVehicles()
		told(&wantS, wantFleet, Pseudonym(shareKey, PseudonymVehicle, fleet[3].VehicleID))
		if diff := cmp.Diff(decodedShare(t, wantS, wantFleet), decodedShare(t, s, fleet)); diff != "" {
			t.Errorf("%q:\n%s", ids, diff)
		}
		leaks(t, Share(reportOf(s, fleet), shareKey), append(escaped(fleet[3].VehicleID), escaped(ids[1])...))
	}
}

// escaped are the forms that an id has in the formats.
func escaped(id string) []string {
	quoted, _ := json.Marshal(id)
	if len(id) < 4 {
		return nil // a letter or two stand everywhere
	}
	return []string{id, string(quoted), strings.ReplaceAll(id, "&", "&amp;"), strings.ReplaceAll(id, "<", "&lt;")}
}

func leaks(t *testing.T, r Report, secrets []string) {
	t.Helper()
	for _, name := range Formats() {
		out := string(rendered(t, name, r, Options{}))
		for _, secret := range secrets {
			if at := strings.Index(out, secret); at >= 0 {
				t.Errorf("%s: %q is in the shareable form: …%s…", name, secret, out[max(0, at-60):min(len(out), at+60)])
			}
		}
	}
}

// TestScrubTakesWholeWords is about where in a text a known name is replaced.
func TestScrubTakesWholeWords(t *testing.T) {
	known := sharer{key: shareKey}.names()
	known.add(PseudonymVehicle, "van-12", "van-12-b", "odom", "match", "4711", "Anna")
	by := func(id string) string { return Pseudonym(shareKey, PseudonymVehicle, id) }
	for text, want := range map[string]string{
		"van-12, van-12-b":          by("van-12") + ", " + by("van-12-b"),
		"van-123 xvan-12 van-12.":   "van-123 xvan-12 " + by("van-12") + ".",
		"/v3/vehicles/van-12/x":     "/v3/vehicles/" + by("van-12") + "/x",
		"odometer odom.x x-odom":    "odometer odom.x x-odom",
		"a match of 4711 km":        "a match of 4711 km",
		"Annas Anna":                "Annas " + by("Anna"),
		"van-12van-12 van-12":       "van-12van-12 " + by("van-12"),
		"UPSTREAM/NO_RESPONSE":      "UPSTREAM/NO_RESPONSE",
		by("van-12") + " of van-12": by("van-12") + " of " + by("van-12"),
	} {
		if got := known.scrub(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}
