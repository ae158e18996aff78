// Package preflight makes the cheap checks that need the network, before a run is paid for: which half of the setup is
// wrong, and what to do. It keeps nothing.
package preflight

import (
	"bytes"
	_ "embed"
	"slices"

	"scmigrate/migrate"
)

// SchemaName is the value of "schema" in the answer as JSON.
const SchemaName = "scmigrate/preflight/1"

//go:embed preflight.schema.json
var schema []byte

// Schema is the JSON Schema (draft 2020-12) that the answer as JSON keeps to.
func Schema() []byte { return bytes.Clone(schema) }

// State is what a check came to. Undecided is never Well: what could not be looked at may be wrong.
type State string

// The states.
const (
	Well      State = "ok"
	Wrong     State = "wrong"
	Undecided State = "undecided"
)

// Half is the part of the setup that a check is about.
type Half string

// The halves of the setup, and the machine that asks.
const (
	App     Half = "app"
	Legacy  Half = "legacy"
	Machine Half = "machine"
)

// Check is one line of the answer.
type Check struct {
	Name     string `json:"check"`
	Half     Half   `json:"half"`
	State    State  `json:"state"`
	What     string `json:"what"`     // what was seen
	Meaning  string `json:"meaning"`  // what that means for a run; "" where it says itself
	Next     string `json:"next"`     // what to do; "" where there is nothing
	Advisory bool   `json:"advisory"` // nothing depends on it, and the exit code does not
	code     int    // the exit code it asks for; 0: that of its state
}

// appCheck begins a check of the app half that found nothing wrong.
func appCheck(name, what string) Check {
	return Check{Name: name, Half: App, State: Well, What: what}
}

// wrong turns it into one that did.
func (c Check) wrong(what, meaning, next string) Check {
	c.State, c.What, c.Meaning, c.Next = Wrong, what, meaning, next
	return c
}

// undecided turns it into one that could not tell.
func (c Check) undecided(what, next string) Check {
	c.State, c.What, c.Next = Undecided, what, next
	return c
}

// exits gives it the exit code that it asks for.
func (c Check) exits(code int) Check {
	c.code = code
	return c
}

// Result is the whole answer.
type Result struct {
	Checks []Check
}

// ExitCode is that of CONTRACT §3: the gravest that any check asks for, ExitUndecided for any other line that is not well.
func (r Result) ExitCode() int {
	code := migrate.ExitReady
	for _, c := range r.Checks {
		if c.Advisory {
			continue
		}
		code = graver(code, c.exitCode())
	}
	return code
}

func (c Check) exitCode() int {
	switch {
	case c.State == Well:
		return migrate.ExitReady
	case c.code != 0:
		return c.code
	}
	return migrate.ExitUndecided
}

// gravity is the order in which exit codes win.
var gravity = []int{migrate.ExitReady, migrate.ExitUndecided, migrate.ExitGate, migrate.ExitCredentials, migrate.ExitBreach}

func graver(a, b int) int {
	if slices.Index(gravity, b) > slices.Index(gravity, a) {
		return b
	}
	return a
}

// Of is the state of one half: the worst of its checks, Wrong before Undecided. Undecided where nothing looked at it.
func (r Result) Of(half Half) State {
	state, seen := Well, false
	for _, c := range r.Checks {
		if c.Half != half || c.Advisory {
			continue
		}
		seen = true
		if c.State == Wrong || c.State == Undecided && state == Well {
			state = c.State
		}
	}
	if !seen {
		return Undecided
	}
	return state
}

// Answer is one sentence: which half of the setup is wrong.
func (r Result) Answer() string {
	app, legacy := r.Of(App), r.Of(Legacy)
	switch {
	case r.ExitCode() == migrate.ExitBreach:
		return "stop: a foreign user id was served"
	case app == Wrong && legacy == Wrong:
		return "both halves of the setup are wrong: v3 and v2.0"
	case app == Wrong:
		return "the app half of the setup (v3) is wrong; the legacy half (v2.0) is " + string(legacy)
	case legacy == Wrong:
		return "the legacy half of the setup (v2.0) is wrong; the app half (v3) is " + string(app)
	case r.Of(Machine) == Wrong:
		return "this machine's clock is wrong; the app half is " + string(app) + ", the legacy half is " + string(legacy)
	case app == Well && legacy == Well:
		return "all is well: both halves of the setup work"
	case app == Well:
		return "the app half of the setup (v3) is ok; the legacy half (v2.0) is undecided"
	case legacy == Well:
		return "the legacy half of the setup (v2.0) is ok; the app half (v3) is undecided"
	}
	return "undecided: neither half of the setup could be looked at in full"
}
