package contract_test

import (
	"context"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/billing/contract"
)

// The clauses by name.
const (
	newID         = "a move gives a new subscription"
	sameID        = "a repetition gives the same subscription"
	oneID         = "twenty at once give one subscription"
	otherKey      = "another key is another move"
	noReuse       = "another move under a used key is refused"
	getDone       = "GET tells what was done"
	getUnknown    = "GET of an unknown key is 404"
	wholeKey      = "the key is read as a whole"
	toldLater     = "what was accepted is told until it is done"
	doneLater     = "what is done stays done"
	promise       = "a key it never heard of is promised"
	noPromise     = "what is done is not promised"
	samePromise   = "a second DELETE says the same"
	race          = "POST and DELETE at once have one outcome"
	promiseAtWork = "what is at work is done or never"
	closedDoor    = "nobody comes in without the token"
	unknownFields = "fields it does not know are ignored"
	garbage       = "garbage does no harm"
	restart       = "a restart forgets nothing"
)

// later is a system that takes its time.
func later(f flaws) *system { return &system{takes: 3, flaws: f} }

// atOnce is a system that does not.
func atOnce(f flaws) *system { return &system{flaws: f} }

// A quick system and a slow one keep the contract alike; what cannot be tried is noted and is no fault.
func TestHonestSystemsKeepIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		system *system
		noted  []string
	}{
		"at once":                 {atOnce(flaws{}), []string{toldLater, doneLater, promiseAtWork}},
		"later":                   {later(flaws{}), nil},
		"later, deciding late":    {later(flaws{decidesLate: true}), nil},
		"later, without promises": {later(flaws{noDelete: true}), []string{promise, noPromise, samePromise, race, promiseAtWork}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			results, err := contract.Run(t.Context(), peer(t, c.system, time.Minute))
			require.NoError(t, err)
			for _, r := range results {
				want := contract.Kept
				if slices.Contains(c.noted, r.Clause.Name) {
					want = contract.Noted
				}
				assert.Equal(t, want, r.Outcome, "%s: %s", r.Clause.Name, r.Says)
			}
		})
	}
}

// fault is a system that breaks the contract, and what must be said of it.
type fault struct {
	system *system
	clause string
	says   string
}

// faults has one for every clause, at least.
func faults() map[string]fault {
	return map[string]fault{
		"moves twice":                         {atOnce(flaws{movesTwice: true}), oneID, "20 POSTs of one move at once: expected one subscriptionId, got "},
		"moves twice when withdrawn":          {atOnce(flaws{movesTwice: true}), race, "POST and DELETE of one key at once: expected one outcome, got 200 with subscriptionId "},
		"another id the second time":          {atOnce(flaws{otherID: true}), sameID, "POST of a move that is done: expected 200 with subscriptionId "},
		"the old id":                          {atOnce(flaws{oldID: true}), newID, "POST of a new move: expected the id of a new subscription, got that of the old one, "},
		"no GUID":                             {atOnce(flaws{noGUID: true}), newID, `got 200 with subscriptionId "4711", which is no GUID`},
		"one id for all":                      {atOnce(flaws{sameIDForAll: true}), otherKey, "POST of two moves: expected two subscriptionIds, got "},
		"takes another move under a key":      {atOnce(flaws{takesReuse: true}), noReuse, "POST of another move under a key that was used: expected 409 or 422 with a code, got 200 with "},
		"refuses without a code":              {atOnce(flaws{noCode: true}), noReuse, `got 422 with code "", which has not 1 to 32 characters`},
		"lies: done, then unknown":            {atOnce(flaws{unknownWhenDone: true}), getDone, "GET of a move that is done: expected 200 with subscriptionId "},
		"lies: done, then unknown, later":     {later(flaws{unknownWhenDone: true}), doneLater, "GET of a move that is done: expected 200 with subscriptionId "},
		"knows what it never heard of":        {atOnce(flaws{inventsMoves: true}), getUnknown, "GET of a key that was never posted: expected 404, got 202"},
		"cuts the key at its slash":           {atOnce(flaws{cutsKeys: true}), wholeKey, "GET of a key that differs from a used one only after the slash (%2F): expected 404, got 200 with "},
		"accepts, then unknown":               {later(flaws{unknownAtWork: true}), toldLater, "GET of a move that was accepted: expected 202, or 200 with a subscriptionId, got 404"},
		"accepts for ever":                    {later(flaws{neverDone: true}), toldLater, "GET and POST of a move that was accepted: expected 200 with a subscriptionId within 500ms, got 202"},
		"sends us elsewhere":                  {later(flaws{elsewhere: true}), toldLater, `got "https://elsewhere.example/moves/`},
		"tells another id later":              {later(flaws{otherIDLater: true}), toldLater, "expected 200 with subscriptionId "},
		"breaks its promise":                  {atOnce(flaws{movesPromised: true}), promise, "POST of a key that was promised: expected 409 or 422 with a code, got 200 with "},
		"breaks its promise, later":           {later(flaws{movesPromised: true}), promiseAtWork, "POST of a key that was promised: expected 409 or 422 with a code, got 20"},
		"refuses a promised key not for good": {atOnce(flaws{tellsNotNow: true}), promise, `POST of a key that was promised: expected 409 or 422 with a code, got 409 with code "900278"`},
		"promises what is done":               {atOnce(flaws{promisesDone: true}), noPromise, "DELETE of a move that is done: expected 200 with subscriptionId "},
		"promises what goes on":               {later(flaws{promisesAtWork: true}), promiseAtWork, "POST of a key that was promised: expected 409 or 422 with a code, got 20"},
		"takes its promise back":              {atOnce(flaws{unpromises: true}), samePromise, "DELETE again: expected 204, as the first time, got 404"},
		"asks for no token":                   {atOnce(flaws{ignoresToken: true}), closedDoor, ": expected 401, got "},
		"shows moves to everybody":            {atOnce(flaws{ignoresTokenGet: true}), closedDoor, "GET with"},
		"refuses unknown fields":              {atOnce(flaws{strictFields: true}), unknownFields, "got 400"},
		"compares unknown fields":             {atOnce(flaws{comparesBytes: true}), unknownFields, `got 422 with code "key-reused", when its unknown fields are others than before`},
		"compares the ordinal":                {atOnce(flaws{comparesOrdinal: true}), sameID, `got 422 with code "key-reused"`},
		"fails on garbage":                    {atOnce(flaws{failsOnGarbage: true}), garbage, ": expected a 4xx, got 500"},
		"reads without end":                   {atOnce(flaws{boundless: true}), garbage, "POST of a body of 2 MB: expected a 4xx, got 200 with "},
		"forgets over a restart":              {atOnce(flaws{forgets: true}), restart, "after a restart: GET of a move that is done: expected 200 with subscriptionId "},
		"forgets promises over a restart":     {atOnce(flaws{forgetsPromises: true}), restart, "after a restart: POST of a key that was promised: expected 409 or 422 with a code, got 200 with "},
		"is not there after a restart":        {atOnce(flaws{staysDown: true}), restart, "the billing system could not be restarted: no power"},
	}
}

