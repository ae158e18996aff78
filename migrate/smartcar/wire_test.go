package smartcar

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"scmigrate/compare"
)

func TestTransportTroubleIsClassifiedByType(t *testing.T) {
	table := []struct {
		err   error
		class string
		kind  compare.Kind
		sent  int
	}{
		{syscall.ECONNRESET, classReset, compare.KindNetwork, 2},
		{&net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}, classReset, compare.KindNetwork, 2},
		{io.EOF, classReset, compare.KindNetwork, 2},
		{syscall.ECONNREFUSED, classRefused, compare.KindNetwork, 2},
		{&net.DNSError{Err: "no such host", Name: "canary-host", IsTimeout: true}, classDNS, compare.KindNetwork, 2},
		{tls.AlertError(40), classTLS, compare.KindNetwork, 2},
		{os.ErrDeadlineExceeded, classTimeout, compare.KindTimeout, 1},
		{context.DeadlineExceeded, classTimeout, compare.KindTimeout, 1},
		{errors.New("canary-proxy-password"), classNetwork, compare.KindNetwork, 2},
	}
	for _, row := range table {
		synctest.Test(t, func(t *testing.T) {
			w := serving(func(*http.Request) (*http.Response, error) { return nil, row.err })
			var log calls
			a, err := newTestClient(t, w, func(o *Options) { o.OnCall = log.add }).Batch(t.Context(), "v", legacyToken(), []string{"/vin"})
			if err != nil || a.Failure == nil || a.Failure.Kind != row.kind || a.Status != 0 || len(log.all) != row.sent || log.all[0].Err != row.class {
				t.Errorf("%v: %v %+v, calls %+v", row.err, err, a.Failure, log.all)
			}
			if text := fmt.Sprintf("%+v %+v", a.Failure, log.all); canaryIn(text) {
				t.Errorf("%v: the error's text went on: %s", row.err, text)
			}
		})
	}
}

// toServer points both legs at a test server; the token endpoint is played by the server too.
func toServer(t *testing.T, handler http.HandlerFunc, change ...func(*Options)) *Client {
	t.Helper()
	server := httptest.NewServer(handler)
	transport := NewTransport()
	t.Cleanup(func() { transport.CloseIdleConnections(); server.Close() })
	all := append([]func(*Options){func(o *Options) {
		o.Origins = Origins{server.URL, server.URL, server.URL, server.URL, server.URL}
	}}, change...)
	return newTestClient(t, transport, all...)
}

func batchOf(t *testing.T, c *Client) Answer {
	t.Helper()
	a, err := c.Batch(t.Context(), "v", legacyToken(), []string{"/vin"})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestBodiesOnTheWire(t *testing.T) {
	zeroes := strings.Repeat("0", 1<<20)
	table := []struct {
		reason, class, note string
		kind                compare.Kind
		handler             http.HandlerFunc
	}{
		{"larger than allowed", classTooLarge, "the body is too large", compare.KindMalformed, func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, `{"x":"%s"}`, zeroes)
		}},
		{"small on the wire, large unpacked", classTooLarge, "the body is too large", compare.KindMalformed, func(w http.ResponseWriter, r *http.Request) {
			var packed bytes.Buffer
			z := gzip.NewWriter(&packed)
			fmt.Fprintf(z, `{"x":"%s"}`, zeroes)
			z.Close()
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(packed.Bytes())
		}},
		{"cut before its length", classTruncated, "the body ends too early", compare.KindMalformed, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "100")
			w.Write([]byte(`{"x":1}`))
		}},
		{"cut in a chunk", classTruncated, "the body ends too early", compare.KindMalformed, func(w http.ResponseWriter, r *http.Request) {
			conn, buf, _ := w.(http.Hijacker).Hijack()
			buf.WriteString("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n{\"x\":")
			buf.Flush()
			conn.Close()
		}},
		{"endless", classTimeout, "no answer in time", compare.KindTimeout, func(w http.ResponseWriter, r *http.Request) {
			w.Write([]byte(`{"x":`))
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}},
		{"silent", classTimeout, "no answer in time", compare.KindTimeout, func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		}},
		{"hung up", classReset, "the connection broke before the answer was whole", compare.KindNetwork, func(w http.ResponseWriter, r *http.Request) {
			conn, _, _ := w.(http.Hijacker).Hijack()
			conn.(*net.TCPConn).SetLinger(0)
			conn.Close()
		}},
	}
	for _, row := range table {
		var log calls
		c := toServer(t, row.handler, func(o *Options) { o.MaxBody, o.TimeoutLegacy, o.OnCall = 64<<10, 200*time.Millisecond, log.add })
		a := batchOf(t, c)
		if a.Failure == nil || a.Failure.Kind != row.kind || a.Failure.Note != row.note || len(a.Body) > 64<<10 {
			t.Errorf("%s: %+v, %d bytes", row.reason, a.Failure, len(a.Body))
		}
		if got := log.all[len(log.all)-1].Err; got != row.class {
			t.Errorf("%s: class %q, want %q", row.reason, got, row.class)
		}
	}
}

