// Package notify sends e-mail, as text and HTML over SMTP, and has a small SMTP server that keeps mail in a folder for those who run
// without a real one. It knows no context: what an e-mail says, each kind of subject says itself.
//
// Where to look:
//
//	mail.go       one e-mail, and the kinds of subjects that there is something to tell of
//	letter.go     the structure of a mail text, so that every sentence is written once and shown in both forms
//	languages.go  the languages it is written in
//	relay.go      what is owed goes out: claim, write, send, record; pace.go how fast, and when the mail server is left alone
//	writing.go    what a mail says is read when it goes out
//	session.go    mails one after the other on one connection, call.go the connection
//	mailer.go     one mail on a connection of its own
//	envelope.go   what mail servers are asked to report; package bounce reads it
//	failure.go    which failures are final; counts.go what there is to see of a relay
//	catcher.go    the SMTP server, mailbox.go its folder
package notify

import (
	"context"

	"handover/internal/outbox"
)

// Mail is one e-mail, told to one recipient (I-4).
type Mail struct {
	To        string // one plain address
	MessageID string // with or without angle brackets; the same for every attempt (I-4)
	Attempt   int    // which attempt it is, from 1; a bounce says so again
	Letter    Letter
}

// Kinds are the kinds of subjects that a relay tells of, by the names that the outbox has of them.
type Kinds map[string]Kind

// Kind knows what there is to tell of subjects of one kind.
type Kind interface {
	// Subjects reads the subjects as they are now, by id, in one go. What is gone is left out. Its errors are the ledger's.
	Subjects(ctx context.Context, ids []string) (map[string]Subject, error)
}

// Subject is one thing that e-mails tell of, as it is now.
type Subject interface {
	// Letter writes the e-mail. A *PermanentError says that nothing is ever told about this event to this audience, a
	// *WithdrawnError that nobody needs it any more.
	Letter(n outbox.Notification) (Letter, error)
}
