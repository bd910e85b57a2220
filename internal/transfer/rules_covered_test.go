package transfer_test

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Every rule of sections 2, 3 and 5 of the domain reference, and those of what surrounds a transfer, is either shown by a test of this package, run under the
// rule's number, or listed in shownElsewhere. A full run of the package fails when a rule is neither, or both.

// rulesOfTheDomain are the numbers of sections 2, 3 and 5, and those of the REST contract and of sections 7 and 8 that this
// package decides.
var rulesOfTheDomain = strings.Fields(`
	R-1 R-2 R-3 R-4 R-5 R-10 R-11 R-12 R-13 R-14 R-15 R-16 R-17 R-18 R-20 R-21 R-22 R-23 R-24 R-25 R-26 R-27 R-28 R-29
	R-30 R-31 R-32 R-33 R-34 R-35 R-36 R-37
	R-40 R-41 R-42 R-43 R-44 R-45 R-46 R-50 R-51 R-52 R-53 R-54 R-55 R-56 R-57 R-58 R-60 R-61 R-62
	R-70 R-71 R-72 R-73 R-74 R-75 R-76 R-77 R-78 R-79 R-80 R-81 R-82 R-83 R-84 R-85
	R-103 R-105 R-110 R-120 R-121 R-122 R-123 R-130 R-131 R-140 R-153 R-155
	R-180 R-181 R-182 R-183 R-184 R-185 R-186 R-187 R-188 R-189 R-190 R-200 R-201 R-202 R-211
	R-284 R-285 R-286 R-289 R-300`)

// shownElsewhere says where the rules are kept that a pure function cannot keep. Many of the rules shown here have a second
// half there too: who is locked, what is written once, which timer runs.
var shownElsewhere = map[string]string{
	"R-4":   "workflows, test/integration: the whole story in its order",
	"R-23":  "nowhere: an observation about durations, not a rule",
	"R-34":  "nowhere: licences, users and access of the customer's tenant are not in the system at all",
	"R-35":  "nowhere: prices are the billing system's",
	"R-77":  "internal/ledger: several pending requests side by side; nothing in this package knows of another transfer's request",
	"R-85":  "internal/billing: the billing system's own refusal, passed on with its code",
	"R-187": "internal/ledger: the old subscription is deleted in the transaction that makes the new one",
}

var ran sync.Map // rule → true

// rule runs the test of one rule. The name starts with its number: "R-42 source and target must differ".
func rule(t *testing.T, name string, test func(t *testing.T)) {
	t.Helper()
	number := regexp.MustCompile(`^R-\d+ `).FindString(name)
	if number == "" {
		t.Fatalf("%q does not start with the number of a rule", name)
	}
	ran.Store(strings.TrimSpace(number), true)
	t.Run(name, test)
}

func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 && wholeRun() {
		code = missing()
	}
	os.Exit(code)
}

// wholeRun tells whether no flag selected only some of the tests.
func wholeRun() bool {
	for _, name := range []string{"test.run", "test.skip", "test.list", "test.fuzz"} {
		if flag.Lookup(name).Value.String() != "" {
			return false
		}
	}
	return true
}

// missing reports the rules that are shown nowhere, shown twice, or unknown, and returns the exit code.
func missing() int {
	code := 0
	complain := func(rule, what string) { code = 1; fmt.Printf("FAIL: %s %s\n", rule, what) }
	for _, rule := range rulesOfTheDomain {
		_, here := ran.Load(rule)
		if _, there := shownElsewhere[rule]; here == there {
			complain(rule, "must either run here or be listed in shownElsewhere")
		}
	}
	ran.Range(func(rule, _ any) bool {
		if !slices.Contains(rulesOfTheDomain, rule.(string)) {
			complain(rule.(string), "is not in rulesOfTheDomain")
		}
		return true
	})
	return code
}
