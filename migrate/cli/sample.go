package cli

import (
	"cmp"
	"context"
	"fmt"

	"scmigrate/migrate"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/ledger"
)

// seed is that of the order of calls and of the sample.
func (o options) seed() uint64 { return uint64(cmp.Or(o.sampleSeed, 1)) }

// resumedSample is the sample of a directory that is gone on with: its own, or a larger one of the same seed, which keeps
// who was drawn before.
func (o options) resumedSample(h ledger.Header, of int) (string, error) {
	if o.sampleSeed != 0 && o.seed() != h.Seed {
		return "", usagef("%s was begun with --sample-seed %d: use the same, or a new -o DIR", o.out, h.Seed)
	}
	if o.sample == "" || o.sample == h.Sample {
		return h.Sample, nil
	}
	if h.Sample == "" {
		return "", usagef("%s was begun over every vehicle, without --sample: leave it out, or use a new -o DIR", o.out)
	}
	before, err := migrate.ParseSample(h.Sample)
	if err != nil {
		return "", fmt.Errorf("the ledger's header cannot be read: %w", err)
	}
	if o.draw.Least(of) < before.Least(of) {
		return "", usagef("%s was begun with --sample %s, which may be extended but not made smaller: give a larger one, or a new -o DIR", o.out, h.Sample)
	}
	return o.sample, nil
}

// drawAgain draws the sample of a directory that is gone on with: the same vehicles, and more where it was extended.
func (f *fleet) drawAgain(ctx context.Context, h ledger.Header) error {
	sample, err := migrate.ParseSample(h.Sample)
	if err != nil || h.Sample == "" {
		return err
	}
	return f.drawUsers(ctx, h.Seed, sample)
}

// drawUsers draws a sample of the whole inventory. A shard draws the users of that sample that are its own, so that the
// shards together hold just what one run would have drawn.
func (f *fleet) drawUsers(ctx context.Context, seed uint64, sample migrate.Sample) error {
	if f.o.shard.N < 2 || sample == (migrate.Sample{}) {
		return f.ledger.Draw(ctx, sample.Least(f.file.Len()))
	}
	d, err := drawOf(ctx, f.file, seed, sample)
	if err != nil {
		return err
	}
	return f.ledger.DrawTo(ctx, d.Last())
}

func drawOf(ctx context.Context, file *inventory.File, seed uint64, sample migrate.Sample) (*migrate.Draw, error) {
	d := migrate.NewDraw(seed)
	if err := file.Each(ctx, func(e inventory.Entry) error { d.Add(e); return nil }); err != nil {
		return nil, err
	}
	d.Close(sample)
	return d, nil
}

// drawAhead tells which entries a run would draw, from the inventory alone.
func (o options) drawAhead(ctx context.Context, file *inventory.File) (drawn func(inventory.Entry) bool, err error) {
	if o.sample == "" {
		return func(inventory.Entry) bool { return true }, nil
	}
	d, err := drawOf(ctx, file, o.seed(), o.draw)
	if err != nil {
		return nil, err
	}
	return d.Drawn, nil
}

// drawnText says that a run is over a sample, "" where it is not.
func drawnText(h ledger.Header, f *migrate.SampleFrame) string {
	if f == nil {
		return ""
	}
	return fmt.Sprintf("a sample: %d of %d vehicles were drawn (--sample %s, seed %d)\n", f.Vehicles, f.Of, h.Sample, h.Seed)
}
