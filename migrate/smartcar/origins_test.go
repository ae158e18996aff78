package smartcar

import (
	"strings"
	"testing"
)

func TestOriginsFromEnv(t *testing.T) {
	table := []struct{ reason, value, wantError string }{
		{"https", "https://sim.example", ""},
		{"one slash is forgiven", "https://sim.example:8443/", ""},
		{"loopback http", "http://127.0.0.1:8787", ""},
		{"loopback http v6", "http://[::1]:8787", ""},
		{"localhost", "http://localhost:8787", ""},
		{"empty counts as not set", "", ""},
		{"a path", "https://auth.smartcar.com/oauth/token", `write "https://auth.smartcar.com"`},
		{"http elsewhere", "http://api.smartcar.com", "loopback addresses only"},
		{"http on a look-alike", "http://127.0.0.1.evil.example", "loopback addresses only"},
		{"user", "https://canary-user:canary-pass@api.smartcar.com", "no user"},
		{"query", "https://api.smartcar.com?x=canary-x", "no query"},
		{"no scheme", "api.smartcar.com", "write scheme and host"},
		{"another scheme", "ftp://api.smartcar.com", "not https"},
		{"no host", "https://", "write scheme and host"},
		{"garbage", "https://a b\x00", "write scheme and host"},
	}
	for _, row := range table {
		_, err := OriginsFromEnv(func(name string) (string, bool) {
			return row.value, name == "SMARTCAR_AUTH_ORIGIN"
		})
		switch {
		case row.wantError == "" && err != nil:
			t.Errorf("%s: %v", row.reason, err)
		case row.wantError != "" && (err == nil || !strings.Contains(err.Error(), row.wantError) || !strings.HasPrefix(err.Error(), "SMARTCAR_AUTH_ORIGIN: ")):
			t.Errorf("%s: got %v, want SMARTCAR_AUTH_ORIGIN: …%s…", row.reason, err, row.wantError)
		case err != nil && canaryIn(err.Error()):
			t.Errorf("%s: the error repeats what may be secret: %v", row.reason, err)
		}
	}
}

func TestOriginsFromEnvSetsTheRightHost(t *testing.T) {
	got, err := OriginsFromEnv(func(name string) (string, bool) { return "https://" + strings.ToLower(name) + ".example", true })
	want := Origins{
		IAM: "https://smartcar_iam_origin.example", App: "https://smartcar_vehicle_api_origin.example",
		Legacy: "https://smartcar_api_origin.example", Auth: "https://smartcar_auth_origin.example",
		Management: "https://smartcar_management_api_origin.example",
	}
	if err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := OriginsFromEnv(func(string) (string, bool) { return "", false }); err != nil || got != DefaultOrigins() {
		t.Errorf("nothing set: got %+v, %v", got, err)
	}
}

func TestAllOriginFaultsAtOnce(t *testing.T) {
	_, err := OriginsFromEnv(func(string) (string, bool) { return "http://far.example", true })
	if err == nil || strings.Count(err.Error(), "_ORIGIN: ") != 5 {
		t.Errorf("want one line for each of five variables, got %v", err)
	}
}
