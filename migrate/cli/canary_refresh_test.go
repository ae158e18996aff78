package cli_test

import (
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"testing/synctest"

	"scmigrate/fixtures"
)

// refreshing is a canary world whose grants are dead. The journal and what a store keeps hold tokens because they must: they
// are not searched until the rotation is over.
func refreshing(t *testing.T) *canaryWorld {
	t.Helper()
	w := newCanaryWorld(t)
	w.env["SCMIGRATE_ALLOW_EXEC"] = "1"
	w.env["SMARTCAR_LEGACY_CLIENT_ID"], w.env["SMARTCAR_LEGACY_CLIENT_SECRET"] = w.world.LegacyClient()
	w.secrets(w.env["SMARTCAR_LEGACY_CLIENT_SECRET"])
	w.write("old.yaml", oldExpiry.ReplaceAllString(w.inventory(), "accessTokenExpiresAt: 2020-01-01T00:00:00Z"))
	w.appTokens = 0
	return w
}

// refresh runs the command in "old.yaml" and searches the table of lost owners too.
func (w *canaryWorld) refresh(store string, more ...string) {
	w.t.Helper()
	w.call(append([]string{"inventory", "refresh", "-i", w.path("old.yaml"), "-o", w.path("new.yaml"), "--store", store, "--csv", w.path("lost.csv"), "--overwrite"}, more...)...)
	if text, err := os.ReadFile(w.path("lost.csv")); err == nil {
		w.search("lost.csv", string(text))
	}
}

// over demands that pairs were made, and that the rotation's journal holds none any more.
func (w *canaryWorld) over() {
	w.t.Helper()
	text, err := os.ReadFile(w.path("new.yaml.rotation"))
	if w.appTokens == 0 || err != nil {
		w.t.Fatalf("%d tokens came, %v: the test proves nothing", w.appTokens, err)
	}
	w.search("the journal", string(text))
}

// TestCanariesOfARefresh: the written inventory is the store.
func TestCanariesOfARefresh(t *testing.T) {
	w := refreshing(t)
	w.refresh("inventory", "--dry-run")
	w.refresh("inventory")
	w.over()
	w.refresh("inventory") // every pair was spent
}

// TestCanariesOfAStore: a store that fails in every way and shows what it was given, until one keeps it.
func TestCanariesOfAStore(t *testing.T) {
	w := refreshing(t)
	for _, store := range []string{
		"exec:sh -c 'cat; cat >&2; exit 3'", "exec:sh -c 'read line; echo \"$line\" >&2; echo \"$line\"; exit 1'", "exec:sh -c 'kill -9 $$'",
		"exec:" + w.path("no-such-program"), "exec:", "exec:sh -c 'unclosed", "vault:x",
	} {
		w.refresh(store)
		w.refresh(store, "--dry-run")
	}
	w.refresh("exec:sh -c 'exec sleep 60'", "--store-timeout", "50ms")
	w.refresh("exec:sh -c 'cat >> " + w.path("store.jsonl") + "'")
	w.over()
	if kept, err := os.ReadFile(w.path("store.jsonl")); err != nil || !strings.Contains(string(kept), "refresh") {
		t.Errorf("the store kept nothing: %v", err)
	}
}

// TestCanariesOfAReference: a refresh token behind a program that fails and shows it.
func TestCanariesOfAReference(t *testing.T) {
	w := refreshing(t)
	text, err := os.ReadFile(w.path("old.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	token := w.world.Inventory()[0].RefreshToken
	for _, program := range []string{"echo $0; echo $0 >&2; exit 5", "echo $0 $0", "printf '%s\\n\\n%s' $0 $0", "echo '{\"refreshToken\":' $0"} {
		w.write("old.yaml", strings.Replace(string(text), "refreshToken: "+token, "refreshToken: {exec: [sh, -c, "+quotedYAML(program)+", "+token+"]}", 1))
		w.refresh("inventory", "--dry-run")
		w.refresh("inventory")
	}
}

func quotedYAML(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// TestCanariesOfAHost: what the authorisation host may answer; each repeats what it was sent.
func TestCanariesOfAHost(t *testing.T) {
	for name, answer := range map[string]struct {
		status int
		body   string
	}{
		"refused":      {400, `{"error":"invalid_grant","error_description":"no such SENT"}`},
		"credentials":  {401, `{"error":"invalid_client","error_description":"SENT"}`},
		"no JSON":      {200, "<p>SENT</p>"},
		"half":         {200, `{"access_token":"SENT`},
		"no refresh":   {200, `{"access_token":"SENT","expires_in":7200}`},
		"wrong types":  {200, `{"access_token":["SENT"],"refresh_token":{"a":"SENT"},"expires_in":"SENT"}`},
		"control":      {200, `{"access_token":"SENT\u001b[0m","refresh_token":"\nSENT","expires_in":7200}`},
		"broken":       {500, "SENT"},
		"elsewhere":    {302, "SENT"},
		"unknown code": {400, `{"error":"SENT","error_description":"SENT"}`},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // what is unclear is asked again for a while
				w := refreshing(t)
				w.clock = fixtures.NewClock(shifted)
				asked := 0
				w.transport = roundTripper(func(r *http.Request) (*http.Response, error) {
					asked++
					sent, err := io.ReadAll(r.Body)
					text := strings.ReplaceAll(answer.body, "SENT", secretIn(string(sent))+" "+secretOf(r))
					return &http.Response{StatusCode: answer.status, Header: http.Header{"Content-Type": {"application/json"}, "Location": {"https://x.example/" + secretIn(string(sent))}},
						Body: io.NopCloser(strings.NewReader(text)), ContentLength: int64(len(text)), Request: r}, err
				})
				w.call("inventory", "refresh", "-i", w.path("old.yaml"), "-o", w.path("new.yaml"), "--store", "inventory", "--limit", "unlimited")
				if asked == 0 {
					t.Error("nothing was sent: the test proves nothing")
				}
			})
		})
	}
	w := refreshing(t)
	w.panicking = "/oauth/token"
	w.refresh("inventory")
	w.env["SMARTCAR_LEGACY_CLIENT_SECRET"] = "canary-legacy-client-secret" // refused
	w.panicking = ""
	w.refresh("inventory")
}

// secretIn takes the refresh token out of a request's body, or all of it.
func secretIn(body string) string {
	form, err := url.ParseQuery(body)
	if token := form.Get("refresh_token"); err == nil && token != "" {
		return token
	}
	return body
}
