package smartcar

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"scmigrate/fixtures"
	"scmigrate/migrate/secret"
)

const canaryRefresh = "canary-refresh-token"

func refreshing(o *Options) {
	o.AllowRefresh, o.LegacyID, o.LegacySecret = true, "0b2f0bd1-0000-4000-8000-000000000001", secret.New(canarySecret)
}

func TestRefreshReadsEveryAnswer(t *testing.T) {
	const pair = `{"access_token":"a-1","token_type":"Bearer","expires_in":7200,"refresh_token":"r-1"}`
	for _, c := range []struct {
		status int
		body   string
		want   RefreshResult
	}{
		{200, pair, RefreshCame},
		{200, `{"access_token":"a-1","refresh_token":"r-1"}`, RefreshCame},
		{200, `{"access_token":"a-1","token_type":"Bearer"}`, RefreshUnknown},
		{200, `{"refresh_token":"r-1"}`, RefreshUnknown},
		{200, `{"access_token":"a-1","token_type":"mac","refresh_token":"r-1"}`, RefreshUnknown},
		{200, `<html>`, RefreshUnknown},
		{302, ``, RefreshUnknown},
		{400, `{"error":"invalid_grant","error_description":"` + canaryRefresh + `"}`, RefreshDead},
		{400, `{"error":"invalid_request","error_description":"Invalid refresh_token: ` + canaryRefresh + `."}`, RefreshUnfit},
		{400, `{"error":"invalid_client"}`, RefreshCredentials},
		{401, `{"error":"invalid_client"}`, RefreshCredentials},
		{400, `no`, RefreshUnknown},
		{401, `<html>proxy`, RefreshUnknown},
		{404, `{"error":"invalid_grant"}`, RefreshUnknown},
		{429, `{"error":"rate_limited"}`, RefreshLimited},
		{502, `bad gateway`, RefreshUnknown},
	} {
		client := newTestClient(t, &world{answer: always(c.status, c.body)}, refreshing)
		got, err := client.Refresh(t.Context(), secret.New(canaryRefresh))
		if err != nil || got.Result != c.want || (got.Result == RefreshCame) == got.Pair.Refresh.IsZero() {
			t.Errorf("%d %s: %v %v, want %v", c.status, c.body, got.Result, err, c.want)
		}
		if canaryIn(fmt.Sprintf("%+v", got)) {
			t.Errorf("%d: the token is shown: %+v", c.status, got)
		}
	}
}

func TestRefreshSendsTheDocumentedRequest(t *testing.T) {
	w := &world{answer: always(200, `{"access_token":"a","refresh_token":"r","expires_in":"999999"}`)}
	client := newTestClient(t, w, refreshing)
	got, err := client.Refresh(t.Context(), secret.New(canaryRefresh))
	if err != nil || len(w.sent) != 1 {
		t.Fatal(err, len(w.sent))
	}
	s, r := w.sent[0], http.Request{Header: http.Header{}}
	r.SetBasicAuth("0b2f0bd1-0000-4000-8000-000000000001", canarySecret)
	if s.method != "POST" || s.path != "/oauth/token" || s.auth != r.Header.Get("Authorization") || s.body != "grant_type=refresh_token&refresh_token="+canaryRefresh || len(s.query) > 0 {
		t.Errorf("sent %+v", s)
	}
	if life := got.Pair.ExpiresAt.Sub(client.now()); life > legacyLife {
		t.Errorf("an absurd life of %s was believed", life)
	}
}

// The diagnostic commands cannot spend a refresh token, whatever calls them: the call needs the option, and so does the guard.
func TestNoOtherClientRefreshes(t *testing.T) {
	w := &world{answer: always(200, `{}`)}
	client := newTestClient(t, w)
	if _, err := client.Refresh(t.Context(), secret.New(canaryRefresh)); !errors.Is(err, ErrNoRefresh) || len(w.sent) > 0 {
		t.Errorf("without the option: %v, %d sent", err, len(w.sent))
	}
	client.applicationID, client.application = "x", secret.New(canarySecret)
	if _, err := client.Refresh(t.Context(), secret.New(canaryRefresh)); !errors.Is(err, ErrRefused) || len(w.sent) > 0 {
		t.Errorf("past the option: %v, %d sent", err, len(w.sent))
	}
	for _, o := range []Options{{AllowRefresh: true}, {AllowRefresh: true, LegacyID: "x"}} {
		if _, err := New(o); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
}

func TestRefreshAgainstTheSimulator(t *testing.T) {
	inWorld(t, func(*fixtures.Scenario) {}, func(t *testing.T, w *fixtures.World, client func(...func(*Options)) *Client) {
		c := client(func(o *Options) {
			id, s := w.LegacyClient()
			o.AllowRefresh, o.LegacyID, o.LegacySecret = true, id, secret.New(s)
		})
		row := w.Inventory()[0]
		first, err := c.Refresh(t.Context(), secret.New(row.RefreshToken))
		if err != nil || first.Result != RefreshCame {
			t.Fatal(first, err)
		}
		if a, err := c.LegacyUser(t.Context(), first.Pair.Access); err != nil || a.Failure != nil {
			t.Errorf("the new access token: %+v %v", a.Failure, err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if again, _ := c.Refresh(t.Context(), secret.New(row.RefreshToken)); again.Result != RefreshCame {
			t.Errorf("within the grace period: %v", again.Result)
		}
		time.Sleep(time.Second)
		if again, _ := c.Refresh(t.Context(), secret.New(row.RefreshToken)); again.Result != RefreshDead {
			t.Errorf("after it: %v", again.Result)
		}
		if unfit, _ := c.Refresh(t.Context(), secret.New("no-token")); unfit.Result != RefreshUnfit {
			t.Errorf("no token: %v", unfit.Result)
		}
	})
}
