package manifest

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The CSV form has a row for every record. What is no vehicle's stands in the column about, as JSON.
var csvColumns = []string{"record", "vehicleId", "userId", "wave", "cohort", "proof", "evidenceAt", "evidence", "fields", "permissions", "waivers", "verdict", "cause", "causeField", "heldBy", "about"}

// The words of the column record.
var csvRecords = map[kind]string{kindHead: "manifest", kindVehicle: "vehicle", kindLeftOut: "left-out", kindEnd: "end"}

type csvWriter struct{ w io.Writer }

func (c *csvWriter) put(k kind, line []byte) error {
	row, err := csvRow(k, line)
	if err != nil {
		return err
	}
	text := csvText(row)
	if k == kindHead {
		text = append(csvText(csvColumns), text...)
	}
	_, err = c.w.Write(text)
	return err
}

// csvEscaped are the first characters of a cell before which an apostrophe is put: those of formulas, full-width forms
// included, and the apostrophe itself, so that it can be taken away again.
const csvEscaped = "=+-@＝＋－＠'"

// csvText is one row as RFC 4180 writes it. A cell that a spreadsheet would take for a formula, or that begins with an
// apostrophe itself, begins with one.
func csvText(row []string) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	cells := make([]string, len(row))
	for i, cell := range row {
		if strings.IndexAny(cell, csvEscaped) == 0 {
			cell = "'" + cell
		}
		cells[i] = cell
	}
	_ = w.Write(cells) // into memory
	w.Flush()
	return b.Bytes()
}

func csvRow(k kind, line []byte) ([]string, error) {
	row := make([]string, len(csvColumns))
	row[0] = csvRecords[k]
	switch k {
	case kindVehicle:
		var v Vehicle
		if err := json.Unmarshal(line, &v); err != nil {
			return nil, err
		}
		copy(row[1:], []string{v.VehicleID, v.UserID, strconv.Itoa(v.Wave), v.Cohort, v.Proof, v.EvidenceAt.Format(time.RFC3339), v.Evidence,
			strings.Join(v.Fields, " "), strings.Join(v.Permissions, " "), strings.Join(v.Waivers, " ")})
	case kindLeftOut:
		var v LeftOut
		if err := json.Unmarshal(line, &v); err != nil {
			return nil, err
		}
		copy(row[1:], []string{v.VehicleID, v.UserID})
		copy(row[11:], []string{v.Verdict, v.Cause, v.Field, v.HeldBy})
	default:
		row[len(row)-1] = string(line)
	}
	return row, nil
}

type csvReader struct{ named bool }

var errRow = errors.New("this row is not as scmigrate writes it")

// take reads a row, which must be just what csvText makes of it.
func (c *csvReader) take(text []byte) ([]found, error) {
	row, err := csv.NewReader(bytes.NewReader(text)).Read()
	if err != nil || len(row) != len(csvColumns) {
		return nil, errRow
	}
	for i := range row {
		row[i] = strings.TrimPrefix(row[i], "'")
	}
	if !bytes.Equal(bytes.TrimRight(csvText(row), "\r\n"), text) {
		return nil, errRow
	}
	if !c.named {
		c.named = true
		if !slices.Equal(row, csvColumns) {
			return nil, errRow
		}
		return nil, nil
	}
	return csvRecord(row)
}

func csvRecord(row []string) ([]found, error) {
	var record any
	switch row[0] {
	case csvRecords[kindHead]:
		return []found{{kindHead, []byte(row[len(row)-1])}}, nil
	case csvRecords[kindEnd]:
		return []found{{kindEnd, []byte(row[len(row)-1])}}, nil
	case csvRecords[kindVehicle]:
		wave, err := strconv.Atoi(row[3])
		at, err2 := time.Parse(time.RFC3339, row[6])
		if err := errors.Join(err, err2); err != nil {
			return nil, errRow
		}
		record = Vehicle{VehicleID: row[1], UserID: row[2], Wave: wave, Cohort: row[4], Proof: row[5], EvidenceAt: at, Evidence: row[7],
			Fields: strings.Fields(row[8]), Permissions: strings.Fields(row[9]), Waivers: strings.Fields(row[10])}
	case csvRecords[kindLeftOut]:
		record = LeftOut{VehicleID: row[1], UserID: row[2], Verdict: row[11], Cause: row[12], Field: row[13], HeldBy: row[14]}
	default:
		return nil, errRow
	}
	return rebuilt(row, record)
}

// rebuilt is the record's line, if the row is just what is written of it: no cell holds more.
func rebuilt(row []string, record any) ([]found, error) {
	k := kindVehicle
	if row[0] == csvRecords[kindLeftOut] {
		k = kindLeftOut
	}
	line, err := encode(record)
	if err != nil {
		return nil, errRow
	}
	if again, err := csvRow(k, line); err != nil || !slices.Equal(again, row) {
		return nil, errRow
	}
	return []found{{k, line}}, nil
}
