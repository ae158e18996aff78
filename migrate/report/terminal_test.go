package report

import (
	"bytes"
	"testing"
)

func TestTerminalColour(t *testing.T) {
	plainText := rendered(t, "terminal", sample(), Options{})
	coloured := rendered(t, "terminal", sample(), Options{Color: true})
	if bytes.Contains(plainText, []byte("\x1b")) || !bytes.Contains(coloured, []byte("\x1b[1;31mNO-GO\x1b[0m")) {
		t.Error("colour is not what the option says")
	}
	if got := ansi.ReplaceAll(coloured, nil); !bytes.Equal(got, plainText) {
		t.Error("colour changes the text")
	}
}
