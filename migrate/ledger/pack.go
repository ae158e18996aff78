package ledger

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"fmt"
	"io"
)

// maxEvidence bounds what one vehicle's evidence may unpack to.
const maxEvidence = 8 << 20

// pack and unpack keep JSON compressed: evidence is repetitive, a million of them matter.
func pack(text []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestSpeed)
	if err != nil {
		return nil, fmt.Errorf("cannot pack evidence: %w", err)
	}
	if _, err := w.Write(text); err != nil {
		return nil, fmt.Errorf("cannot pack evidence: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("cannot pack evidence: %w", err)
	}
	return b.Bytes(), nil
}

func unpack(packed []byte, v any) error {
	r := flate.NewReader(bytes.NewReader(packed))
	defer r.Close()
	if err := json.NewDecoder(io.LimitReader(r, maxEvidence)).Decode(v); err != nil {
		return fmt.Errorf("cannot unpack evidence: %w", err)
	}
	return nil
}
