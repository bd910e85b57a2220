package house

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every rule of sections 2, 3 and 5 of the domain reference, and those of what surrounds a transfer, is either shown by a test
// of one of the pure rooms, run under the rule's number, or listed in shownElsewhere.

// pureRooms are the packages of the rules.
var pureRooms = []string{
	"internal/kernel", "internal/programme", "internal/subscription", "internal/activitylog", "internal/commerce", "internal/administration", "internal/transfer", "internal/webhook",
}

// rulesOfTheDomain are the numbers of sections 2, 3 and 5, and those of the REST contract and of sections 7 and 8 that the
// pure rooms decide.
var rulesOfTheDomain = strings.Fields(`
	R-1 R-2 R-3 R-4 R-5 R-10 R-11 R-12 R-13 R-14 R-15 R-16 R-17 R-18 R-20 R-21 R-22 R-23 R-24 R-25 R-26 R-27 R-28 R-29
	R-30 R-31 R-32 R-33 R-34 R-35 R-36 R-37
	R-40 R-41 R-42 R-43 R-44 R-45 R-46 R-50 R-51 R-52 R-53 R-54 R-55 R-56 R-57 R-58 R-60 R-61 R-62
	R-70 R-71 R-72 R-73 R-74 R-75 R-76 R-77 R-78 R-79 R-80 R-81 R-82 R-83 R-84 R-85
	R-103 R-105 R-110 R-120 R-121 R-122 R-123 R-130 R-131 R-140 R-153 R-155
	R-180 R-181 R-182 R-183 R-184 R-185 R-186 R-187 R-188 R-189 R-190 R-200 R-201 R-202 R-210 R-211 R-212 R-221 R-222 R-223 R-224 R-230 R-231 R-232 R-233 R-255 R-258 R-271
	R-401 R-402 R-410 R-416 R-419 R-421 R-460 R-461
	R-284 R-285 R-286 R-289 R-300 R-407 R-408 R-409 R-434 R-452`)

// shownElsewhere says where the rules are kept that a pure function cannot keep. Many of the rules shown in the rooms have a
// second half there too: who is locked, what is written once, which timer runs.
var shownElsewhere = map[string]string{
	"R-4":   "workflows, test/integration: the whole story in its order",
	"R-23":  "nowhere: an observation about durations, not a rule",
	"R-34":  "nowhere: licences, users and access of the customer's tenant are not in the system at all",
	"R-85":  "internal/billing: the billing system's own refusal, passed on with its code",
	"R-187": "internal/ledger: the old subscription is deleted in the transaction that makes the new one",
}

// The tests of the rooms are run, and not only read, so that nothing counts but a test that passed.
func TestEveryRuleIsShown(t *testing.T) {
	t.Parallel()
	shown := shownBy(t, runTests(t, pureRooms))
	require.Empty(t, mistakes(rulesOfTheDomain, shown, shownElsewhere))
	for number := range shown {
		fewer := maps.Clone(shown)
		delete(fewer, number)
		assert.Equal(t, []string{number + " is shown nowhere"}, mistakes(rulesOfTheDomain, fewer, shownElsewhere))
	}
}

func TestOnlyATestThatPassedShowsARule(t *testing.T) {
	t.Parallel()
	shown := shownBy(t, strings.NewReader(`
		{"Action":"start","Package":"a"}
		{"Action":"run","Package":"a","Test":"TestA/R-1_only_begun"}
		{"Action":"fail","Package":"a","Test":"TestA/R-2_wrong"}
		{"Action":"skip","Package":"a","Test":"TestA/R-3_left_out"}
		{"Action":"output","Package":"a","Test":"TestA","Output":"R-4 is only talked about\n"}
		{"Action":"pass","Package":"a","Test":"TestA/cites_R-5_in_passing"}
		{"Action":"pass","Package":"a","Test":"TestR-6_is_no_name_of_a_function"}
		{"Action":"pass","Package":"a","Test":"TestA/R-7_right"}
		{"Action":"pass","Package":"b","Test":"TestB/of_another_room/R-8_right_as_well"}
		{"Action":"pass","Package":"b","Test":"TestB/R-9_right_here"}
		{"Action":"fail","Package":"a","Test":"TestA/R-9_and_wrong_there"}
		{"Action":"pass","Package":"b"}`))
	assert.Equal(t, map[string]bool{"R-7": true, "R-8": true}, shown)
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	shown, elsewhere := map[string]bool{"R-1": true, "R-3": true, "R-5": true}, map[string]string{"R-2": "there", "R-3": "there", "R-6": "there"}
	assert.Equal(t, []string{
		"R-3 is shown by a test, and said to be shown elsewhere", "R-4 is shown nowhere",
		"R-5 is not in rulesOfTheDomain", "R-6 is not in rulesOfTheDomain",
	}, mistakes([]string{"R-1", "R-2", "R-3", "R-4"}, shown, elsewhere))
	assert.Empty(t, mistakes([]string{"R-1"}, map[string]bool{"R-1": true}, nil))
	assert.NotEmpty(t, mistakes([]string{"R-1"}, nil, nil))
}

// mistakes are the rules that are shown nowhere, twice, or unknown.
func mistakes(rules []string, shown map[string]bool, elsewhere map[string]string) []string {
	var found []string
	for _, number := range rules {
		_, there := elsewhere[number]
		switch {
		case shown[number] && there:
			found = append(found, number+" is shown by a test, and said to be shown elsewhere")
		case !shown[number] && !there:
			found = append(found, number+" is shown nowhere")
		}
	}
	for _, number := range slices.Sorted(maps.Keys(union(shown, elsewhere))) {
		if !slices.Contains(rules, number) {
			found = append(found, number+" is not in rulesOfTheDomain")
		}
	}
	return found
}

func union(shown map[string]bool, elsewhere map[string]string) map[string]bool {
	all := maps.Clone(shown)
	if all == nil {
		all = map[string]bool{}
	}
	for number := range elsewhere {
		all[number] = true
	}
	return all
}

// runTests runs all tests of the packages and returns what go test tells about each. When one fails, so does the caller.
func runTests(t *testing.T, packages []string) io.Reader {
	t.Helper()
	arguments := []string{"test", "-json"}
	for _, p := range packages {
		_, err := os.ReadDir(root + "/" + p) // so that the answer is not kept when a file of the room has changed
		require.NoError(t, err)
		arguments = append(arguments, "./"+p)
	}
	run := exec.CommandContext(t.Context(), "go", arguments...)
	run.Dir = root
	var told, complaints bytes.Buffer
	run.Stdout, run.Stderr = &told, &complaints
	assert.NoError(t, run.Run(), "the tests of the rooms fail: %s", &complaints)
	return &told
}

var ofARule = regexp.MustCompile(`/(R-\d+)_`)

// shownBy are the rules all of whose tests passed, of those that have any. A test carries the number at the beginning of its
// name, below a test function: kerneltest.Rule.
func shownBy(t *testing.T, events io.Reader) map[string]bool {
	t.Helper()
	shown, failed := map[string]bool{}, map[string]bool{}
	for each := json.NewDecoder(events); ; {
		var e struct{ Action, Test string }
		err := each.Decode(&e)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		for _, number := range ofARule.FindAllStringSubmatch(e.Test, -1) {
			shown[number[1]] = shown[number[1]] || e.Action == "pass"
			failed[number[1]] = failed[number[1]] || e.Action == "fail"
		}
	}
	maps.DeleteFunc(shown, func(number string, passed bool) bool { return !passed || failed[number] })
	return shown
}
