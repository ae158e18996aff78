package report

import (
	"context"
	"encoding/csv"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"scmigrate/migrate/internal/inorder"
)

// csvHeader are the columns of vehicles.csv; columns may be added at the end, none moved or removed.
func csvHeader() []string {
	return []string{
		"vehicleId", "userId", "suggestedUserId", "suggestedVehicleId", "label", "cohort", "make", "model", "year", "mode",
		"verdict", "proof", "waived", "undrawn", "identity", "evidenceAt", "cause", "field", "detail", "causes",
		"lost", "differs", "unverifiable", "legacyRequestIds", "appRequestIds",
	}
}

// renderCSV writes one row per inventory entry, in inventory order, as RFC 4180 says: commas, CRLF, UTF-8 without a byte
// order mark. cause, field and detail are the gravest cause's; a list stands in one cell, parted by blanks. It holds one
// batch of vehicles at a time.
func renderCSV(w io.Writer, r Report, _ Options) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if err := out.Write(csvHeader()); err != nil {
		return err
	}
	for row, err := range inorder.Map(context.Background(), r.Vehicles(), func(v Vehicle) ([]string, error) { return csvRow(v), nil }) {
		if err != nil {
			return err
		}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func csvRow(v Vehicle) []string {
	var first CauseRef
	if len(v.Causes) > 0 {
		first = v.Causes[0]
	}
	row := []string{
		v.VehicleID, v.UserID, orEmpty(v.SuggestedUserID), orEmpty(v.SuggestedVehicleID), v.Label, v.Cohort, v.Make, v.Model, numberOrEmpty(v.Year), v.Mode,
		v.Verdict, orEmpty(v.Proof), strconv.FormatBool(v.Waived), strconv.FormatBool(v.Undrawn), v.Identity, instant(v.EvidenceAt), first.Code, first.Field, first.Detail, codesOf(v.Causes),
		v.fieldsThat("lost"), v.fieldsThat("differs"), v.fieldsThat("unverifiable"), strings.Join(v.RequestIDs.Legacy, " "), strings.Join(v.RequestIDs.App, " "),
	}
	for i, cell := range row {
		row[i] = CSVCell(cell)
	}
	return row
}

func numberOrEmpty(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// instant is a time as report.json writes it.
func instant(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// codesOf are the different codes of the causes, in their order.
func codesOf(causes []CauseRef) string {
	var codes []string
	for _, c := range causes {
		if !slices.Contains(codes, c.Code) {
			codes = append(codes, c.Code)
		}
	}
	return strings.Join(codes, " ")
}

func (v Vehicle) fieldsThat(outcome string) string {
	var names []string
	for _, f := range v.Fields {
		if f.Outcome == outcome {
			names = append(names, f.Field)
		}
	}
	return strings.Join(names, " ")
}

// The characters that begin a formula in some spreadsheet, full-width forms included, and those after which a spreadsheet
// that was told, or by its locale believes, in another separator begins a new cell.
const (
	formulaStarts = "=+-@＝＋－＠"
	cellStarts    = ";,|"
)

// maxCell is how many characters a cell holds: Excel takes 32,767.
const maxCell = 32_000

// CSVCell is plain text that no spreadsheet takes for a formula: an apostrophe, which spreadsheets hide and read as
// "text follows", stands before a character that would begin one, whether the file is parted at commas or elsewhere.
func CSVCell(text string) string {
	text = strings.TrimSpace(clip(singleLine(text), maxCell))
	if !strings.ContainsAny(text, formulaStarts) {
		return text
	}
	var out strings.Builder
	fresh := true // nothing but blanks and quotes stands in this cell so far
	for _, r := range text {
		if fresh && strings.ContainsRune(formulaStarts, r) {
			out.WriteByte('\'')
		}
		fresh = strings.ContainsRune(cellStarts, r) || fresh && (r == ' ' || r == '"')
		out.WriteRune(r)
	}
	return out.String()
}
