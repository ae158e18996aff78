package manifest

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"time"

	"scmigrate/migrate"
	"scmigrate/migrate/internal/durable"
	"scmigrate/migrate/ledger"
	"scmigrate/migrate/rules"
)

// Source is a run whose vehicles are judged as of today, and the plan that was made of them.
type Source struct {
	Ledger *ledger.Ledger
	Plan   *Plan  // settled
	Tool   string // version of what writes
	Rules  rules.Rules
	Judge  func(migrate.Record) migrate.Judgement // called from several goroutines at once
}

// Write makes the list at path, readable by its owner only, whole or not at all. The same ledger, options and day of the
// waivers give the same bytes.
func Write(ctx context.Context, path string, form Form, s Source) (h Head, err error) {
	spill, err := newSpill(filepath.Dir(path), len(s.Plan.waves))
	if err != nil {
		return h, err
	}
	defer func() { err = errors.Join(err, spill.close()) }()
	for one, err := range entries(ctx, s) {
		if err == nil {
			err = spill.put(one)
		}
		if err != nil {
			return h, err
		}
	}
	header, err := s.Ledger.Header(ctx)
	if err != nil {
		return h, err
	}
	h = headOf(header, s, spill.waivers)
	return h, publish(path, header, func(w io.Writer, key []byte) error { return writeAll(w, form, h, spill, key) })
}

// entry is one vehicle's line, and where it stands: 0 for those left out.
type entry struct {
	wave    int
	line    []byte
	waivers []string
}

func entries(ctx context.Context, s Source) iter.Seq2[entry, error] {
	return ledger.MapStored(ctx, s.Ledger, func(rec migrate.Record, stored []byte) (entry, error) {
		rec.Judgement = s.Judge(rec)
		wave, heldBy := s.Plan.place(rec)
		if wave == 0 {
			line, err := encode(leftOut(rec, heldBy))
			return entry{line: line}, err
		}
		v := Vehicle{VehicleID: rec.Entry.VehicleID, UserID: rec.Entry.UserID, Wave: wave, Cohort: rec.Entry.Cohort, Proof: string(rec.Judgement.Proof),
			EvidenceAt: rec.At.UTC().Truncate(time.Second), Evidence: hashOf(stored), Fields: slices.Sorted(slices.Values(rec.Entry.Fields)), Permissions: migrate.Needs(rec, s.Rules), Waivers: waiversOf(rec)}
		line, err := encode(v)
		return entry{wave, line, v.Waivers}, err
	})
}

func headOf(r ledger.Header, s Source, used map[string]bool) Head {
	p := s.Plan
	h := Head{Schema: SchemaName, Tool: Tool{"scmigrate", s.Tool}, Seed: p.o.Seed, Canary: p.o.Canary, Counts: p.counts, Waves: p.waves,
		Run: Run{ID: r.RunID, StartedAt: r.StartedAt, FinishedAt: r.FinishedAt, InventoryDigest: r.InventoryDigest, RulesDigest: r.RulesDigest,
			LegacyAPI: cmp.Or(r.LegacyAPI, "v2"), Fields: r.Fields, Sample: r.Sample, Shard: r.Shard}}
	for _, w := range s.Rules.Waivers {
		if used[w.ID] {
			h.Waivers = append(h.Waivers, Waiver{w.ID, w.Expires.UTC().Format(time.DateOnly)})
		}
	}
	return h
}

// publish writes the file, sealed with the run's key.
func publish(path string, header ledger.Header, write func(w io.Writer, key []byte) error) error {
	key, err := keyOf(header)
	if err != nil {
		return err
	}
	return durable.Write(path, func(out io.Writer) error {
		buffered := bufio.NewWriterSize(out, 1<<16)
		return errors.Join(write(buffered, key), buffered.Flush())
	})
}

// writeAll writes head, vehicles by wave, those left out, and the end that seals them.
func writeAll(w io.Writer, form Form, h Head, s *spill, key []byte) error {
	head, err := encode(h)
	if err != nil {
		return err
	}
	out, sum := form.writer(w), newSumming()
	put := func(k kind, line []byte) error {
		sum.add(line)
		return out.put(k, line)
	}
	if err := put(kindHead, head); err != nil {
		return err
	}
	if err := s.each(put); err != nil {
		return err
	}
	digest := sum.digest()
	end, err := encode(End{Entries: h.Counts.Vehicles + h.Counts.LeftOut, Digest: digest, Seal: sealOf(key, digest)})
	if err != nil {
		return err
	}
	return out.put(kindEnd, end)
}

// spill sorts lines by wave on the disk: a file for each wave beside the manifest, and one for those left out.
type spill struct {
	files   []*os.File
	outs    []*bufio.Writer
	waivers map[string]bool
}

func newSpill(dir string, waves int) (*spill, error) {
	s := &spill{waivers: map[string]bool{}}
	for range waves + 1 {
		f, err := os.CreateTemp(dir, ".manifest-*")
		if err != nil {
			return nil, errors.Join(fmt.Errorf("cannot write the manifest: %w", err), s.close())
		}
		s.files, s.outs = append(s.files, f), append(s.outs, bufio.NewWriterSize(f, 1<<16))
	}
	return s, nil
}

func (s *spill) put(e entry) error {
	for _, id := range e.waivers {
		s.waivers[id] = true
	}
	_, err := s.outs[e.wave].Write(append(e.line, '\n'))
	return err
}

// each gives the lines back: waves first, those left out last.
func (s *spill) each(put func(kind, []byte) error) error {
	for i := range s.files {
		wave, what := i+1, kindVehicle
		if wave == len(s.files) {
			wave, what = 0, kindLeftOut
		}
		if err := s.again(wave, func(line []byte) error { return put(what, line) }); err != nil {
			return err
		}
	}
	return nil
}

func (s *spill) again(i int, give func([]byte) error) error {
	if err := s.outs[i].Flush(); err != nil {
		return err
	}
	if _, err := s.files[i].Seek(0, io.SeekStart); err != nil {
		return err
	}
	lines := bufio.NewScanner(s.files[i])
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		if err := give(lines.Bytes()); err != nil {
			return err
		}
	}
	return lines.Err()
}

// close removes the files: nothing of them stays, whatever happened.
func (s *spill) close() error {
	var errs []error
	for _, f := range s.files {
		errs = append(errs, f.Close(), os.Remove(f.Name()))
	}
	s.files = nil
	return errors.Join(errs...)
}
