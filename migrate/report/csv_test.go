package report

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func parsedCSV(t *testing.T, text []byte) [][]string {
	t.Helper()
	reader := csv.NewReader(bytes.NewReader(text))
	reader.FieldsPerRecord = len(csvHeader())
	rows, err := reader.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestCSVIsOneRowPerVehicle(t *testing.T) {
	text := rendered(t, "csv", sample(), Options{})
	if bytes.Count(text, []byte("\r\n")) != bytes.Count(text, []byte("\n")) || bytes.HasPrefix(text, []byte("\ufeff")) {
		t.Error("lines must end in CRLF, and no byte order mark may stand first")
	}
	rows := parsedCSV(t, text)
	if len(rows) != 1+len(sampleVehicles()) || !slices.Equal(rows[0], csvHeader()) {
		t.Fatalf("%d rows under %q", len(rows), rows[0])
	}
	cell := func(row int, column string) string { return rows[row][slices.Index(rows[0], column)] }
	for column, want := range map[string]string{
		"vehicleId": vehicleID(3), "userId": userID(1), "label": sampleLabel, "year": "2023", "verdict": "blocked", "proof": "", "waived": "false", "evidenceAt": "2026-11-23T12:15:00Z",
		"cause": "signal-lost", "field": "security.sunroof", "causes": "signal-lost", "lost": "security.sunroof", "unverifiable": "battery.percentRemaining", "appRequestIds": requestID(7),
	} {
		if got := cell(4, column); got != want {
			t.Errorf("%s is %q, want %q", column, got, want)
		}
	}
}

func TestNoCellIsAFormula(t *testing.T) {
	for text, want := range map[string]string{
		"=cmd()": "'=cmd()", "+1": "'+1", "-1": "'-1", "@x": "'@x", "  =1": "'=1", "\t=1": "'=1", "\r=1": "'=1", "\n=1": "'=1", "\u00a0=1": "'=1", "\"=1": "\"'=1",
		"a;=1": "a;'=1", "a, -b": "a, '-b", "\",\"=1": "\",\"'=1", "a|@b": "a|'@b", "＝1": "'＝1", "==1": "'==1", "'=1": "'=1", "\x00=1": "\uFFFD=1", "\u200b=1": "\uFFFD=1",
		"a-b=c@d+e": "a-b=c@d+e", "36ab27d0-0000-4455": "36ab27d0-0000-4455", "": "",
	} {
		if got := CSVCell(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

// TestCSVPartedElsewhere reads the file as spreadsheets do that take another separator.
func TestCSVPartedElsewhere(t *testing.T) {
	text := rendered(t, "csv", hostile([]string{"a;=cmd()", "a\t=cmd()", "a,=cmd()", "\";=cmd();\"", "a|=1"}), Options{})
	for _, separator := range ",;\t|" {
		for n, line := range strings.Split(string(text), "\r\n") {
			for cell := range strings.SplitSeq(line, string(separator)) {
				if cell = strings.TrimLeft(cell, "\" "); cell != "" && strings.ContainsAny(cell[:1], "=+-@") {
					t.Errorf("parted at %q, line %d has the cell %q", separator, n+1, cell)
				}
			}
		}
	}
}

func TestCSVOfAnEmptyFleet(t *testing.T) {
	if rows := parsedCSV(t, rendered(t, "csv", reportOf(Summary{}, nil), Options{})); fmt.Sprint(rows) != fmt.Sprint([][]string{csvHeader()}) {
		t.Errorf("%q", rows)
	}
}
