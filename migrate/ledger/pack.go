package ledger

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"
	"github.com/klauspost/compress/s2"

	"scmigrate/compare"
	"scmigrate/migrate"
)

// maxEvidence bounds what one part of a vehicle's evidence may unpack to.
const maxEvidence = 8 << 20

// Evidence lies in the ledger as two parts, each CBOR in an s2 block: everything but the findings, behind its length, then
// the findings, which are nine tenths of it and which few readers of a ready vehicle need. Measured on a fleet's evidence
// of 17 kB as JSON: packed in 0.09 ms (JSON and flate: 0.95), read in 0.14 (0.80), 2.9 kB (2.2).
var (
	evidenceWriter, _ = cbor.EncOptions{Time: cbor.TimeRFC3339Nano}.EncMode()   // the offset of a time stays, as in JSON
	evidenceReader, _ = cbor.DecOptions{UTF8: cbor.UTF8DecodeInvalid}.DecMode() // what was written can be read, whatever a server sent
)

// errEvidence says nothing of what is there.
var errEvidence = errors.New("evidence that cannot be unpacked (a damaged file?)")

// pack makes evidence ready for its row, with the secrets taken out of it.
func (l *Ledger) pack(e migrate.Evidence) ([]byte, error) {
	head, findings, err := encode(e)
	if err != nil {
		return nil, err
	}
	if l.Redact != nil && !(bytes.Equal(l.Redact(head), head) && bytes.Equal(l.Redact(findings), findings)) {
		if head, findings, err = l.encodeRedacted(e); err != nil {
			return nil, err
		}
	}
	packed := s2.Encode(nil, head)
	return append(binary.AppendUvarint(nil, uint64(len(packed))), append(packed, s2.Encode(nil, findings)...)...), nil
}

func encode(e migrate.Evidence) (head, findings []byte, err error) {
	list := e.Findings
	e.Findings = nil
	head, err = evidenceWriter.Marshal(e)
	if err == nil {
		findings, err = evidenceWriter.Marshal(list)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("cannot pack evidence: %w", err)
	}
	return head, findings, nil
}

// encodeRedacted takes the secrets out of the evidence's JSON: in CBOR a text of another length would break what follows.
func (l *Ledger) encodeRedacted(e migrate.Evidence) (head, findings []byte, err error) {
	text, err := json.Marshal(e)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot pack evidence: %w", err)
	}
	var clean migrate.Evidence
	if err := json.Unmarshal(l.clean(text), &clean); err != nil {
		return nil, nil, fmt.Errorf("cannot pack evidence: %w", err)
	}
	return encode(clean)
}

// unpack reads evidence, without its findings where they are not wanted.
func unpack(packed []byte, e *migrate.Evidence, findings bool) error {
	size, n := binary.Uvarint(packed)
	if n <= 0 || size > uint64(len(packed)-n) {
		return errEvidence
	}
	packed = packed[n:]
	if err := decode(packed[:size], e); err != nil || !findings {
		return err
	}
	var list []compare.Finding
	err := decode(packed[size:], &list)
	e.Findings = list
	return err
}

func decode(block []byte, v any) error {
	if size, err := s2.DecodedLen(block); err != nil || size > maxEvidence {
		return errEvidence
	}
	plain, err := s2.Decode(nil, block)
	if err != nil {
		return errEvidence
	}
	if err := evidenceReader.Unmarshal(plain, v); err != nil {
		return errEvidence
	}
	return nil
}
