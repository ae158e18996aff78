package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"scmigrate/migrate/report"
)

// The limits of a step's summary: GitHub takes 1 MiB and drops it all if there is more; what has less room than an answer
// needs is not begun.
const (
	maxStepSummary   = 1 << 20
	leastStepSummary = 4 << 10
)

// annotate is the format for GitHub: annotations on standard output, and the Markdown at the end of the step's summary,
// where the environment names one. Both are seen by everybody who sees the repository, so both are in the shareable form.
func annotate(p Process, r report.Report, key []byte, o reportOptions) error {
	shared := report.Share(r, key)
	if err := report.Render(p.commands, "github", shared, report.Options{}); err != nil {
		return err
	}
	path, _ := p.LookupEnv("GITHUB_STEP_SUMMARY")
	if path == "" {
		return nil
	}
	if err := summarize(p, path, shared, o); err != nil {
		return fmt.Errorf("step summary: %w", err)
	}
	return nil
}

// summarize appends to the step's summary what there is room for, or says that there is none.
func summarize(p Process, path string, shared report.Report, o reportOptions) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	room := maxStepSummary - int(min(info.Size(), maxStepSummary)) - 1
	if room < leastStepSummary {
		fmt.Fprintf(p.Stderr, "scmigrate: the step summary is full (GitHub takes 1 MiB), so the report is not in it; it is in %s\n", filepath.Join(o.dir, report.ShareDir))
		return nil
	}
	text, err := markdownFor(shared, room, o)
	if err != nil {
		return err
	}
	if found, fingerprint, err := p.vault.Find(bytes.NewReader(text)); err != nil || found {
		return errors.Join(err, fmt.Errorf("%w (fingerprint %s)", errLeak, fingerprint))
	}
	if info.Size() > 0 {
		text = append([]byte("\n"), text...)
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}

// markdownFor takes the file that was just written, where it fits, to spare a walk over the fleet.
func markdownFor(shared report.Report, room int, o reportOptions) ([]byte, error) {
	if slices.Contains(o.formats, "markdown") {
		text, err := os.ReadFile(filepath.Join(o.dir, report.ShareDir, report.FileOf("markdown")))
		if err != nil || len(text) <= room {
			return text, err
		}
	}
	var text bytes.Buffer
	err := report.Render(&text, "markdown", shared, report.Options{Room: room})
	return text.Bytes(), err
}
