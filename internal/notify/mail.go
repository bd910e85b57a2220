// Package notify sends e-mail, as text and HTML over SMTP, and has a small SMTP server that keeps mail in a folder for those who run
// without a real one. It knows no context: what an e-mail says, each kind of subject says itself.
//
// Where to look:
//
//	mail.go       one e-mail, and the kinds of subjects that there is something to tell of
//	letter.go     the structure of a mail text, so that every sentence is written once and shown in both forms
//	languages.go  the languages it is written in
//	relay.go      what is owed goes out: claim, write, send, record; pace.go how fast, and when the mail server is left alone
//	session.go    mails one after the other on one connection, call.go the connection
//	mailer.go     one mail on a connection of its own
//	envelope.go   what mail servers are asked to report; package bounce reads it
//	failure.go    which failures are final; counts.go what there is to see of a relay
//	catcher.go    the SMTP server, mailbox.go its folder
package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"

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

// written is an e-mail of a claim with its letter, or why there is none.
type written struct {
	outbox.Owed
	letter Letter
	err    error
}

// nothing tells what becomes of a mail for which there is no letter.
func (w written) nothing() (outbox.MailResult, bool) {
	if w.err == nil {
		return outbox.MailResult{}, false
	}
	return resultOf(w.Owed, w.err), true
}

// found are the subjects of one kind, by id, or why they cannot be read.
type found struct {
	subjects map[string]Subject
	err      error
}

// write reads what the e-mails are about, once for each kind, and writes them. The error says which kinds could not be read: mail about
// them is put off, and holds up no other.
func (k Kinds) write(ctx context.Context, owed []outbox.Owed) ([]written, error) {
	about := map[string][]string{}
	for _, o := range owed {
		about[o.Subject.Kind] = append(about[o.Subject.Kind], o.Subject.ID)
	}
	kinds := map[string]found{}
	var unread error
	for name, ids := range about {
		kinds[name] = k.read(ctx, name, ids)
		unread = errors.Join(unread, kinds[name].err)
	}
	mails := make([]written, len(owed))
	for i, o := range owed {
		mails[i] = written{Owed: o}
		mails[i].letter, mails[i].err = kinds[o.Subject.Kind].letter(o.Notification)
	}
	return mails, unread
}

func (k Kinds) read(ctx context.Context, name string, ids []string) (f found) {
	kind, known := k[name]
	if !known { // a newer program may know it
		return found{err: fmt.Errorf("this program has nothing to tell about a %s", name)}
	}
	slices.Sort(ids)
	if f.subjects, f.err = kind.Subjects(ctx, slices.Compact(ids)); f.err != nil {
		f.err = fmt.Errorf("what mail about a %s tells cannot be read: %w", name, f.err)
	}
	return f
}

func (f found) letter(n outbox.Notification) (Letter, error) {
	switch subject, there := f.subjects[n.Subject.ID]; {
	case f.err != nil:
		return Letter{}, f.err
	case !there:
		return Letter{}, Permanent("The %s that the mail is about is gone.", n.Subject.Kind)
	default:
		return subject.Letter(n)
	}
}
