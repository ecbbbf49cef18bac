package policies

import "strings"

// Suggest returns the candidate that was probably meant by name, or "". Letter case counts little: of two
// candidates at the same distance the earlier one wins.
func Suggest(name string, candidates []string) string {
	const longest = 200 // of hostile names nothing is suggested
	if name == "" || len(name) > longest {
		return ""
	}
	best, limit := "", max(1, len(name)/3)+1
	for _, c := range candidates {
		if c == name || c == "" || len(c) > longest {
			continue
		}
		if d := distance(strings.ToLower(name), strings.ToLower(c), limit); d < limit {
			best, limit = c, d
		}
	}
	for _, c := range candidates {
		if best == "" && (strings.HasPrefix(c, name+"_") || strings.HasPrefix(name, c+"_") && c != "") {
			best = c // "staff" for "staff_id"
		}
	}
	return best
}

// distance counts insertions, deletions, replacements and swaps of neighbours; from limit on it may stop counting.
func distance(a, b string, limit int) int {
	x, y := []rune(a), []rune(b)
	if abs(len(x)-len(y)) >= limit {
		return limit
	}
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}
