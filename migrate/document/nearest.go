package document

import "strings"

// Nearest is the known key that a misspelt one probably means, "" where none is near. aliases are names that others use,
// folded (lower case, without separators).
func Nearest(key string, known []string, aliases map[string]string) string {
	folded := fold(key)
	best, distance := "", max(2, len(folded)/3)+1
	for _, k := range known {
		if aliases[folded] == k {
			return k
		}
		if d := Edits(folded, fold(k)); d < distance {
			best, distance = k, d
		}
	}
	return best
}

// fold drops case and separators: vehicle_id, VehicleID and vehicle-id are one name.
func fold(key string) string {
	if len(key) > 40 {
		key = key[:40]
	}
	return strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "").Replace(key))
}

// Edits is the Levenshtein distance of two short names.
func Edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
