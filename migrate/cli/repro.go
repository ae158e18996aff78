package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	ucli "github.com/urfave/cli/v2"

	"scmigrate/compare"
	"scmigrate/migrate"
	"scmigrate/migrate/ledger"
	"scmigrate/migrate/report"
	"scmigrate/migrate/secret"
	"scmigrate/migrate/smartcar"
)

func reproCommand(p Process) *ucli.Command {
	return &ucli.Command{Name: "repro", Usage: "print curl lines that repeat both legs of one vehicle as the run called it", ArgsUsage: "DIR VEHICLE_ID",
		Description: "Calls nobody. Secrets are references to environment variables, and reach curl on its standard input. VEHICLE_ID may be the\n" +
			"vehicle's pseudonym in share/, a user or request id, or a VIN (or their pseudonyms).",
		Action: func(c *ucli.Context) error {
			if c.NArg() != 2 {
				return usagef("give the run's directory and a vehicle: scmigrate repro DIR VEHICLE_ID")
			}
			l, err := ledger.Open(c.Args().First())
			if err != nil {
				return usage(err)
			}
			defer l.Close()
			return repro(c.Context, p, l, c.Args().Get(1))
		}}
}

func repro(ctx context.Context, p Process, l *ledger.Ledger, name string) error {
	records, _, err := behind(ctx, l, name)
	if err != nil {
		return err
	}
	r, err := newRepeating(ctx, p, l)
	if err != nil {
		return err
	}
	for _, rec := range records {
		if err := r.vehicle(ctx, rec); err != nil {
			return err
		}
	}
	return r.write(p.Stdout)
}

// behind finds what a name stands for, and refuses one that stands for nothing.
func behind(ctx context.Context, l *ledger.Ledger, name string) ([]migrate.Record, []byte, error) {
	records, key, err := report.Find(ctx, l, name)
	if err == nil && len(records) == 0 {
		err = usagef("what was given names no vehicle of this run, and is not repeated here, since it may be a token (give a vehicleId, or a pseudonym from its own share/)")
	}
	return records, key, err
}

// repeating makes the calls of vehicles again, into a recorder.
type repeating struct {
	ledger *ledger.Ledger
	header ledger.Header
	meter  migrate.Meter
	client *smartcar.Client
	record *recorder
	names  secretNames
	out    strings.Builder
	token  string // the lines that get the application token, once they are needed
}

func newRepeating(ctx context.Context, p Process, l *ledger.Ledger) (*repeating, error) {
	origins, err := smartcar.OriginsFromEnv(p.LookupEnv)
	if err != nil {
		return nil, usage(err)
	}
	r := &repeating{ledger: l, names: secretNamesOf(p)}
	if r.header, err = l.Header(ctx); err != nil {
		return nil, err
	}
	if r.meter.Fields, err = compare.Select(r.header.Fields); err != nil {
		return nil, err
	}
	if r.meter.Rules, err = l.Rules(ctx); err != nil {
		return nil, err
	}
	r.client, r.record, err = newRecording(origins)
	return r, err
}

// secretNamesOf takes the names under which the credentials are set here.
func secretNamesOf(p Process) secretNames {
	names := secretNames{"SMARTCAR_CLIENT_ID", "SMARTCAR_CLIENT_SECRET", "SMARTCAR_LEGACY_ACCESS_TOKEN", "APP_TOKEN"}
	if trimmedEnv(p, "SMARTCAR_V3_CLIENT_ID") != "" {
		names.clientID = "SMARTCAR_V3_CLIENT_ID"
	}
	if trimmedEnv(p, "SMARTCAR_V3_CLIENT_SECRET") != "" {
		names.clientSecret = "SMARTCAR_V3_CLIENT_SECRET"
	}
	return names
}

// vehicle writes the lines of one inventory entry.
func (r *repeating) vehicle(ctx context.Context, rec migrate.Record) error {
	user := cmp.Or(rec.Evidence.Identity.AskedAs, rec.Entry.UserID)
	r.out.WriteString("\n")
	r.comment(fmt.Sprintf("vehicle %s of user %s: %s", rec.Entry.VehicleID, cmp.Or(user, "(none known)"), verdictText(rec)))
	r.leg("legacy leg", rec.Evidence.Legacy)
	if err := r.legacy(ctx, rec, user); err != nil {
		return err
	}
	r.leg("app leg", rec.Evidence.App)
	if user == "" {
		r.comment("no user is known, so the application token cannot ask for this vehicle")
		return nil
	}
	return r.keep(r.client.Signals(ctx, rec.Entry.VehicleID, user))
}

