package outbox

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"handover/internal/kernel"
	"handover/internal/store"
)

// Bounce is a mail server's report that an e-mail could not be delivered which one had taken. Nobody vouches for it: whoever may write to
// the address of bounces may send one.
type Bounce struct {
	MessageIDs []string // that the report names, each of which may be the e-mail's
	Attempt    int      // of the e-mail that it is about; 0 where it does not say
	Failed     []Undeliverable
}

// Undeliverable is a recipient whom a report says the e-mail did not reach.
type Undeliverable struct {
	Addresses []string // as it was sent to, and as a mail server made of that
	Says      string   // why not
}

// Bounced is what a report made of an e-mail.
type Bounced struct {
	ID      int64
	About   Subject
	Event   string
	Changed Change
}

// Change is what came of a report.
type Change string

// The changes.
const (
	NowUndelivered Change = "undelivered"   // it is listed, and can be sent again
	AlreadyEnded   Change = "none"          // it was undelivered before, or nobody needs it any more
	OtherAttempt   Change = "other-attempt" // the report is about another attempt than the latest: it was sent again meanwhile
	NotSentYet     Change = "not-sent"      // so nothing of it can have come back
	NothingFailed  Change = "not-failed"    // the report says so, and no e-mail was looked for
)

// ErrInHand says that the e-mail is being sent, and what becomes of it is not recorded yet. The report can be read again in a minute.
var ErrInHand = errors.New("this e-mail is in the hands of a relay at this moment: read the report again in a few minutes")

var (
	selectByMessageID = store.Both(`SELECT ` + logged + `, claimed_until FROM notifications WHERE message_id = $1 AND channel = '` + Email + `' FOR UPDATE`)
	markBounced       = store.Both(`UPDATE notifications SET undelivered_at = $2, last_error = $3 WHERE id = $1`)
)

// MailBounced makes an e-mail undelivered that a mail server had taken and then reported as not delivered: it is listed, counted and can be
// sent again like one that was refused at once. A report that is repeated, or is about an attempt before the latest, changes nothing. So
// the most that a forged report does is that: to an e-mail whose Message-ID and recipient its author knows.
//
// Refusal: InvalidInput, when no e-mail has one of the Message-IDs, or its recipient is none of those that the report names. Error: ErrInHand.
func (s *Store) MailBounced(ctx context.Context, b Bounce) (Bounced, error) {
	return store.Write(ctx, s.db, "record a bounce", func(tx store.Tx) (Bounced, error) {
		now, err := s.db.Time(ctx, tx)
		if err != nil {
			return Bounced{}, err
		}
		n, err := byMessageID(ctx, tx, b.MessageIDs)
		if err != nil {
			return Bounced{}, err
		}
		says, reported := b.of(n.Recipient)
		if !reported {
			return Bounced{}, kernel.Refuse(kernel.InvalidInput, "The report is about another recipient than e-mail %d went to. Nothing changed.", n.ID)
		}
		done := Bounced{ID: n.ID, About: n.Subject, Event: n.Event, Changed: n.bouncedAt(b.Attempt)}
		switch {
		case done.Changed == NotSentYet && now.Before(n.claimedUntil):
			return done, ErrInHand
		case done.Changed != NowUndelivered:
			return done, nil
		}
		_, err = tx.Exec(ctx, markBounced, n.ID, store.Stamp(now), "A mail server took it, and one reported afterwards: "+says)
		return done, err
	})
}

// sending is an e-mail, and until when it is in the hands of a relay.
type sending struct {
	Notification
	claimedUntil time.Time
}

// byMessageID is the e-mail with one of the Message-IDs, which nobody else changes until the transaction ends. Refusal: InvalidInput.
func byMessageID(ctx context.Context, tx store.Tx, ids []string) (sending, error) {
	for _, id := range ids {
		n, there, err := store.One(ctx, tx, selectByMessageID, func(n *sending) []any {
			return append(loggedFields(&n.Notification), (*store.Stamp)(&n.claimedUntil))
		}, id)
		if err != nil || there {
			return n, err
		}
	}
	return sending{}, kernel.Refuse(kernel.InvalidInput, "The report is about no e-mail of this ledger: it names none of its Message-IDs. Nothing changed.")
}

// bouncedAt is what a report about that attempt at the e-mail means.
func (n Notification) bouncedAt(attempt int) Change {
	switch {
	case n.Ended:
		return AlreadyEnded
	case n.SentAt.IsZero() && (attempt == 0 || attempt > n.Attempts):
		return NotSentYet
	case n.SentAt.IsZero(), attempt != 0 && attempt != n.Attempts:
		return OtherAttempt
	}
	return NowUndelivered
}

// of is what the report says about that recipient, and whether it says anything.
func (b Bounce) of(recipient string) (says string, reported bool) {
	for _, failed := range b.Failed {
		if slices.ContainsFunc(failed.Addresses, func(a string) bool { return strings.EqualFold(plain(a), plain(recipient)) }) {
			return Said(failed.Says, append(failed.Addresses, recipient)...), true
		}
	}
	return "", false
}

// plain is an address in the form in which mail servers are told it.
func plain(address string) string {
	if mailable, err := kernel.Mailable("", address); err == nil {
		return mailable
	}
	return address
}
