package cli_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"filippo.io/age"
)

// inTheirTime runs a test of a refresh in this process whose waits take no time.
func inTheirTime(t *testing.T, vehicles int, grace time.Duration, store string, test func(t *testing.T, r *rotating)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)))
		test(t, newQuietRotating(t, vehicles, grace, store))
	})
}

// answer makes an answer of the authorisation host.
func answer(status int, body string, header ...string) func() *httptest.ResponseRecorder {
	return func() *httptest.ResponseRecorder {
		a := httptest.NewRecorder()
		for i := 0; i+1 < len(header); i += 2 {
			a.Header().Set(header[i], header[i+1])
		}
		a.WriteHeader(status)
		_, _ = a.WriteString(body)
		return a
	}
}

// lostAnswers are what may arrive in the place of a pair that the host sent.
var lostAnswers = map[string]func() *httptest.ResponseRecorder{
	"a time-out":           func() *httptest.ResponseRecorder { return nil },
	"500":                  answer(500, "oops"),
	"502 of a proxy":       answer(502, "<html>bad gateway</html>"),
	"503 with a wait":      answer(503, "", "Retry-After", "3600"),
	"429 with a wait":      answer(429, `{"error":"rate_limited"}`, "Retry-After", "3600"),
	"404":                  answer(404, `{"error":"not_found"}`),
	"garbage":              answer(200, "\x00\xff<<"),
	"half a pair":          answer(200, `{"access_token":"11016e76-610c-41c6-9688-1f5613889932","token_type":"Bearer"}`),
	"half an answer":       answer(200, `{"access_token":"11016e76-610c-41c6-9688-1f56`),
	"401 without a reason": answer(401, "sign in to the hotel's network"),
}

// TestRefreshRepeatsLostAnswers loses the answers to what the host did: the old token is sent again within the grace period,
// never after its successor is stored (the world looks), and nobody is locked out.
func TestRefreshRepeatsLostAnswers(t *testing.T) {
	for name, lost := range lostAnswers {
		for _, grace := range []time.Duration{time.Minute, 10 * time.Minute} {
			inTheirTime(t, 3, grace, "inventory", func(t *testing.T, r *rotating) {
				missing := 3
				r.bend = func(_ int, a *httptest.ResponseRecorder) *httptest.ResponseRecorder {
					if a.Code == 200 && missing > 0 && !(name == "429 with a wait" && missing == 3) {
						missing--
						return lost()
					}
					if missing == 3 {
						missing--
						return answer(502, "")() // a limit alone says that nothing was spent
					}
					missing = 3
					return a
				}
				if code, said := r.inProcess(r.arguments()...); code != 0 {
					t.Errorf("%s, %s: exit %d: %s", name, grace, code, said)
				}
				r.wantWhole(name)
			})
		}
	}
}

// TestRefreshAnswersLostForGood ends with exit 4, is finished by the same command, and hours later names the one owner who
// must connect again and no other.
func TestRefreshAnswersLostForGood(t *testing.T) {
	for name, lost := range lostAnswers {
		for _, hours := range []time.Duration{0, 3 * time.Hour} {
			inTheirTime(t, 3, time.Minute, "inventory", func(t *testing.T, r *rotating) {
				r.bend = func(n int, a *httptest.ResponseRecorder) *httptest.ResponseRecorder {
					switch {
					case n == 1:
						return a // the first grant is refreshed
					case name == "429 with a wait" && n == 2:
						return answer(500, "")()
					}
					return lost()
				}
				code, said := r.inProcess(r.arguments()...)
				if code != 4 || !strings.Contains(said, "start the same command again") || !strings.Contains(said, "1 grant refreshed and stored, 0 grants to be connected again, 2 grants left") {
					t.Errorf("%s: exit %d: %s", name, code, said)
				}
				r.bend = nil
				if time.Sleep(hours); hours == 0 && name != "a time-out" { // which alone takes longer than the grace period
					r.finish()
					r.wantWhole(name)
					return
				}
				r.wantOneLost(name)
			})
		}
	}
}

// wantOneLost finishes a refresh behind the grace period: the owner of the second vehicle is lost, and said to be.
func (r *rotating) wantOneLost(when string) {
	r.t.Helper()
	rows := r.world.Inventory()
	code, said := r.inProcess(append(r.arguments(), "--csv", r.path("lost.csv"))...)
	want := "user " + rows[1].UserID + "  vehicle " + rows[1].VehicleID + "  an earlier attempt got no answer, and the token no longer works"
	if code != 4 || !strings.Contains(said, want) || !strings.Contains(said, "2 grants refreshed and stored, 1 grant to be connected again, 0 grants left") || strings.Contains(said, "vehicle "+rows[0].VehicleID) {
		r.t.Errorf("%s: exit %d: %s, want %s", when, code, said, want)
	}
	if text, err := os.ReadFile(r.path("lost.csv")); err != nil || strings.Count(string(text), "\n") != 2 || !strings.Contains(string(text), rows[1].UserID+","+rows[1].VehicleID) {
		r.t.Errorf("%s: the list says %q, %v", when, text, err)
	}
	if n := r.world.LockedOut(r.held(), r.now().Add(time.Hour)); n != 1 {
		r.t.Errorf("%s: %d owners are locked out, want the one who is named", when, n)
	}
}

// TestRefreshKilledIsTooLate kills it when the second token is spent and unanswered, and starts it again hours later.
func TestRefreshKilledIsTooLate(t *testing.T) {
	for _, store := range []string{"inventory", "exec"} {
		r := newRotating(t, 3, time.Minute, store)
		dead := make(chan func(), 1)
		r.spent = func(n int) {
			if n == 2 {
				(<-dead)()
			}
		}
		child := r.start()
		dead <- func() { _ = child.Process.Kill() }
		_ = child.Wait()
		r.later(3 * time.Hour)
		r.wantOneLost(store)
	}
}

