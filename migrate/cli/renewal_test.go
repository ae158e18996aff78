package cli_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"scmigrate/fixtures"
)

// TestListsAreRenewedInMidRun: a run of more than a day reads the connections list again. A car that was measured before and
// is not connected any more must not stay ready, and one that is granted less is measured again.
func TestListsAreRenewedInMidRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := fixtures.HealthyScenario(200, 5)
		s.Limits = fixtures.Limits{Bucket: 1000, PerMinute: 1000}
		b := newBenchAt(t, s, shifted)
		b.sleep = virtualSleep
		shop := newTokenShop(b.world)
		b.serveTokens(shop)
		rows := b.world.Inventory()
		gone, less := rows[3].VehicleID, rows[150].VehicleID
		started := b.clock.Now()
		b.transport = &changing{next: b.world.Transport(), from: started.Add(12 * time.Hour), now: b.clock.Now, gone: gone, less: less}
		code, stdout, stderr := b.call("run", "-i", b.path("inventory.yaml"), "-o", b.path("out"), "--format", "json", "--limit", "20+10/h", "--limit-share", "100%")
		if code != 3 {
			t.Fatalf("exit %d\n%s%s", code, stdout, stderr)
		}
		for _, v := range b.report().Vehicles {
			want := "ready"
			if v.VehicleID == gone {
				want = "blocked"
			}
			if v.Verdict != want {
				t.Errorf("%s is %s %+v, want %s", v.VehicleID, v.Verdict, v.Causes, want)
			}
		}
		again := slices.ContainsFunc(b.world.Requests(), func(r fixtures.Request) bool {
			return strings.Contains(r.Path, less) && strings.HasSuffix(r.Path, "/signals") && r.Time.Sub(started) > 24*time.Hour
		})
		if !again {
			t.Error("the car that is granted less was not measured again")
		}
		if !strings.Contains(stderr, "vehicles measured before that are measured again: 2\n") || !strings.Contains(stderr, "202 of 202 vehicles") {
			t.Errorf("the progress does not tell of it: %s", stderr[max(0, len(stderr)-1500):])
		}
		if !strings.Contains(b.read("out/report.json"), "connections-changed") {
			t.Error("no note tells of the change")
		}
	})
}

// changing is a transport behind which, from a moment on, the connections list lacks one car and one car's odometer
// permission.
type changing struct {
	next       http.RoundTripper
	from       time.Time
	now        func() time.Time
	gone, less string
}

func (c *changing) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := c.next.RoundTrip(r)
	if err != nil || c.now().Before(c.from) {
		return answer, err
	}
	if strings.Contains(r.URL.Path, c.gone) && strings.HasPrefix(r.URL.Path, "/v3/") {
		answer.StatusCode, answer.Body = 403, io.NopCloser(strings.NewReader(`{"errors":[{"status":"403","type":"PERMISSION","code":null}]}`))
		return answer, nil
	}
	if r.URL.Path != "/v3/connections" {
		return answer, nil
	}
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	answer.Body = io.NopCloser(bytes.NewReader(c.change(text)))
	answer.Header.Del("Content-Length")
	return answer, nil
}

func (c *changing) change(text []byte) []byte {
	var page map[string]any
	if err := json.Unmarshal(text, &page); err != nil {
		return text
	}
	list, _ := page["data"].([]any)
	kept := []any{}
	for _, row := range list {
		one, _ := json.Marshal(row)
		switch {
		case bytes.Contains(one, []byte(c.gone)):
			continue
		case bytes.Contains(one, []byte(c.less)):
			if err := json.Unmarshal(bytes.ReplaceAll(one, []byte(`"read_odometer"`), []byte(`"read_nothing"`)), &row); err != nil {
				return text
			}
		}
		kept = append(kept, row)
	}
	page["data"] = kept
	if meta, ok := page["meta"].(map[string]any); ok {
		if total, ok := meta["totalCount"].(float64); ok {
			meta["totalCount"] = total - 1
		}
	}
	out, _ := json.Marshal(page)
	return out
}
