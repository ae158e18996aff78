package inventory

import (
	"context"
	"fmt"
	"os"
	"time"

	"scmigrate/migrate/secret"
)

// TokenRequest asks for the access token of one entry.
type TokenRequest struct {
	VehicleID string
	Grant     string        // "" if the entry has none: then the answer is the vehicle's own
	Offset    int64         // as in Entry
	Length    int           //
	ExpiresAt time.Time     // as in Entry
	After     secret.Secret // a token of an earlier answer that Smartcar refused; zero on the first ask
}

// ResolverOptions say how tokens are looked up. Zero members mean the process's environment, clock and programs.
type ResolverOptions struct {
	Getenv      func(string) (string, bool)
	AllowExec   bool // without it NewResolver refuses inventories that run programs (CONTRACT §1)
	Now         func() time.Time
	Run         func(ctx context.Context, argv []string) ([]byte, error) // runs a program and gives its standard output
	Concurrency int                                                      // programs at a time, default 4
}

// TokenError is a token that could not be looked up: trouble of one vehicle, not of the tool. It holds no output of a
// command and no content of a file.
type TokenError struct {
	VehicleID string
	Source    string // `command "legacy-token"`, `file`, `variable NAME`
	Reason    string
	Hint      string
	TimedOut  bool
}

// Error names the vehicle, the source, the reason and what to do.
func (e *TokenError) Error() string {
	hint := e.Hint
	if hint == "" {
		hint = "run it by hand with this vehicle to see what it says"
	}
	return fmt.Sprintf("vehicle %q: %s %s (%s)", e.VehicleID, e.Source, e.Reason, hint)
}

// Resolver looks tokens up at the moment of use: a legacy token lives two hours, a run takes days. It holds at most
// maxAnswers tokens however large the fleet is. It may be used from many goroutines.
type Resolver struct {
	file    *File
	o       ResolverOptions
	timeout time.Duration
	turns   chan struct{} // one place per program running
	answers answers
}

// NewResolver makes the resolver of one inventory. The error is a *Problems if the inventory runs programs and may not.
func NewResolver(f *File, o ResolverOptions) (*Resolver, error) {
	if line := max(f.execLine, f.header.commandLine); line > 0 && !o.AllowExec {
		return nil, &Problems{List: []Problem{{File: f.src.name, Line: line, Message: execRefused.message, Hint: execRefused.hint}}}
	}
	if o.Getenv == nil {
		o.Getenv = os.LookupEnv
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Run == nil {
		o.Run = runIn(f.src.dir)
	}
	if o.Concurrency <= 0 {
		o.Concurrency = 4
	}
	return &Resolver{
		file: f, o: o, timeout: f.header.Timeout, turns: make(chan struct{}, o.Concurrency),
		answers: answers{byKey: map[string]*slot{}},
	}, nil
}

// Token gives the vehicle's token. The entry's own token wins over legacyTokens.command, unless it is known to have expired
// or is the one that was refused. After a refusal every source is asked once more; if the answer is the refused token
// again, a retry is pointless, which the caller sees by comparing. A token known to be dead is never handed out. Errors:
// *TokenError, ErrChanged, and ctx's.
func (r *Resolver) Token(ctx context.Context, req TokenRequest) (Token, error) {
	own, err := r.ownToken(ctx, req)
	if err != nil || (!own.Missing && !own.Dead && !refused(own, req)) {
		return own, err
	}
	if r.file.header.Command == nil {
		return own, nil
	}
	return r.cached(ctx, r.file.header.Command, req)
}

func refused(t Token, req TokenRequest) bool {
	return !req.After.IsZero() && t.Secret.Equal(req.After)
}

// ownToken looks up the entry's accessToken.
func (r *Resolver) ownToken(ctx context.Context, req TokenRequest) (Token, error) {
	entry, err := r.file.rowAt(req.Offset, req.Length)
	if err != nil {
		return Token{}, err
	}
	if entry.VehicleID != req.VehicleID {
		return Token{}, r.file.changed()
	}
	switch ref := entry.token; ref.kind {
	case KindLiteral:
		return Token{Secret: ref.literal, ExpiresAt: req.ExpiresAt, Literal: true}.dead(r.o.Now()), nil
	case KindEnv:
		return r.fromEnv(ref, req)
	case KindFile:
		return r.fromFile(ref, req)
	case KindExec:
		return r.cached(ctx, ref.argv, req)
	}
	return Token{Missing: true}, nil
}

func (r *Resolver) fromEnv(ref Reference, req TokenRequest) (Token, error) {
	t, err := r.stated(ref, req)
	if err == nil && t.ExpiresAt.IsZero() {
		t.ExpiresAt = req.ExpiresAt
	}
	return t.dead(r.o.Now()), err
}

// fromFile reads the file anew. The inventory's expiry counts only while it lies ahead: afterwards somebody may have put a
// newer token there, and only the answer of Smartcar can tell.
func (r *Resolver) fromFile(ref Reference, req TokenRequest) (Token, error) {
	t, err := r.stated(ref, req)
	if err == nil && t.ExpiresAt.IsZero() && r.o.Now().Before(req.ExpiresAt) {
		t.ExpiresAt = req.ExpiresAt
	}
	return t.dead(r.o.Now()), err
}

// stated is what a variable or a file holds at this moment, with the expiry that it states itself.
func (r *Resolver) stated(ref Reference, req TokenRequest) (Token, error) {
	if ref.kind == KindEnv {
		value, _ := r.o.Getenv(ref.name)
		return sourced(value, "variable "+ref.name, req)
	}
	env := environment{dir: r.file.src.dir}
	value, err := readSmall(env.path(ref.name))
	if err != nil {
		return Token{}, &TokenError{VehicleID: req.VehicleID, Source: "file: reference", Reason: "gave no token", Hint: err.Error()}
	}
	return sourced(value, "file: reference", req)
}

func sourced(value, source string, req TokenRequest) (Token, error) {
	t, c := parseAnswer(value)
	if !c.none() {
		hint := c.hint
		if hint == "" {
			hint = "it must hold the bare token, or JSON with accessToken and expiresAt"
		}
		return Token{}, &TokenError{VehicleID: req.VehicleID, Source: source, Reason: c.message, Hint: hint}
	}
	return t, nil
}
