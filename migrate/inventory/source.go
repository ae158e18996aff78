package inventory

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"unicode/utf8"
)

// Limits of what is read. A line or a vehicle is never this long in earnest, and both must fit in memory.
const (
	maxLine  = 1 << 20
	maxPiece = 64 << 10
	maxWhole = 64 << 20 // what is taken into memory at once: standard input, and files that cannot be read in pieces
)

// source is an inventory's bytes, wherever they are.
type source struct {
	io.ReaderAt
	name  string // for messages
	dir   string // what relative paths in it start from
	size  int64
	close func() error

	encrypted bool // ReaderAt decrypts
}

// openSource opens path, and decrypts what is encrypted.
func openSource(path string, o Options) (source, error) {
	s, err := rawSource(path, o.Stdin)
	if err != nil {
		return s, err
	}
	opened, err := s.opened(o.AgeIdentityFile)
	if err != nil {
		return source{}, errors.Join(err, s.close())
	}
	return opened, nil
}

// rawSource opens path. What cannot be read twice (standard input, pipes) is taken into memory.
func rawSource(path string, stdin io.Reader) (source, error) {
	if path == "-" {
		return memorySource("stdin", ".", stdin)
	}
	f, err := os.Open(path)
	if err != nil {
		return source{}, fmt.Errorf("cannot open the inventory: %w", err)
	}
	info, err := f.Stat()
	if err != nil || info.IsDir() {
		return source{}, errors.Join(fmt.Errorf("%s: is a directory, not an inventory (name a YAML file in it)", path), err, f.Close())
	}
	if !info.Mode().IsRegular() {
		defer f.Close()
		return memorySource(path, ".", f)
	}
	return source{ReaderAt: f, name: path, dir: filepath.Dir(path), size: info.Size(), close: f.Close}, nil
}

func memorySource(name, dir string, r io.Reader) (source, error) {
	if r == nil {
		return source{}, fmt.Errorf("%s: there is nothing to read the inventory from", name)
	}
	all, err := io.ReadAll(io.LimitReader(r, maxWhole+1))
	if err != nil {
		return source{}, fmt.Errorf("%s: cannot read the inventory: %w", name, err)
	}
	if len(all) > maxWhole {
		return source{}, &Problems{List: []Problem{{File: name, Message: "is larger than 64 MiB", Hint: "what comes through a pipe is kept in memory; write it to a file"}}}
	}
	return source{ReaderAt: bytes.NewReader(all), name: name, dir: dir, size: int64(len(all)), close: func() error { return nil }}, nil
}

// all is a reader over the whole source.
func (s source) all() io.Reader { return io.NewSectionReader(s.ReaderAt, 0, s.size) }

// part gives a part of the source. A ReaderAt may tell of the end together with the last bytes.
func (s source) part(offset int64, length int) ([]byte, error) {
	text := make([]byte, length)
	n, err := s.ReadAt(text, offset)
	if n == length {
		err = nil
	}
	return text, err
}

// fatal is a file that is no text to begin with: nothing in it can be trusted, so this one problem is all that is said.
type fatal struct {
	line int
	complaint
}

func (e fatal) Error() string { return e.message }

// unsure is a file that cannot be split without knowing all of YAML.
type unsure struct{ line int }

func (e unsure) Error() string { return "cannot be read in pieces" }

// textLine is one line with its ending.
type textLine struct {
	text   []byte // valid until the next call
	no     int    // 1-based
	offset int64
	odd    bool // holds a line break that YAML knows and we do not count
}

func (l textLine) blank() bool { return len(bytes.TrimSpace(l.text)) == 0 }

// lines reads text line by line, in bounded memory.
type lines struct {
	r    *bufio.Reader
	long []byte
	no   int
	next int64
}

func newLines(r io.Reader) *lines { return &lines{r: bufio.NewReaderSize(r, 64<<10)} }

// read gives the next line, io.EOF after the last, or a fatal.
func (l *lines) read() (textLine, error) {
	text, err := l.raw()
	if err != nil {
		return textLine{}, err
	}
	l.no++
	line := textLine{text: text, no: l.no, offset: l.next}
	l.next += int64(len(text))
	if l.no == 1 {
		if line, err = firstLine(line); err != nil {
			return textLine{}, err
		}
	}
	line.odd, err = judgeText(line)
	return line, err
}

func (l *lines) raw() ([]byte, error) {
	text, err := l.r.ReadSlice('\n')
	if err == nil || (errors.Is(err, io.EOF) && len(text) > 0) {
		return text, nil
	}
	l.long = l.long[:0]
	for errors.Is(err, bufio.ErrBufferFull) && len(l.long) <= maxLine {
		l.long = append(l.long, text...)
		text, err = l.r.ReadSlice('\n')
	}
	l.long = append(l.long, text...)
	if len(l.long) > maxLine {
		return nil, fatal{l.no + 1, complaint{"the line is longer than 1 MiB", "an inventory has one short line per value; is this the right file?"}}
	}
	if err == nil || (errors.Is(err, io.EOF) && len(l.long) > 0) {
		return l.long, nil
	}
	return nil, err
}

// firstLine drops a byte order mark and names files that are something else.
func firstLine(l textLine) (textLine, error) {
	switch {
	case bytes.HasPrefix(l.text, []byte("\xEF\xBB\xBF")):
		l.text, l.offset = l.text[3:], l.offset+3
	case bytes.HasPrefix(l.text, []byte("\xFF\xFE")), bytes.HasPrefix(l.text, []byte("\xFE\xFF")):
		return l, fatal{1, complaint{"the file is UTF-16", "save it as UTF-8"}}
	case bytes.HasPrefix(l.text, []byte("age-encryption.org/")), bytes.HasPrefix(l.text, []byte("-----BEGIN AGE")):
		return l, fatal{1, complaint{"the file is encrypted with age twice", "decrypt it once by hand"}}
	}
	return l, nil
}

// judgeText refuses what is no text, and reports line breaks other than \n and \r\n.
func judgeText(l textLine) (odd bool, err error) {
	high := false
	for i, b := range l.text {
		switch {
		case b >= 0x80:
			high = true
		case b == '\r' && (i+1 >= len(l.text) || l.text[i+1] != '\n'):
			odd = true
		case b < ' ' && b != '\t' && b != '\n' && b != '\r', b == 0x7f:
			return false, fatal{l.no, complaint{fmt.Sprintf("the line is no text: it holds a control character (0x%02x)", b), "is this a YAML file?"}}
		}
	}
	if !high {
		return odd, nil
	}
	return judgeRunes(l, odd)
}

func judgeRunes(l textLine, odd bool) (bool, error) {
	if !utf8.Valid(l.text) {
		return odd, fatal{l.no, complaint{"the line is not UTF-8", "save the file as UTF-8; is it a YAML file?"}}
	}
	for _, r := range string(l.text) {
		switch {
		case r == 0x85, r == 0x2028, r == 0x2029, r == 0xFEFF:
			odd = true
		case r < 0xA0 && r >= 0x80, r == 0xFFFE, r == 0xFFFF:
			return odd, fatal{l.no, complaint{fmt.Sprintf("the line is no text: it holds a control character (%U)", r), "is this a YAML file?"}}
		}
	}
	return odd, nil
}