// legacy repeats the legacy leg: one batch, and the single reads that the audit trail shows where batch was refused.
func (r *repeating) legacy(ctx context.Context, rec migrate.Record, user string) error {
	token := func(context.Context) (secret.Secret, error) { return secret.New(markLegacy), nil }
	id := rec.Entry.VehicleID
	switch r.header.LegacyAPI {
	case migrate.LegacyV3:
		return r.keep(r.client.LegacySignalsFrom(ctx, id, user, token))
	case migrate.LegacyV2, "":
	default:
		r.comment("this run had no legacy leg")
		return nil
	}
	links, err := r.ledger.Links(ctx, id)
	if err != nil {
		return err
	}
	calls, err := r.ledger.CallsOf(ctx, id)
	if err != nil {
		return err
	}
	paths := r.meter.LegacyPaths(rec.Entry, links)
	singles, answered := singleReads(calls, paths)
	if answered { // the batch that was answered did not have what was read singly
		paths = slices.DeleteFunc(paths, func(p string) bool { return slices.Contains(singles, p) })
	}
	if err := r.keep(r.client.BatchFrom(ctx, id, token, paths)); err != nil {
		return err
	}
	for _, path := range singles {
		if err := r.keep(r.client.LegacyGetFrom(ctx, id, path, token)); err != nil {
			return err
		}
	}
	return nil
}

// singleReads are the paths that were read one by one, and whether a batch was answered.
func singleReads(calls []smartcar.Call, paths []string) (singles []string, answered bool) {
	for _, c := range calls {
		_, below, _ := strings.Cut(strings.TrimPrefix(c.Path, "/v2.0/vehicles/"), "/")
		path := "/" + below
		switch {
		case c.Host != smartcar.HostLegacy:
		case c.Method == "POST":
			answered = answered || c.Status >= 200 && c.Status < 300
		case slices.Contains(paths, path) && !slices.Contains(singles, path):
			singles = append(singles, path)
		}
	}
	return singles, answered
}

// keep writes what a call sent, the application's token first.
func (r *repeating) keep(answer smartcar.Answer, err error) error {
	if err != nil {
		return err
	}
	if answer.Status == 0 && answer.Failure != nil {
		r.comment(answer.Failure.Note)
	}
	for _, sent := range r.record.sent {
		if strings.HasSuffix(sent.url, "/oauth2/token") {
			r.token = sent.tokenCurl(r.names)
			continue
		}
		fmt.Fprintf(&r.out, "%s\necho\n", sent.curl(r.names))
	}
	r.record.sent = nil
	return nil
}

func (r *repeating) leg(name string, leg migrate.Leg) {
	text := name + ": " + cmp.Or(string(leg.Outcome), string(migrate.LegNotRun))
	if leg.Outcome == migrate.LegNotRun || leg.Outcome == "" {
		text += " (never called in this run)"
	}
	for _, id := range leg.RequestIDs {
		text += ", request id " + id
	}
	r.comment(text)
}

// comment keeps what came from outside on the comment's line.
func (r *repeating) comment(text string) {
	fmt.Fprintf(&r.out, "# %s\n", oneLine(text))
}

// oneLine writes what is no plain letter as an escape.
func oneLine(text string) string {
	quoted := strconv.QuoteToASCII(text)
	return quoted[1 : len(quoted)-1]
}

// write puts in front what the lines need.
func (r *repeating) write(out io.Writer) error {
	var head strings.Builder
	fmt.Fprintf(&head, "# Repeats what run %s sent; run it with sh. The secrets come from the environment:\n", oneLine(r.header.RunID))
	fmt.Fprintf(&head, ": \"${%s:?the vehicle's own access token, which lives two hours}\"\n", r.names.legacyToken)
	if r.token != "" {
		fmt.Fprintf(&head, ": \"${%s:?the client id of the application}\" \"${%s:?a client secret of the application}\"\n%s\n", r.names.clientID, r.names.clientSecret, r.token)
	}
	_, err := io.WriteString(out, head.String()+r.out.String())
	return err
}

// verdictText is a record's judgement in one line.
func verdictText(rec migrate.Record) string {
	if rec.Judgement.Verdict == "" {
		return "never called"
	}
	text := string(rec.Judgement.Verdict)
	if len(rec.Judgement.Causes) > 0 {
		text += " (" + strings.Join(codes(rec.Judgement.Causes), ", ") + ")"
	}
	return text + ", measured at " + rec.At.UTC().Format(time.RFC3339)
}