// TestRefreshWaitsForALimitAsLongAsNothingIsSpent: the wait is the host's, and an interrupt ends it.
func TestRefreshWaitsForALimitAsLongAsNothingIsSpent(t *testing.T) {
	limited := answer(429, `{"error":"rate_limited"}`, "Retry-After", "300")
	inTheirTime(t, 2, time.Minute, "inventory", func(t *testing.T, r *rotating) {
		r.serveFirst = func(n int) *httptest.ResponseRecorder {
			if n <= 2 {
				return limited()
			}
			return nil
		}
		began := time.Now()
		if code, said := r.inProcess(r.arguments()...); code != 0 || time.Since(began) < 10*time.Minute {
			t.Errorf("exit %d after %s: %s", code, time.Since(began), said)
		}
		r.wantWhole("after a limit")
	})
	inTheirTime(t, 2, time.Minute, "inventory", func(t *testing.T, r *rotating) {
		r.serveFirst = func(int) *httptest.ResponseRecorder { return limited() }
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if code, said := r.under(ctx, r.arguments()...); code != 130 {
			t.Errorf("interrupted while it waited for a limit: exit %d: %s", code, said)
		}
		r.wantNothingSpent("interrupted while it waited for a limit")
	})
}

// wantNothingSpent looks at what a refresh left that spent nothing, and lets it go on from there.
func (r *rotating) wantNothingSpent(when string) {
	r.t.Helper()
	journal, _ := os.ReadFile(r.path(r.out() + ".rotation"))
	if len(r.followed) > 0 || strings.Contains(string(journal), "efreshToken") {
		r.t.Errorf("%s: %d tokens were spent, the journal holds %s", when, len(r.followed), journal)
	}
	r.serveFirst, r.bend = nil, nil
	r.finish()
	r.wantWhole(when)
}

// TestRefreshCredentialsAreRefused: exit 5, nothing is spent, and the right ones go on from there, those of another
// application included.
func TestRefreshCredentialsAreRefused(t *testing.T) {
	for _, wrong := range []string{"SMARTCAR_LEGACY_CLIENT_SECRET=not-the-secret-at-all", "SMARTCAR_LEGACY_CLIENT_ID=00000000-0000-4000-8000-000000000009"} {
		r := newQuietRotating(t, 2, time.Minute, "inventory")
		right := r.env
		r.env = append(r.env, wrong)
		code, said := r.inProcess(r.arguments()...)
		if code != 5 || !strings.Contains(said, "credentials are refused") || strings.Contains(said, "not-the-secret-at-all") {
			t.Errorf("%s: exit %d: %s", wrong, code, said)
		}
		r.env = right
		r.wantNothingSpent(wrong)
	}
}

// TestRefreshCredentialsAreRefusedBehindALostAnswer: the token may be spent, and stays at stake.
func TestRefreshCredentialsAreRefusedBehindALostAnswer(t *testing.T) {
	inTheirTime(t, 2, time.Minute, "inventory", func(t *testing.T, r *rotating) {
		r.bend = func(n int, _ *httptest.ResponseRecorder) *httptest.ResponseRecorder {
			if n == 1 {
				return answer(502, "")()
			}
			return answer(401, `{"error":"invalid_client"}`)()
		}
		if code, said := r.inProcess(r.arguments()...); code != 5 {
			t.Errorf("exit %d: %s", code, said)
		}
		r.bend = nil
		r.finish()
		r.wantWhole("after credentials that were refused for a while")
	})
}

// TestRefreshWhereEveryTokenIsRefused asks whether these are the right tokens before all owners are troubled.
func TestRefreshWhereEveryTokenIsRefused(t *testing.T) {
	r := newQuietRotating(t, 4, time.Minute, "inventory")
	r.serveFirst = func(int) *httptest.ResponseRecorder {
		return answer(400, `{"error":"invalid_grant","error_description":"canary"}`)()
	}
	if code, said := r.inProcess(r.arguments()...); code != 4 || !strings.Contains(said, "are these tokens of the application ") || strings.Contains(said, "canary") {
		t.Errorf("exit %d: %s", code, said)
	}
}

// TestRefreshOfAnEncryptedInventory is refused with the next step, and leaves nothing.
func TestRefreshOfAnEncryptedInventory(t *testing.T) {
	r := newQuietRotating(t, 2, time.Minute, "inventory")
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, id.Recipient())
	if err == nil {
		_, err = w.Write([]byte(r.text("old.yaml")))
	}
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	r.write("old.yaml", sealed.String())
	if code, said := r.inProcess(r.arguments()...); code != 2 || !strings.Contains(said, "SCMIGRATE_AGE_IDENTITY_FILE") {
		t.Errorf("without the key: exit %d: %s", code, said)
	}
	r.write("key", id.String())
	r.env = append(r.env, "SCMIGRATE_AGE_IDENTITY_FILE="+r.path("key"))
	if code, said := r.inProcess(r.arguments()...); code != 2 || !strings.Contains(said, "age -d -i KEY") || r.sends > 0 {
		t.Errorf("exit %d, %d sent: %s", code, r.sends, said)
	}
	_ = filepath.WalkDir(r.dir, func(path string, _ fs.DirEntry, _ error) error {
		if text, _ := os.ReadFile(path); strings.Contains(string(text), r.world.Inventory()[0].RefreshToken) || strings.HasSuffix(path, ".rotation") {
			t.Errorf("it left %s", path)
		}
		return nil
	})
}