func TestRedirectsAreNotFollowedAndTheTokenStays(t *testing.T) {
	var strayed atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { strayed.Add(1) }))
	defer elsewhere.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		c := toServer(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL+"/v2.0/user", status) })
		if a := batchOf(t, c); a.Failure == nil || a.Failure.Kind != compare.KindMalformed || a.Failure.Status != status {
			t.Errorf("%d: %+v", status, a.Failure)
		}
		if err := c.AppToken(t.Context()); err == nil {
			t.Errorf("%d: a redirected token request succeeded", status)
		}
	}
	if strayed.Load() != 0 {
		t.Errorf("%d requests went elsewhere", strayed.Load())
	}
}

func TestTimeoutsStartAfterTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(LimiterOptions{Burst: 1, PerMinute: 1})
		for range 10 {
			l.DebitAt(time.Now(), HostApp)
		}
		w := serving(slow(59*time.Second, always(200, `{}`)))
		c := newTestClient(t, w, func(o *Options) { o.Limiter, o.ClientSecrets, o.TimeoutLegacy = l, nil, time.Minute })
		if a := batchOf(t, c); a.Failure != nil {
			t.Errorf("%+v", a.Failure)
		}
		w.answer = slow(61*time.Second, always(200, `{}`))
		if a := batchOf(t, c); a.Failure == nil || a.Failure.Kind != compare.KindTimeout {
			t.Errorf("%+v", a.Failure)
		}
	})
}

func TestEndOfTheContextIsAnErrorNotAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log calls
		w := serving(slow(time.Hour, always(200, `{}`)))
		c := newTestClient(t, w, func(o *Options) { o.OnCall = log.add })
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if a, err := c.Batch(ctx, "v", legacyToken(), []string{"/vin"}); !errors.Is(err, context.DeadlineExceeded) || a.Failure != nil {
			t.Errorf("%v %+v", err, a.Failure)
		}
		if len(log.all) != 1 || log.all[0].Err != "cancelled" {
			t.Errorf("the attempt is missing from the audit trail: %+v", log.all)
		}
		if _, err := c.Batch(ctx, "v", legacyToken(), []string{"/vin"}); err == nil || len(log.all) != 1 {
			t.Errorf("a call with an ended context: %v", err)
		}
	})
}

// Smartcar's hosts speak HTTP/2, where a reset has its own form.
func TestHTTP2(t *testing.T) {
	table := []struct {
		reason, class string
		attempts      int
		handler       http.HandlerFunc
	}{
		{"an answer", "", 1, func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, `{"http2":`+strconv.FormatBool(r.ProtoMajor == 2)+`}`)
		}},
		{"reset before the answer", classReset, 2, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
		{"reset in the body", classReset, 1, func(w http.ResponseWriter, r *http.Request) {
			w.Write([]byte(`{"x":`))
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}},
	}
	for _, row := range table {
		server := httptest.NewUnstartedServer(row.handler)
		server.EnableHTTP2 = true
		server.StartTLS()
		transport := NewTransport()
		transport.TLSClientConfig.RootCAs = server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
		var log calls
		a := batchOf(t, newTestClient(t, transport, func(o *Options) { o.Origins.Legacy, o.OnCall = server.URL, log.add }))
		if len(log.all) != row.attempts || log.all[0].Err != row.class || (row.class == "") != (a.Failure == nil) {
			t.Errorf("%s: %+v, calls %+v", row.reason, a.Failure, log.all)
		}
		if row.class == "" && string(a.Body) != `{"http2":true}` {
			t.Errorf("%s: %s", row.reason, a.Body)
		}
		transport.CloseIdleConnections()
		server.Close()
	}
}

func TestUnknownCertificate(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	server.StartTLS()
	defer server.Close()
	var log calls
	a := batchOf(t, newTestClient(t, NewTransport(), func(o *Options) { o.Origins.Legacy, o.OnCall = server.URL, log.add }))
	if a.Failure == nil || a.Failure.Kind != compare.KindNetwork || log.all[0].Err != classTLS {
		t.Errorf("%+v %+v", a.Failure, log.all)
	}
}
