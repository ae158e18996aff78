package cli

import (
	"context"

	"scmigrate/migrate"
	"scmigrate/migrate/ledger"
	"scmigrate/migrate/manifest"
	"scmigrate/migrate/report"
)

// readReport is a run's report with the waves that a manifest of it would have.
func readReport(ctx context.Context, l *ledger.Ledger, o report.Reading) (r report.Report, shareKey []byte, err error) {
	shares, err := manifest.ParseWaves(manifest.DefaultWaves)
	if err != nil {
		return r, nil, err
	}
	forecast := manifest.NewForecast(manifest.Options{Waves: shares, Seed: manifest.DefaultSeed})
	o.Each = forecast.Add
	if r, shareKey, err = report.Read(ctx, l, o); err == nil {
		r.Waves = wavesOf(forecast.Settle(), r.Run)
	}
	return r, shareKey, err
}

// wavesOf is nil where a manifest would be refused, or is made of all shards at once.
func wavesOf(o manifest.Outlook, run report.Run) *report.Waves {
	if o.Counts.Vehicles+o.Ready == 0 || run.Shard != nil || migrate.Stop(run.Stopped) == migrate.StopBreach {
		return nil
	}
	w := report.Waves{Steps: []report.Wave{}, Held: report.HeldBack{Users: o.Counts.Held, Vehicles: o.Ready}}
	for _, step := range o.Waves {
		w.Steps = append(w.Steps, report.Wave{Wave: step.Wave, Share: step.Share, Users: step.Users, Vehicles: step.Vehicles})
	}
	return &w
}
