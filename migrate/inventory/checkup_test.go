package inventory

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	someID    = "36ab27d0-0000-4455-823a-000000000001"
	otherID   = "36ab27d0-0000-4455-823a-000000000002"
	someUser  = "218eda3b-0000-49a8-8f3d-000000000001"
	otherUser = "218eda3b-0000-49a8-8f3d-000000000002"
	tokenA    = "c0ffee00-0000-4000-8000-00000000cafe"
	tokenB    = "c0ffee00-0000-4000-8000-00000000beef"
)

func checked(t *testing.T, text string, env map[string]string) *Checkup {
	t.Helper()
	path := filepath.Join(t.TempDir(), "inventory.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Check(path, Options{Getenv: func(name string) (string, bool) { v, ok := env[name]; return v, ok }}, time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func said(p Problems) string {
	var b strings.Builder
	for _, one := range p.List {
		b.WriteString(strings.TrimPrefix(one.String(), filepath.Dir(one.File)+"/") + "\n")
	}
	return b.String()
}

func vehicle(lines ...string) string {
	return "version: 1\nvehicles:\n  - " + strings.Join(lines, "\n    ") + "\n"
}

func TestCheckFindsWhatARunWouldTake(t *testing.T) {
	for _, c := range []struct{ reason, text, want string }{
		{"nothing is wrong", vehicle("vehicleId: "+someID, "userId: "+someUser, "accessToken: "+tokenA, "accessTokenExpiresAt: 2026-11-23T13:00:00Z"), ""},
		{"an id of our own", vehicle("vehicleId: van-12", "userId: "+someUser), ":3: vehicleId is not a UUID"},
		{"capital letters", vehicle("vehicleId: "+strings.ToUpper(someID), "userId: "+someUser), ":3: vehicleId is written in capital letters"},
		{"the same id twice", vehicle("vehicleId: "+someID, "userId: "+someID), ":3: userId is the same as vehicleId"},
		{"no userId", vehicle("vehicleId: " + someID), ":3: has no userId"},
		{"a dead token", vehicle("vehicleId: "+someID, "accessToken: "+tokenA, "accessTokenExpiresAt: 2026-11-23T11:00:00Z"), ":3: accessToken is dead"},
		{"the refresh token's time", vehicle("vehicleId: "+someID, "accessTokenExpiresAt: 2027-01-22T12:00:00Z"), ":3: accessTokenExpiresAt is further away"},
		{"an id as a token", vehicle("vehicleId: "+someID, "accessToken: "+someID), ":3: accessToken is one of the row's ids"},
		{"both tokens the same", vehicle("vehicleId: "+someID, "accessToken: "+tokenA, "refreshToken: "+tokenA), ":3: accessToken and refreshToken are the same"},
		{"no opaque token", vehicle("vehicleId: "+someID, "accessToken: c0ffee-cafe"), ":3: accessToken is not a UUID"},
		{"one token, two users", vehicle("vehicleId: "+someID, "userId: "+someUser, "accessToken: "+tokenA) + "  - {vehicleId: " + otherID + ", userId: " + otherUser + ", accessToken: " + tokenA + "}\n", ":6: accessToken is that of another row"},
		{"one refresh token, no grant", vehicle("vehicleId: "+someID, "refreshToken: "+tokenA) + "  - {vehicleId: " + otherID + ", refreshToken: " + tokenA + "}\n", ":5: refreshToken is that of another row"},
		{"one grant, two users", vehicle("vehicleId: "+someID, "userId: "+someUser, "grant: g") + "  - {vehicleId: " + otherID + ", userId: " + otherUser + ", grant: g}\n", ":6: the grant is shared"},
		{"a VIN with an O", vehicle("vehicleId: "+someID, "vin: 5YJSA1CN5DFP0O101"), ":3: vin is not of the usual form"},
		{"a program", vehicle("vehicleId: "+someID, "accessToken: exec:pass show x"), ":3: runs programs"},
		{"a program that is not there", vehicle("vehicleId: "+someID, "accessToken: exec:./c0ffee-token show"), ":3: accessToken names a program that was not found"},
		{"a token command that is not there", "version: 1\nlegacyTokens: {command: [./legacy-token]}\nvehicles:\n  - vehicleId: " + someID + "\n", ":2: the program \"legacy-token\" of legacyTokens.command was not found"},
		{"no tokens at all", vehicle("vehicleId: " + someID), "1 of 1 rows have no accessToken"},
	} {
		got := checked(t, c.text, nil)
		if text := said(got.Warnings); !strings.Contains(text, c.want) || (c.want == "" && text != "") {
			t.Errorf("%s: warnings are\n%swant %q", c.reason, text, c.want)
		}
		if text := said(got.Problems); text != "" {
			t.Errorf("%s: problems are\n%s", c.reason, text)
		}
		for _, secret := range []string{"c0ffee"} {
			if strings.Contains(said(got.Warnings), secret) {
				t.Errorf("%s: a token is shown:\n%s", c.reason, said(got.Warnings))
			}
		}
	}
}

func TestCheckNamesTheSameSlipOnce(t *testing.T) {
	text := "version: 1\nvehicles:\n"
	for range 3 {
		text += "  - vehicleId: " + strings.Replace(someID, "36", "4"+string(rune('0'+len(text)%7)), 1) + "\n"
	}
	got := checked(t, text, nil)
	if s := said(got.Warnings); strings.Count(s, "has no userId") != 1 || !strings.Contains(s, "the same in 2 more rows") {
		t.Errorf("got\n%s", s)
	}
}

func TestCheckSaysProblemsAndWarningsTogether(t *testing.T) {
	got := checked(t, vehicle("vehicleId: "+someID, "userId: eyJhbGciOi.c0ffee.c0ffee", "accessToken: client_c0ffee")+"  - vehicleId: van-5\n", nil)
	problems, warnings := said(got.Problems), said(got.Warnings)
	for _, want := range []string{":4: userId holds a JWT", ":5: accessToken holds an application's client id"} {
		if !strings.Contains(problems, want) {
			t.Errorf("problems are\n%swant %q", problems, want)
		}
	}
	if !strings.Contains(warnings, ":6: vehicleId is not a UUID") || strings.Contains(problems+warnings, "c0ffee") {
		t.Errorf("warnings are\n%s", warnings)
	}
}

func TestCheckLooksAtTheFile(t *testing.T) {
	tree := t.TempDir()
	inside := filepath.Join(tree, "ops", "fleet")
	if err := errorsOf(os.MkdirAll(inside, 0o700), os.Mkdir(filepath.Join(tree, ".git"), 0o700)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(inside, "inventory.yaml")
	if err := os.WriteFile(filepath.Join(inside, "token"), []byte(tokenA), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		reason, token string
		mode          os.FileMode
		tree          bool
		want          string
	}{
		{"a token in a repository", tokenA, 0o600, true, "holds tokens inside a git work tree"},
		{"a reference in a repository", "${TOKEN}", 0o600, false, ""},
		{"a token's file in a repository", "file:token", 0o600, true, ":3: accessToken lies in a file inside a git work tree"},
		{"readable by the group", tokenB, 0o640, true, "may be read by others than its owner (mode 0640)"},
	} {
		text := vehicle("vehicleId: "+someID, "userId: "+someUser, `accessToken: "`+c.token+`"`)
		if err := errorsOf(os.WriteFile(path, []byte(text), 0o600), os.Chmod(path, c.mode)); err != nil {
			t.Fatal(err)
		}
		got, err := Check(path, Options{Getenv: func(string) (string, bool) { return tokenA, true }}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if s := said(got.Warnings); !strings.Contains(s, c.want) || (got.GitTree != "") != c.tree || strings.Contains(s, "c0ffee") {
			t.Errorf("%s: tree %q, warnings\n%s", c.reason, got.GitTree, s)
		}
	}
}

func errorsOf(list ...error) error {
	for _, err := range list {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestCheckEnv(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"SMARTCAR_CLIENT_ID", tokenA, "that is the Application ID"},
		{"SMARTCAR_V3_CLIENT_ID", "eyJhbGciOi.c0ffee.c0ffee", "holds a JWT"},
		{"SMARTCAR_CLIENT_ID", "client_01C0FFEE", ""},
		{"SMARTCAR_CLIENT_SECRET_2", "eyJhbGciOi.c0ffee.c0ffee", "holds a JWT"},
		{"SMARTCAR_CLIENT_SECRET", "client_c0ffee", "holds the client id"},
		{"SMARTCAR_CLIENT_SECRET", tokenA, ""},
		{"SMARTCAR_LEGACY_CLIENT_ID", "client_c0ffee", "holds the v3 client id"},
		{"SMARTCAR_MANAGEMENT_TOKEN", "eyJhbGciOi.c0ffee.c0ffee", "holds a JWT"},
		{"SMARTCAR_MANAGEMENT_TOKEN_FILE", "/nowhere/c0ffee", "cannot read the file"},
	} {
		problems, _ := CheckEnv(func(name string) (string, bool) {
			if name != c.name {
				return "", false
			}
			return c.value, true
		})
		if s := said(problems); !strings.Contains(s, c.want) || (c.want == "") != (s == "") || strings.Contains(s, "c0ffee") {
			t.Errorf("%s: got %q, want %q", c.name, s, c.want)
		}
	}
}
