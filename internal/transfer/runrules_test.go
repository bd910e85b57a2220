package transfer_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/transfer"
)

// What the rules of a number decide is written down once, when the number is new, and never again. After adding a number:
// go test ./internal/transfer -run TestRunRules -update

func runRulesFile(number int) string {
	return filepath.Join("testdata", "runrules", fmt.Sprintf("%d.golden", number))
}

func TestRunRulesStay(t *testing.T) {
	for number := range transfer.LatestRunRules() + 1 {
		decided := decidedBy(t, number)
		file := runRulesFile(number)
		kept, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) && *update {
			require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
			require.NoError(t, os.WriteFile(file, []byte(decided), 0o644))
			continue
		}
		require.NoError(t, err, "the rules %d are new: run this test with -update, which writes down what they decide", number)
		assert.Equal(t, string(kept), decided, "the rules %d of runs decide otherwise than before, and the runs of transfers that follow them would not "+
			"replay. Put them back as they were and add a number: docs/adr/0013-rules-by-number.md says how", number)
	}
}

// A number that was in use stays known: transfers that follow it may be open.
func TestRunRulesAreNotRemoved(t *testing.T) {
	kept, err := filepath.Glob(filepath.Join("testdata", "runrules", "*.golden"))
	require.NoError(t, err)
	for n := range kept {
		_, known := transfer.RunRulesOf(n)
		assert.True(t, known, "the rules %d of runs are gone, but transfers that follow them may be open", n)
	}
	for _, unknown := range []int{-1, transfer.LatestRunRules() + 1} {
		_, known := transfer.RunRulesOf(unknown)
		assert.False(t, known, unknown)
	}
}

// The comparison notices whatever is changed of a rule, one field at a time.
func TestAChangedRuleIsNoticed(t *testing.T) {
	kept := decidedBy(t, 0)
	for i := range reflect.TypeFor[transfer.RunRules]().NumField() {
		name := reflect.TypeFor[transfer.RunRules]().Field(i).Name
		t.Run(name, func(t *testing.T) {
			transfer.ChangeRunRules(t, 0, func(r *transfer.RunRules) {
				field := reflect.ValueOf(r).Elem().Field(i)
				field.SetInt(field.Int() + 1)
			})
			assert.NotEqual(t, kept, decidedBy(t, 0))
		})
	}
}

func TestNewTransfersFollowTheLatestRules(t *testing.T) {
	added := transfer.AddRunRules(t, func(r *transfer.RunRules) { r.RangeSize = 100 })
	p := transfer.DefaultPolicy()
	assert.Equal(t, added, p.RunRules)
	assert.Equal(t, 100, p.ForRuns().RangeSize)
	assert.Equal(t, added, p.StandingOf(transfer.Transfer{}, "record", 0, standingOpened).Rules)
	assert.Equal(t, 250, transfer.Policy{}.ForRuns().RangeSize, "one of before there were numbers")
}

// decidedBy is what the rules of that number say, and what follows from that around each of their bounds.
func decidedBy(t *testing.T, number int) string {
	t.Helper()
	rules, known := transfer.RunRulesOf(number)
	require.True(t, known)
	var b strings.Builder
	values := reflect.ValueOf(rules)
	for i := range values.NumField() {
		fmt.Fprintf(&b, "%s: %v\n", values.Type().Field(i).Name, values.Field(i))
	}
	for _, total := range around(1, rules.SmallTransfer, rules.RangeSize, 2*rules.RangeSize, 10_000) {
		fmt.Fprintf(&b, "%d line items: share %s", total, rules.ShareOf("target", total))
		if rules.InRanges(total) {
			last := rules.RangeCount(total) - 1
			from, to := rules.Range(last, total)
			fmt.Fprintf(&b, ", ranges 0 to %d, the last one %d to %d", last, from, to)
		}
		b.WriteString("\n")
	}
	for _, ordinal := range around(1, rules.RangeSize, 2*rules.RangeSize) {
		from, to := rules.RangeOf(ordinal, 2*rules.RangeSize+5)
		fmt.Fprintf(&b, "line item %d: range %d to %d\n", ordinal, from, to)
	}
	for ended := 1; ended <= 8; ended++ {
		fmt.Fprintf(&b, "ended %d times: pause %s\n", ended, rules.Pause(ended))
	}
	for _, by := range around(0) {
		fmt.Fprintf(&b, "%+d of a bound: crowded by events %t, bytes %t, signals %t\n", by,
			rules.Crowded(rules.CrowdedEvents+by, 0, 0), rules.Crowded(0, rules.CrowdedBytes+by, 0), rules.Crowded(0, 0, rules.CrowdedSignals+by))
	}
	return b.String()
}

// around are the bounds with their neighbours.
func around(bounds ...int) []int {
	var all []int
	for _, b := range bounds {
		all = append(all, b-1, b, b+1)
	}
	return all
}
