package inventory

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ImportJSONL is to JSON Lines, one object a line, what ImportCSV is to CSV.
func ImportJSONL(in io.Reader, out io.Writer, o ImportOptions) (Imported, error) {
	i := newImporter(out, o)
	for l := newLines(in); ; {
		line, err := l.read()
		var bad fatal
		switch {
		case errors.Is(err, io.EOF):
			return i.finish()
		case errors.As(err, &bad):
			i.done.Problems.Add(Problem{File: o.Name, Line: bad.line, Message: bad.message})
			return i.finish()
		case err != nil:
			return i.done, fmt.Errorf("%s: %w", o.Name, err)
		case line.blank():
			continue
		}
		if err := i.object(line); err != nil {
			return i.done, err
		}
	}
}

func (i *importer) object(line textLine) error {
	d := json.NewDecoder(bytes.NewReader(line.text))
	d.UseNumber()
	var members map[string]any
	err := d.Decode(&members)
	if err == nil && members != nil {
		_, err = d.Token()
	}
	if members == nil || !errors.Is(err, io.EOF) {
		i.done.Bad++
		hint := ""
		if line.no == 1 {
			hint = "a CSV table is given with --csv"
		}
		i.done.Problems.Add(Problem{File: i.o.Name, Line: line.no, Message: "the line is not one JSON object", Hint: hint})
		return nil
	}
	return i.put(line.no, func(key string) (cell, complaint) { return i.member(members, key) })
}

func (i *importer) member(members map[string]any, key string) (cell, complaint) {
	path := i.o.Map[key]
	if i.o.Map == nil {
		path = key
	}
	value, ok := reach(members, path)
	if !ok && i.o.Map == nil {
		value = likeNamed(members, key)
	}
	return jsonCell(key, value)
}

// reach finds a member by its name, or by a path of names with dots between them.
func reach(members map[string]any, path string) (any, bool) {
	if v, ok := members[path]; ok {
		return v, true
	}
	first, rest, dotted := strings.Cut(path, ".")
	inner, ok := members[first].(map[string]any)
	if !dotted || !ok {
		return nil, false
	}
	return reach(inner, rest)
}

func likeNamed(members map[string]any, key string) any {
	for name, v := range members {
		if plainName(name) == plainName(key) {
			return v
		}
	}
	return nil
}

func jsonCell(key string, value any) (cell, complaint) {
	switch v := value.(type) {
	case nil:
		return cell{}, complaint{}
	case string:
		return textCell(key, v)
	case json.Number:
		return textCell(key, v.String())
	case []any:
		return jsonList(key, v)
	}
	return cell{}, complaint{"is neither text nor a number", ""}
}

func jsonList(key string, items []any) (cell, complaint) {
	var list []string
	for _, item := range items {
		s, ok := item.(string)
		if !ok || key != "fields" {
			return cell{}, complaint{"is a list", "only fields takes one, of texts"}
		}
		list = append(list, s)
	}
	return cell{list: list}, complaint{}
}
