package cli

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"scmigrate/migrate/secret"
	"scmigrate/migrate/smartcar"
)

// recorder takes the place of the network: it keeps the requests as the client built them, answers nothing of worth, and lets
// none leave the process. What it keeps is exactly what a run sends.
type recorder struct{ sent []sentRequest }

type sentRequest struct {
	method, url string
	header      http.Header
	body        string
}

// RoundTrip keeps the request.
func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	var body []byte
	if request.Body != nil {
		var err error
		if body, err = io.ReadAll(request.Body); err != nil {
			return nil, err
		}
	}
	r.sent = append(r.sent, sentRequest{request.Method, request.URL.String(), request.Header.Clone(), string(body)})
	const answer = `{"access_token":"` + markApp + `","token_type":"Bearer","expires_in":3600}`
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(answer)), Request: request}, nil
}

// What stands in recorded requests where a run has secrets.
const (
	markApp      = "app-token-reference"
	markLegacy   = "legacy-token-reference"
	markClientID = "client-id-reference"
	markSecret   = "client-secret-reference"
)

// newRecording gives a client that only records.
func newRecording(origins smartcar.Origins) (*smartcar.Client, *recorder, error) {
	r := &recorder{}
	limit, err := smartcar.ParseLimit("unlimited")
	if err != nil {
		return nil, nil, err
	}
	client, err := smartcar.New(smartcar.Options{Origins: origins, Transport: r, Limiter: smartcar.NewLimiter(limit), ClientID: markClientID, ClientSecrets: []secret.Secret{secret.New(markSecret)}})
	return client, r, err
}

// names of the environment variables that the lines refer to.
type secretNames struct{ clientID, clientSecret, legacyToken, appToken string }

// curl writes the request as one command of a POSIX shell. Secrets come on standard input, so that no list of processes
// shows them.
func (s sentRequest) curl(names secretNames) string {
	var out bytes.Buffer
	switch s.header.Get("Authorization") {
	case "Bearer " + markLegacy:
		bearer(&out, names.legacyToken)
	case "Bearer " + markApp:
		bearer(&out, names.appToken)
	}
	fmt.Fprintf(&out, "curl -sSi -X %s %s -H @-", s.method, quoted(s.url))
	s.headers(&out)
	if s.body != "" {
		fmt.Fprintf(&out, " \\\n    --data-raw %s", quoted(s.body))
	}
	return out.String()
}

func bearer(out io.Writer, variable string) {
	fmt.Fprintf(out, "printf 'Authorization: Bearer %%s\\n' \"$%s\" |\n  ", variable)
}

// headers writes those that mean something to Smartcar.
func (s sentRequest) headers(out io.Writer) {
	var names []string
	for name := range s.header {
		if name != "Authorization" && name != "User-Agent" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(out, " \\\n    -H %s", quoted(name+": "+s.header.Get(name)))
	}
}

// tokenCurl writes the token request, whose answer goes into a variable.
func (s sentRequest) tokenCurl(names secretNames) string {
	var out bytes.Buffer
	fmt.Fprintf(&out, "%s=$(printf %%s \"$%s\" |\n  curl -sS -X %s %s", names.appToken, names.clientSecret, s.method, quoted(s.url))
	s.headers(&out)
	fmt.Fprintf(&out, " \\\n    --data-urlencode \"client_id=$%s\" --data-urlencode client_secret@- -d grant_type=client_credentials |\n"+
		"  sed -n 's/.*\"access_token\" *: *\"\\([^\"]*\\)\".*/\\1/p')", names.clientID)
	return out.String()
}

// quoted is text as one word of a POSIX shell, whatever stands in it.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
