package billing_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/billing"
	"handover/internal/kernel"
	"handover/internal/transfer"
)

const (
	comparedTransfer = "8c2e4d10-77aa-4f52-b0de-0d3f7b9c0001"
	comparedItem     = "50000000-0000-4000-8000-00000000000a"
	movedTo          = "90000000-0000-4000-8000-00000000000a"
	movedElsewhere   = "90000000-0000-4000-8000-00000000000b"
)

// answers are what a billing system can say about a move.
var answers = map[string]struct {
	id  string
	err error
}{
	"done":      {movedTo, nil},
	"DONE":      {strings.ToUpper(movedTo), nil},
	"elsewhere": {movedElsewhere, nil},
	"at work":   {"", fmt.Errorf("asked: %w", &billing.AtWork{})},
	"unknown":   {"", fmt.Errorf("asked: %w", billing.ErrUnknown)},
	"never":     {"", fmt.Errorf("asked: %w", kernel.Refuse(transfer.ProviderRefused, "Not \x1b[2Jhere."))},
}

// endings are the ways in which a line item that was sent can have ended, by the ledger.
var endings = map[string]transfer.EndedItem{
	"complete":             {LineItem: transfer.LineItem{Status: transfer.ItemComplete, TargetSubscriptionID: movedTo}},
	"failed":               {LineItem: transfer.LineItem{Status: transfer.ItemFailed}},
	"held":                 {LineItem: transfer.LineItem{Status: transfer.ItemFailed, Held: true}},
	"resolved, moved":      {LineItem: transfer.LineItem{Status: transfer.ItemFailed}, Resolved: true, MovedTo: movedTo},
	"resolved, no move":    {LineItem: transfer.LineItem{Status: transfer.ItemFailed}, Resolved: true},
	"contradicted":         {LineItem: transfer.LineItem{Status: transfer.ItemFailed, LateID: movedTo}},
	"resolved in capitals": {LineItem: transfer.LineItem{Status: transfer.ItemFailed}, Resolved: true, MovedTo: strings.ToUpper(movedTo)},
}

func endedAs(ending string) transfer.EndedItem {
	item := endings[ending]
	item.TransferID, item.Ordinal, item.SubscriptionID = comparedTransfer, 3, comparedItem
	return item
}

// I-8: everything that a billing system can say of every way in which a line item can have ended.
func TestCompare(t *testing.T) {
	t.Parallel()
	const agree = ""
	cases := map[string]map[string]string{
		"complete": {
			"done": agree, "DONE": agree,
			"elsewhere": "moved to " + movedTo + ", and the billing system says that it moved to " + movedElsewhere + ". Find out there which of the two is billed",
			"at work":   "moved to " + movedTo + ", and the billing system is still working on the move. Find out there whom",
			"unknown":   "moved to " + movedTo + ", and the billing system does not know the move. Find out there whom",
			"never":     `moved to ` + movedTo + `, and the billing system says that it never moves ("Not \x1b[2Jhere."). Find out there whom`,
		},
		"failed": {
			"unknown": agree, "never": agree,
			"done":    "is Failed, and the billing system says that it moved to " + movedTo + ". Have it undone there",
			"at work": "is Failed, and the billing system is still working on the move. Have it stopped there",
		},
		"resolved, no move": {
			"unknown": agree, "never": agree,
			"done":    "is Failed, resolved as not moved, and the billing system says that it moved to " + movedTo + ". Have it undone there",
			"at work": "is Failed, resolved as not moved, and the billing system is still working on the move. Have it stopped there",
		},
		"resolved, moved": {
			"done": agree, "DONE": agree, "unknown": agree,
			"elsewhere": "is Failed, resolved as moved to " + movedTo + ", and the billing system says that it moved to " + movedElsewhere + ". Find out there which",
			"at work":   "is Failed, resolved as moved to " + movedTo + ", and the billing system is still working on the move. Find out there whom",
			"never":     "is Failed, resolved as moved to " + movedTo + `, and the billing system says that it never moves`,
		},
		"resolved in capitals": {"done": agree},
		"contradicted": {
			"unknown": agree, "never": agree,
			"done":    "is Failed, and the billing system says that it moved to " + movedTo + ". Have it undone there, then: starter resolve " + comparedTransfer + " --item 3 --not-moved --reason \"The billing system undid it.\"",
			"at work": "is Failed, and the billing system is still working on the move. Have it stopped there",
		},
	}
	for ending, byAnswer := range cases {
		for answer, broken := range byAnswer {
			t.Run(ending+" "+answer, func(t *testing.T) {
				t.Parallel()
				said := answers[answer]
				c, err := billing.Compare(endedAs(ending), said.id, said.err)
				require.NoError(t, err)
				assert.Empty(t, c.Note)
				if broken == agree {
					assert.Empty(t, c.Broken)
					return
				}
				assert.Contains(t, c.Broken, broken)
				assert.True(t, strings.HasPrefix(c.Broken, "Line item 3 of transfer "+comparedTransfer+" (subscription "+comparedItem+") "), c.Broken)
				assert.NotContains(t, c.Broken, "\x1b")
			})
		}
	}
}

// A held line item disagrees with nothing. What is certain about it comes with the command that settles it.
func TestCompareHeld(t *testing.T) {
	t.Parallel()
	resolve := "This settles it: starter resolve " + comparedTransfer + " --item 3 "
	for answer, note := range map[string]string{
		"done":    "is held, and the billing system says that it moved to " + movedTo + ". " + resolve + "--moved-to " + movedTo + ` --reason "The billing system says so."`,
		"never":   `says that it never moves ("Not \x1b[2Jhere."). ` + resolve + `--not-moved --reason "The billing system says so."`,
		"at work": "is held, and the billing system is still working on the move. Ask again once it is done.",
		"unknown": "is held, and the billing system does not know the move. Find out there what became of the subscription.",
	} {
		said := answers[answer]
		c, err := billing.Compare(endedAs("held"), said.id, said.err)
		require.NoError(t, err)
		assert.Empty(t, c.Broken, answer)
		assert.Contains(t, c.Note, note)
	}
}

// Silence is no word: nobody is said to agree or to disagree.
func TestCompareSilence(t *testing.T) {
	t.Parallel()
	for ending := range endings {
		for _, silence := range []error{&billing.Unavailable{Cause: transfer.ProviderUnavailable, Reason: "503"}, context.Canceled} {
			c, err := billing.Compare(endedAs(ending), "", silence)
			assert.ErrorIs(t, err, silence)
			assert.Empty(t, c)
		}
	}
}
