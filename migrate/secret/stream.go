package secret

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"sync"
)

const chunk = 64 << 10 // bytes read or held back at a time, beside the longest form

// Redact gives p with every known secret, in every form, replaced by Mark; overlapping ones by a single Mark. p itself is
// returned where nothing was found, otherwise a new slice.
func (v *Vault) Redact(p []byte) []byte {
	if v == nil {
		return p
	}
	v.mu.RLock()
	defer v.mu.RUnlock()
	if i, _ := v.first(p, len(p)); i < 0 {
		return p
	}
	var r redaction
	return r.step(v, p, len(p))
}

// Find reads all of r and says whether a known secret stands in it, in any form, also across chunk borders, as it is or
// as a format shows it (see unescape); fingerprint names the first one found, by Secret.Fingerprint. Memory is bounded
// however long r is. err is r's.
func (v *Vault) Find(r io.Reader) (found bool, fingerprint string, err error) {
	if v == nil {
		return false, "", nil
	}
	var written, shown sight
	var text []byte // of it, what may be the beginning of an escape is kept
	for {
		kept := len(text)
		text, err = more(r, text)
		if err != nil && !errors.Is(err, io.EOF) {
			return false, "", err
		}
		last := err != nil
		written.text = append(written.text, text[kept:]...)
		var used int
		shown.text, used = unescape(shown.text, text, last)
		text = text[:copy(text, text[used:])]
		if print, found := written.holds(v, last); found {
			return true, print, nil
		}
		if print, found := shown.holds(v, last); found {
			return true, print, nil
		}
		if last {
			return false, "", nil
		}
	}
}

// sight is a text that is looked at in steps; it keeps what may be the beginning of a secret.
type sight struct{ text []byte }

func (s *sight) holds(v *Vault, last bool) (print string, found bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	decided := v.decided(s.text, last)
	at, print := v.first(s.text, decided)
	if at < 0 {
		var length int
		if at, length = v.older.first(s.text, decided); at >= 0 {
			print = fingerprint(string(s.text[at : at+length]))
		}
	}
	s.text = s.text[:copy(s.text, s.text[decided:])]
	return print, at >= 0
}

// decided is how many leading positions of buf can be judged without seeing more.
func (v *Vault) decided(buf []byte, last bool) int {
	if last {
		return len(buf)
	}
	return max(0, len(buf)-max(v.longest, 1)+1)
}

// first gives the first position below limit where a form starts, or -1. The caller holds the lock.
func (v *Vault) first(p []byte, limit int) (int, string) {
	if len(p) < MinLength {
		return -1, ""
	}
	start := binary.LittleEndian.Uint64(p) << 8
	for i, last := range p[MinLength-1:][:max(0, min(limit, len(p)-MinLength+1))] {
		start = start>>8 | uint64(last)<<56
		if !v.mayStart(start) { // nearly every byte: see match
			continue
		}
		if n, print := v.match(p[i:]); n > 0 {
			return i, print
		}
	}
	return -1, ""
}

// more appends up to one chunk of r to buf; io.EOF means that r is at its end.
func more(r io.Reader, buf []byte) ([]byte, error) {
	old := len(buf)
	buf = append(buf, make([]byte, chunk)...)
	n, err := io.ReadFull(r, buf[old:])
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	return buf[:old+n], err
}

// redaction is redacting one text in steps.
type redaction struct {
	covered int // bytes at the start of the next step that belong to a secret already marked
}

// step gives the redacted form of p[:limit]; matches may reach beyond limit into what p shows of the rest.
func (r *redaction) step(v *Vault, p []byte, limit int) []byte {
	out := make([]byte, 0, limit+len(Mark))
	for i := range limit {
		n, _ := v.match(p[i:])
		if n > 0 && i >= r.covered {
			out = append(out, Mark...)
		}
		if n > 0 {
			r.covered = max(r.covered, i+n)
		}
		if i >= r.covered {
			out = append(out, p[i])
		}
	}
	r.covered = max(0, r.covered-limit)
	return out
}

// Writer gives a writer that redacts what passes to w, also secrets cut in two by the borders of Write calls. Text is held
// back until its line ends (\n or \r), until much of it has come, or until Close, which writes the rest and does not close w.
// Secrets that hold a line break themselves are found only within one Write. It may be used from many goroutines.
func (v *Vault) Writer(w io.Writer) io.WriteCloser { return &writer{vault: v, w: w} }

// Direct gives a writer that redacts every Write by itself and holds nothing back, for what is drawn in place and never ends
// a line. A secret that is cut in two by the border of two Writes gets through: give it whole texts. Close does nothing.
func (v *Vault) Direct(w io.Writer) io.WriteCloser { return direct{v, w} }

type direct struct {
	vault *Vault
	w     io.Writer
}

// Write takes all of p.
func (d direct) Write(p []byte) (int, error) {
	if _, err := d.w.Write(d.vault.Redact(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Close does nothing.
func (d direct) Close() error { return nil }

type writer struct {
	mu    sync.Mutex
	vault *Vault
	w     io.Writer
	held  []byte
	state redaction
}

// Write takes all of p, even where none of it is written yet; an error is one of the writer below.
func (w *writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held = append(w.held, p...)
	limit := bytes.LastIndexAny(w.held, "\n\r") + 1
	if rest := len(w.held) - limit; rest > chunk {
		limit = max(limit, w.vault.safe(w.held))
	}
	return len(p), w.pass(limit)
}

// Close writes what is held back.
func (w *writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.pass(len(w.held))
}

func (w *writer) pass(limit int) error {
	if limit == 0 {
		return nil
	}
	_, err := w.w.Write(w.vault.stepped(&w.state, w.held, limit))
	w.held = w.held[:copy(w.held, w.held[limit:])]
	return err
}

func (v *Vault) safe(held []byte) int {
	if v == nil {
		return len(held)
	}
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.decided(held, false)
}

func (v *Vault) stepped(r *redaction, p []byte, limit int) []byte {
	if v == nil {
		return p[:limit]
	}
	v.mu.RLock()
	defer v.mu.RUnlock()
	return r.step(v, p, limit)
}
