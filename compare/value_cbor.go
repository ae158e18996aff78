package compare

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/fxamacker/cbor/v2"
)

// The first bytes of the two commonest values in CBOR (RFC 8949 §3): a float of 64 bits, and false and true.
const (
	cborFloat       = 0xfb
	cborNo, cborYes = 0xf4, 0xf5
)

// MarshalCBOR writes what MarshalJSON writes, in the binary form that a ledger keeps: the bare value, and no position.
func (v Value) MarshalCBOR() ([]byte, error) {
	switch v.Form {
	case FormNumber:
		if math.IsNaN(v.Num) || math.IsInf(v.Num, 0) {
			return cbor.Marshal(nil) // as in JSON
		}
		return binary.BigEndian.AppendUint64([]byte{cborFloat}, math.Float64bits(round(v.Num))), nil
	case FormText:
		return cbor.Marshal(v.Text)
	case FormFlag:
		return cbor.Marshal(v.Flag)
	case FormSet:
		return cbor.Marshal(append([]string{}, v.Items...))
	}
	return cbor.Marshal(nil)
}

// UnmarshalCBOR reads what MarshalCBOR wrote.
func (v *Value) UnmarshalCBOR(b []byte) error {
	*v = Value{}
	switch {
	case len(b) == 9 && b[0] == cborFloat:
		*v = NumberValue(math.Float64frombits(binary.BigEndian.Uint64(b[1:])))
		return nil
	case len(b) == 1 && (b[0] == cborNo || b[0] == cborYes):
		*v = FlagValue(b[0] == cborYes)
		return nil
	}
	var raw any
	if err := cbor.Unmarshal(b, &raw); err != nil {
		return fmt.Errorf("value: %w", err)
	}
	switch t := raw.(type) {
	case string:
		*v = TextValue(t)
	case []any:
		items := make([]string, 0, len(t))
		for _, item := range t {
			items = append(items, fmt.Sprint(item))
		}
		*v = SetValue(items)
	}
	return nil
}
