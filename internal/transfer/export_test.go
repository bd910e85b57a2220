package transfer

import (
	"slices"
	"testing"
)

// AddRunRules adds rules, changed from the latest ones, for the time of the test, and returns their number.
func AddRunRules(t *testing.T, change func(*RunRules)) int {
	t.Helper()
	rules := runRules[LatestRunRules()]
	change(&rules)
	replaceRunRules(t, append(slices.Clone(runRules), rules))
	return LatestRunRules()
}

// ChangeRunRules changes the rules of a number for the time of the test, which nobody may do otherwise.
func ChangeRunRules(t *testing.T, number int, change func(*RunRules)) {
	t.Helper()
	changed := slices.Clone(runRules)
	change(&changed[number])
	replaceRunRules(t, changed)
}

func replaceRunRules(t *testing.T, with []RunRules) {
	t.Helper()
	kept := runRules
	runRules = with
	t.Cleanup(func() { runRules = kept })
}
