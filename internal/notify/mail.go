// Package notify tells people about transfers by e-mail, as text and HTML over SMTP, and has a small SMTP server that
// keeps mail in a folder for those who run without a real one.
//
// Where to look:
//
//	mail.go       what is told to whom
//	compose.go    from a mail to its subject, text and HTML; the words are in templates/
//	blocks.go     the structure of a mail text, so that every sentence is written once and shown in both forms
//	relay.go      what is owed goes out: claim, send, record; pace.go how fast, and when the mail server is left alone
//	session.go    mails one after the other on one connection, call.go the connection
//	mailer.go     one mail on a connection of its own
//	failure.go    which failures are final; counts.go what there is to see of a relay
//	catcher.go    the SMTP server, mailbox.go its folder
package notify

import (
	"strings"

	"handover/internal/transfer"
)

// Mail is one e-mail: one event of one transfer, told to one recipient (I-4).
type Mail struct {
	Event     string            // transfer.EventCreated, EventCompleted, EventDeclined, or "reminder-<n>"
	Audience  transfer.Audience // decides the words: a participant reads only what it may see (R-181..R-190)
	To        string            // one plain address
	Locale    string            // BCP 47; the words are English, dates follow it
	MessageID string            // with or without angle brackets; the same for every attempt (I-4)
	Transfer  transfer.Transfer
	Sandbox   bool                // of sandbox tenants: nothing in it is real, and its subject says so
	Named     transfer.PartyNames // by the ledger: nothing that a partner typed about others is told as a fact
}

// kind is the event without the number that tells one reminder from another.
func (m Mail) kind() string {
	kind, _, _ := strings.Cut(m.Event, "-")
	return kind
}
