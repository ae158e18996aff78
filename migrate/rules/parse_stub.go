package rules

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"scmigrate/compare"
)

// Parse reads a rules file (CONTRACT §5): a stand-in for the strict reader, for amounts in canonical units only. name is the
// file's in messages.
func Parse(name string, text []byte) (Rules, error) {
	var f file
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&f); err != nil || f.Version != 1 {
		return Rules{}, errors.Join(fmt.Errorf("%s: these are no rules (start them with \"version: 1\")", name), err)
	}
	r := Rules{Require: f.Fields.Require, Ignore: f.Fields.Ignore, Permissions: f.Permissions.Require, Tolerance: map[string]compare.Tolerance{}}
	for cohort, c := range f.Fields.Cohorts {
		if r.Cohorts == nil {
			r.Cohorts = map[string][]string{}
		}
		r.Cohorts[cohort] = c.Require
	}
	return r, errors.Join(f.tolerances(&r), f.ages(&r), f.waivers(&r))
}

// Digest names what the rules say; "none" where they say nothing.
func (r Rules) Digest() string {
	text, err := json.Marshal(r)
	if err != nil || string(text) == "{}" {
		return "none"
	}
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:])
}

type file struct {
	Version int
	Fields  struct {
		Require, Ignore []string
		Cohorts         map[string]struct{ Require []string }
	}
	Permissions struct{ Require []string }
	Tolerance   map[string]string
	Freshness   map[string]time.Duration
	Waivers     []struct {
		ID, Cause, Field, Reason, Owner, Expires string
		Match                                    Match
		MaxVehicles                              int `yaml:"maxVehicles"`
	}
}

func (f file) tolerances(r *Rules) (err error) {
	for field, text := range f.Tolerance {
		number, relative := strings.CutSuffix(text, "%")
		n, failed := strconv.ParseFloat(strings.TrimRight(number, "abcdefghijklmnopqrstuvwxyzPW "), 64)
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("tolerance: %s is not one", field))
		}
		r.Tolerance[field] = compare.Tolerance{Abs: n}
		if relative {
			r.Tolerance[field] = compare.Tolerance{Rel: n / 100}
		}
	}
	return err
}

func (f file) ages(r *Rules) error {
	for field, limit := range f.Freshness {
		if field == "default" {
			r.Freshness.Default = limit
			continue
		}
		if r.Freshness.Fields == nil {
			r.Freshness.Fields = map[string]time.Duration{}
		}
		r.Freshness.Fields[field] = limit
	}
	return nil
}

func (f file) waivers(r *Rules) error {
	for _, w := range f.Waivers {
		expires, err := time.Parse(time.DateOnly, w.Expires)
		if err != nil || w.Reason == "" || w.Owner == "" {
			return fmt.Errorf("waiver %s has no reason, owner or expiry", w.ID)
		}
		r.Waivers = append(r.Waivers, Waiver{ID: w.ID, Cause: w.Cause, Field: w.Field, Match: w.Match, Reason: w.Reason, Owner: w.Owner, Expires: expires})
	}
	return nil
}
