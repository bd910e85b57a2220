// Package transfermail is what e-mails about transfers say (domain section 6.1).
//
//	mail.go     transfers as subjects of e-mail
//	compose.go  from an e-mail to its subject, text and HTML; the words are in templates/
package transfermail

import (
	"context"

	"handover/internal/notify"
	"handover/internal/outbox"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// Book is what is read of the ledger; see transferstore.Store.
type Book interface {
	MailFacts(ctx context.Context, ids []string) (map[string]transferstore.Told, error)
}

// Kind is transfers as a kind of subject.
type Kind struct {
	book        Book
	transferURL string
}

// New makes the kind. Partners open a transfer at the URL, see Letter.
func New(book Book, transferURL string) Kind { return Kind{book, transferURL} }

// Subjects reads the transfers.
func (k Kind) Subjects(ctx context.Context, ids []string) (map[string]notify.Subject, error) {
	facts, err := k.book.MailFacts(ctx, ids)
	subjects := make(map[string]notify.Subject, len(facts))
	for id, told := range facts {
		subjects[id] = subject{told, k.transferURL}
	}
	return subjects, err
}

type subject struct {
	transferstore.Told
	transferURL string
}

// Letter writes the e-mail, unless what it would say is not so any more.
func (s subject) Letter(n outbox.Notification) (notify.Letter, error) {
	if why := transfer.Overtaken(transfer.Event(n.Event), transfer.Audience(n.Audience), s.Departed.Has(n), s.Transfer, s.At); why != "" {
		return notify.Letter{}, &notify.WithdrawnError{Reason: why}
	}
	return Letter(n, s.Told, s.transferURL)
}