// A suite that finds nothing is worth nothing: every way to break the contract is named by the clause it breaks.
func TestFaultsAreNamed(t *testing.T) {
	t.Parallel()
	found := map[string]bool{}
	for name, c := range faults() {
		found[c.clause] = true
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			patience := time.Minute
			if c.system.flaws.neverDone || c.system.flaws.tellsNotNow {
				patience = 500 * time.Millisecond // it is sure to be lost
			}
			results, err := contract.Run(t.Context(), peer(t, c.system, patience))
			require.NoError(t, err)
			at := slices.IndexFunc(results, func(r contract.Result) bool { return r.Clause.Name == c.clause })
			require.NotEqual(t, -1, at)
			assert.Equal(t, contract.Broken, results[at].Outcome)
			assert.Contains(t, results[at].Says, c.says)
			assert.NotContains(t, results[at].Says, "\n", "it is one sentence")
		})
	}
	for _, clause := range contract.Clauses() {
		assert.True(t, found[clause.Name], "no fault shows that this clause can fail: %s", clause.Name)
	}
}

// Whoever reads of a fault finds the sentence that it breaks.
func TestClausesStandInTheDocument(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../../docs/billing-http.md")
	require.NoError(t, err)
	sections := map[string]string{}
	for _, section := range strings.Split("\n"+string(page), "\n#")[1:] {
		heading, text, _ := strings.Cut(section, "\n")
		sections[strings.Trim(heading, "# ")] = strings.Join(strings.Fields(text), " ")
	}
	seen := map[string]bool{}
	for _, c := range contract.Clauses() {
		assert.Contains(t, sections[c.Section], c.Sentence, c.Name)
		assert.False(t, seen[c.Name], c.Name)
		seen[c.Name] = true
	}
}

func TestPeersAreChecked(t *testing.T) {
	t.Parallel()
	for _, s := range []contract.Settings{
		{BaseURL: "", Patience: time.Second},
		{BaseURL: "billing.example", Patience: time.Second},
		{BaseURL: "ftp://billing.example", Patience: time.Second},
		{BaseURL: "http://billing.example:x", Patience: time.Second},
		{BaseURL: "http://billing.example"},
	} {
		_, err := contract.NewPeer(s)
		assert.Error(t, err, "%+v", s)
	}
}

func TestASystemThatIsNotThere(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(nil)
	server.Close()
	p, err := contract.NewPeer(contract.Settings{BaseURL: server.URL, Patience: 100 * time.Millisecond})
	require.NoError(t, err)
	_, err = contract.Run(t.Context(), p)
	assert.ErrorContains(t, err, "the billing system gave no answer: ")
}

func TestAnEndedContextEndsTheCheck(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	p := peer(t, later(flaws{neverDone: true}), time.Hour)
	cancel()
	_, err := contract.Run(ctx, p)
	assert.ErrorIs(t, err, context.Canceled)
}

// Without a token or a way to restart it, there is less to try.
func TestWhatCannotBeTriedIsNoted(t *testing.T) {
	t.Parallel()
	s := atOnce(flaws{ignoresToken: true, staysDown: true})
	s.rows = map[string]*row{}
	server := httptest.NewServer(s)
	defer server.Close()
	p, err := contract.NewPeer(contract.Settings{BaseURL: server.URL, Patience: time.Minute})
	require.NoError(t, err)
	results, err := contract.Run(t.Context(), p)
	require.NoError(t, err)
	for _, r := range results {
		if slices.Contains([]string{closedDoor, restart, toldLater, doneLater, promiseAtWork}, r.Clause.Name) {
			assert.Equal(t, contract.Noted, r.Outcome, r.Clause.Name)
			assert.NotEmpty(t, r.Says)
		} else {
			assert.Equal(t, contract.Kept, r.Outcome, "%s: %s", r.Clause.Name, r.Says)
		}
	}
}
