package billing

// What the billing system moved and what the ledger says moved are the same, or the line item is held (I-8).

import (
	"errors"
	"fmt"

	"handover/internal/kernel"
	"handover/internal/transfer"
)

// Comparison is what came of holding a line item against the word of the billing system. Both are empty where they agree.
type Comparison struct {
	Broken string // what disagrees, and what to do about it
	Note   string // what the billing system says of a held line item, and what that allows
}

// Compare holds a line item that has ended against what Asker.Ask returned for it just now.
//
// Errors: askErr as it is, when the billing system said nothing about the move: *Unavailable, the context's error.
func Compare(item transfer.EndedItem, targetSubscriptionID string, askErr error) (Comparison, error) {
	said, err := sayingOf(targetSubscriptionID, askErr)
	if err != nil {
		return Comparison{}, err
	}
	name := fmt.Sprintf("Line item %d of transfer %s (subscription %s)", item.Ordinal, item.TransferID, item.SubscriptionID)
	switch {
	case item.Held:
		return Comparison{Note: fmt.Sprintf("%s is held, and the billing system %s. %s", name, said, said.settles(item))}, nil
	case said.bearsOut(item):
		return Comparison{}, nil
	}
	return Comparison{Broken: fmt.Sprintf("%s %s, and the billing system %s. %s", name, ended(item), said, remedy(item, said))}, nil
}

// word is what a billing system can say about a move.
type word int

const (
	done word = iota
	atWork
	unknown
	never
)

// saying is its word, with what belongs to it.
type saying struct {
	word
	id     string // of the new subscription, when it is done
	reason string // why it is never done
}

func sayingOf(targetSubscriptionID string, err error) (saying, error) {
	var working *AtWork
	var refusal *kernel.Refusal
	switch {
	case err == nil:
		return saying{word: done, id: targetSubscriptionID}, nil
	case errors.As(err, &working):
		return saying{word: atWork}, nil
	case errors.Is(err, ErrUnknown):
		return saying{word: unknown}, nil
	case errors.As(err, &refusal):
		return saying{word: never, reason: refusal.Message}, nil
	}
	return saying{}, err
}

// String completes the sentence "the billing system …".
func (s saying) String() string {
	switch s.word {
	case done:
		return "says that it moved to " + s.id
	case atWork:
		return "is still working on the move"
	case unknown:
		return "does not know the move"
	default:
		return fmt.Sprintf("says that it never moves (%q)", s.reason)
	}
}

// bearsOut tells whether this is what the ledger says, too. The later word about a held line item stands where the billing
// system knows nothing: that it could not say was why somebody had to.
func (s saying) bearsOut(item transfer.EndedItem) bool {
	switch {
	case item.Status == transfer.ItemComplete:
		return s.word == done && kernel.SameID(s.id, item.TargetSubscriptionID)
	case item.MovedTo != "":
		return s.word == unknown || s.word == done && kernel.SameID(s.id, item.MovedTo)
	default:
		return s.word == unknown || s.word == never
	}
}

// settles is what can be done about a held line item. What is not known, or not over, settles nothing.
func (s saying) settles(item transfer.EndedItem) string {
	const saysSo = "The billing system says so."
	switch s.word {
	case done:
		return "This settles it: " + resolve(item, "--moved-to "+s.id, saysSo)
	case never:
		return "This settles it: " + resolve(item, "--not-moved", saysSo)
	case atWork:
		return "Ask again once it is done."
	default:
		return "Find out there what became of the subscription."
	}
}

// resolve is the command that says what became of the line item.
func resolve(item transfer.EndedItem, became, reason string) string {
	return fmt.Sprintf("starter resolve %s --item %d %s --reason %q", item.TransferID, item.Ordinal, became, reason)
}

// ended is how the ledger says the line item ended.
func ended(item transfer.EndedItem) string {
	switch {
	case item.Status == transfer.ItemComplete:
		return "moved to " + item.TargetSubscriptionID
	case item.MovedTo != "":
		return fmt.Sprintf("is %s, resolved as moved to %s", item.Status, item.MovedTo)
	case item.Resolved:
		return fmt.Sprintf("is %s, resolved as not moved", item.Status)
	default:
		return fmt.Sprintf("is %s", item.Status)
	}
}

// remedy is what to do when the two disagree. The ledger keeps how a line item ended (I-2), so it is done at the billing system.
func remedy(item transfer.EndedItem, s saying) string {
	moved := item.Status == transfer.ItemComplete || item.MovedTo != ""
	switch {
	case moved && s.word == done:
		return "Find out there which of the two is billed, and have the other one ended."
	case moved:
		return "Find out there whom the subscription is billed to, and have it be the target."
	case s.word == done && item.CheckHeld() == nil:
		return "Have it undone there, then: " + resolve(item, "--not-moved", "The billing system undid it.")
	case s.word == done:
		return "Have it undone there, or have it call back about the move: then starter resolve can settle it."
	default:
		return "Have it stopped there: here it moved nothing."
	}
}
