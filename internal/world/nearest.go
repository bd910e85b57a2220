package world

import "strings"

// nearest is the name that a misspelt one was most likely meant to be, or empty when none is close: at most a third of the
// letters wrong, rounded up. Case, dashes and underscores do not count.
func nearest(wrong string, names []string) string {
	best, closest := "", (len(wrong)+2)/3+1
	for _, name := range names {
		if d := distance(bare(wrong), bare(name)); d < closest {
			best, closest = name, d
		}
	}
	return best
}

func bare(name string) string {
	return strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(name))
}

// distance is the Levenshtein distance in bytes. A wrong name much longer than any field is not worth the table.
func distance(a, b string) int {
	if len(a) > 2*len(b) {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
