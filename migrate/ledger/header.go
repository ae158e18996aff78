package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"scmigrate/migrate"
	"scmigrate/migrate/rules"
)

// Get reads a line of the run's header, "" where it is not set.
func (l *Ledger) Get(ctx context.Context, name string) (string, error) {
	var value string
	err := l.read.QueryRowContext(ctx, "SELECT value FROM header WHERE name = ?", name).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("cannot read the ledger: %w", err)
	}
	return value, nil
}

// Set writes a line of the run's header, durably.
func (l *Ledger) Set(ctx context.Context, name, value string) error {
	return l.writer.wait(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(setHeader, name, value)
		return err
	})
}

const setHeader = "INSERT INTO header(name, value) VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET value = excluded.value"

// load and store keep a JSON value in the header.
func (l *Ledger) load(ctx context.Context, name string, v any) error {
	text, err := l.Get(ctx, name)
	if err != nil || text == "" {
		return err
	}
	if err := json.Unmarshal([]byte(text), v); err != nil {
		return fmt.Errorf("the ledger's header %q cannot be read: %w", name, err)
	}
	return nil
}

func (l *Ledger) store(ctx context.Context, name string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return l.Set(ctx, name, string(text))
}

// Header is what the run is: everything a report says about it that is not a vehicle.
type Header struct {
	RunID           string `json:"runId"`
	StartedAt       string `json:"startedAt"`
	FinishedAt      string `json:"finishedAt"`
	Complete        bool   `json:"complete"`
	InventoryDigest string `json:"inventoryDigest"`
	RulesDigest     string `json:"rulesDigest"`
	LegacyAPI       string `json:"legacyApi"`
	Legs            string `json:"legs"`
	Fields          string `json:"fields"`
	ToolVersion     string `json:"toolVersion"`
	Seed            uint64 `json:"seed"`                  // of the order of calls, and of the sample
	Changed         string `json:"changed,omitempty"`     // when a changed inventory was taken the last time
	Only            string `json:"only,omitempty"`        // the verdicts and causes of an earlier run whose vehicles are called; "": every vehicle
	Previous        string `json:"previous,omitempty"`    // the directory of the earlier run that it is held against; "": none
	Baseline        string `json:"baseline,omitempty"`    // the directory of the run whose legacy evidence stands for the legacy leg; "": there is a legacy leg
	BaselineRun     string `json:"baselineRun,omitempty"` // that run's id
	Sample          string `json:"sample,omitempty"`      // as asked, "300" or "5%"; "": every vehicle
	Shard           string `json:"shard,omitempty"`       // "2/4"; "": the whole inventory
	Length          int    `json:"length,omitempty"`      // entries of the whole inventory, where this is a shard of it
	ShareKey        string `json:"shareKey"`              // hex; pseudonyms of share/ are stable over the runs of one directory
	Stopped         string `json:"stopped"`               // why the last run ended early, "" where it did not
	Limit           string `json:"limit"`                 // as given
	LimitShare      string `json:"limitShare"`
	LimitPerHost    bool   `json:"limitPerHost,omitempty"`
	Inventory       string `json:"inventory"` // the file's name
}

// Header reads the run's header; the zero Header where the ledger is new.
func (l *Ledger) Header(ctx context.Context) (h Header, err error) {
	err = l.load(ctx, "run", &h)
	return h, err
}

// SetHeader writes it.
func (l *Ledger) SetHeader(ctx context.Context, h Header) error { return l.store(ctx, "run", h) }

// putHeader writes lines of the header in a transaction, as JSON.
func putHeader(ctx context.Context, tx *sql.Tx, lines map[string]any) error {
	for name, value := range lines {
		text, err := json.Marshal(value)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, setHeader, name, string(text)); err != nil {
			return err
		}
	}
	return nil
}

// SetFacts and Facts keep what holds for the whole run.
func (l *Ledger) SetFacts(ctx context.Context, f migrate.Facts) error {
	return l.store(ctx, "facts", f)
}

// Facts: see SetFacts.
func (l *Ledger) Facts(ctx context.Context) (f migrate.Facts, err error) {
	err = l.load(ctx, "facts", &f)
	return f, err
}

// SetRules and Rules keep the rules that the run is judged by, so that every report reads the evidence as the judge did.
func (l *Ledger) SetRules(ctx context.Context, r rules.Rules) error { return l.store(ctx, "rules", r) }

// ChangeRules begins to judge by other rules: until the header names them again, whoever goes on judges everything anew.
func (l *Ledger) ChangeRules(ctx context.Context, h Header, r rules.Rules) error {
	h.RulesDigest = ""
	return l.writer.wait(ctx, func(tx *sql.Tx) error {
		return putHeader(ctx, tx, map[string]any{"run": h, "rules": r})
	})
}

// Rules: see SetRules.
func (l *Ledger) Rules(ctx context.Context) (r rules.Rules, err error) {
	err = l.load(ctx, "rules", &r)
	return r, err
}

// SaveControls and Controls keep the result of the negative controls.
func (l *Ledger) SaveControls(ctx context.Context, c migrate.Controls) error {
	return l.store(ctx, "controls", c)
}

// Controls: see SaveControls.
func (l *Ledger) Controls(ctx context.Context) (c migrate.Controls, err error) {
	err = l.load(ctx, "controls", &c)
	return c, err
}
