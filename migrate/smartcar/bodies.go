package smartcar

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
)

const (
	typeJSON = "application/json"
	typeForm = "application/x-www-form-urlencoded"
)

// batchBody is the body of POST …/batch (smartcar-v2.md §3).
type batchBody struct {
	Requests []batchPath `json:"requests"`
}

type batchPath struct {
	Path string `json:"path"`
}

func newBatchBody(paths []string) ([]byte, error) {
	requests := make([]batchPath, len(paths))
	for i, p := range paths {
		requests[i].Path = p
	}
	return json.Marshal(batchBody{Requests: requests})
}

// readsOnly is the guard's check of a batch: known GET paths and nothing else. The body must be byte for byte what our
// own encoder makes of it, so that no doubled or oddly cased key means one thing to us and another to the server.
func readsOnly(contentType string, body []byte) error {
	var batch batchBody
	if contentType != typeJSON || json.Unmarshal(body, &batch) != nil || len(batch.Requests) == 0 {
		return errors.New("the body is not a batch of reads")
	}
	if again, err := json.Marshal(batch); err != nil || !bytes.Equal(again, body) {
		return errors.New("the body has more than a batch of reads needs")
	}
	for _, r := range batch.Requests {
		if _, ok := legacyReads[r.Path]; !ok {
			return fmt.Errorf("batch path %q is not on the list of reads", r.Path)
		}
	}
	return nil
}

func clientCredentialsOnly(contentType string, body []byte) error {
	return checkForms(contentType, body, map[string]string{"grant_type": "client_credentials", "client_id": "", "client_secret": ""})
}

func refreshOnly(contentType string, body []byte) error {
	return checkForms(contentType, body, map[string]string{"grant_type": "refresh_token", "refresh_token": ""})
}

// checkForms wants exactly these fields, once each, with this value where one is given.
func checkForms(contentType string, body []byte, want map[string]string) error {
	form, err := url.ParseQuery(string(body))
	if err != nil || contentType != typeForm || len(form) != len(want) {
		return errors.New("the form is not the one of this grant")
	}
	for name, value := range want {
		got := form[name]
		if len(got) != 1 || got[0] == "" || value != "" && got[0] != value {
			return errors.New("the form is not the one of this grant")
		}
	}
	return nil
}
