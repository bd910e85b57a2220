// Package outbox is what has to be told, and what became of that: about any subject, in the words of the context that owes it. What is
// told is written with the change that owes it. E-mails are sent afterwards by relays, each of which claims a few at a time; another
// channel has rows of its own in the same table, and its own way of delivering them.
//
//	outbox.go  e-mails, as they are owed and read
//	claim.go   what a relay does with them
//	bounce.go  what a mail server reported after it had taken one; said.go the words of mail servers
//	backlog.go how much has not reached its recipients, by what it is about
//	resend.go  those that could not be delivered, and an operator's word to send them again
//	departed.go those who left while an e-mail to them waited
//	forget.go  to whom they went is forgotten
package outbox

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"handover/internal/store"
)

// Subject is what something is told about: one thing of a kind that a context names.
type Subject struct{ Kind, ID string }

// Email is the channel of what goes to an address.
const Email = "email"

// queued is an e-mail that is written into the outbox, due from the moment it is owed.
type queued struct {
	Notification
	fairKey string
}

var queuedMail = store.Table[queued]{
	Name: "notifications",
	Columns: `subject_kind text, subject_id text, channel text, event text, audience text, recipient text, locale text, message_id text, owed_at timestamptz,
		next_at timestamptz, fair_key text`,
	Fields: func(q *queued) []any {
		channel := Email
		return []any{
			&q.Subject.Kind, &q.Subject.ID, &channel, &q.Event, &q.Audience, &q.Recipient, &q.Locale, &q.MessageID, (*store.Stamp)(&q.OwedAt),
			(*store.Stamp)(&q.OwedAt), &q.fairKey,
		}
	},
}

var insertMail = queuedMail.Insert("ON CONFLICT (subject_id, subject_kind, event, channel, recipient) DO NOTHING")

// Queue writes e-mails that are owed from now on, each once for its event and recipient (I-4), to be sent in turn with those of
// other keys.
func Queue(ctx context.Context, tx store.Tx, fairKey string, mail ...Notification) error {
	rows := make([]queued, len(mail))
	for i, m := range mail {
		m.MessageID = cmp.Or(m.MessageID, MessageID(m.Subject.Kind, m.Subject.ID, m.Event, m.Recipient))
		rows[i] = queued{Notification: m, fairKey: fairKey}
	}
	return store.Insert(ctx, tx, queuedMail, insertMail, rows)
}

// nowhere ends the Message-ID of an e-mail that nobody has tried to send: whoever owes it need not know the sender.
const nowhere = "@handover"

// MessageID is the same for the same parts, so that a mail server recognises a repetition (I-4). It gets the sender's domain from
// ClaimMail.
func MessageID(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:16]) + nowhere
}

// Store is the e-mails in a database.
type Store struct{ db *store.DB }

// New is the e-mails in the database.
func New(db *store.DB) *Store { return &Store{db: db} }

// WaitingMail is how much mail is still to be sent.
type WaitingMail struct {
	Count       int
	Oldest      time.Duration // since the oldest was owed, or sent again; zero when none waits
	Undelivered int           // e-mails besides, which could not be delivered
}

var countWaiting = store.Both(`SELECT COUNT(*), MIN(COALESCE(resent_at, owed_at)), {clock}, (SELECT COUNT(*) FROM notifications WHERE ` + undelivered + `)
	FROM notifications WHERE ` + unsent)

// MailWaiting counts the e-mails that are neither sent nor given up, due or not, and those that could not be delivered.
func (s *Store) MailWaiting(ctx context.Context) (WaitingMail, error) {
	return store.Read(ctx, s.db, "count waiting mail", func(tx store.Tx) (WaitingMail, error) {
		var oldest, read time.Time
		waiting, _, err := store.One(ctx, tx, countWaiting, func(w *WaitingMail) []any {
			return []any{&w.Count, (*store.Stamp)(&oldest), (*store.Stamp)(&read), &w.Undelivered}
		})
		if err == nil && waiting.Count > 0 {
			waiting.Oldest = max(0, s.db.TimeRead(read).Sub(oldest))
		}
		return waiting, err
	})
}

// Notification is one e-mail that is to be sent: one event, one recipient (I-4).
type Notification struct {
	ID        int64
	Subject   Subject
	Event     string // as its context names it
	Audience  string // who that is to the subject, as its context names them
	Recipient string // e-mail address
	Locale    string // of the recipient's organisation
	MessageID string // stable over repeated attempts; when it is owed, empty for one made of subject, event and recipient
	OwedAt    time.Time
	Attempts  int
	SentAt    time.Time // zero while it is not sent
	Ended     bool      // it could not be delivered, or nobody needs it any more
	EndedAt   time.Time // when that was known; after SentAt for one that bounced
	Withdrawn bool      // nobody needs it any more
	ResentAt  time.Time // when an operator had it sent again; zero when nobody had
	LastError string
}

// Undelivered tells that it could not be delivered: an operator can have it sent again.
func (n Notification) Undelivered() bool { return n.Ended && !n.Withdrawn }

// since is from when on it is tried: since it was owed, or since an operator had it sent again.
func (n Notification) since() time.Time {
	if n.ResentAt.After(n.OwedAt) {
		return n.ResentAt
	}
	return n.OwedAt
}

// logged are the columns of a notification, as they are read.
const logged = `id, subject_kind, subject_id, event, audience, recipient, locale, message_id, owed_at, attempts, sent_at, undelivered_at IS NOT NULL, undelivered_at, withdrawn, last_error, resent_at`

func loggedFields(n *Notification) []any {
	return []any{
		&n.ID, &n.Subject.Kind, &n.Subject.ID, &n.Event, &n.Audience, &n.Recipient, &n.Locale, &n.MessageID, (*store.Stamp)(&n.OwedAt), &n.Attempts,
		(*store.Stamp)(&n.SentAt), &n.Ended, (*store.Stamp)(&n.EndedAt), &n.Withdrawn, &n.LastError, (*store.Stamp)(&n.ResentAt),
	}
}

var selectLog = store.Both(`SELECT ` + logged + ` FROM notifications n WHERE n.subject_id = $1 AND n.subject_kind = $2 AND n.channel = 'email' ORDER BY n.id`)

// Notifications are all e-mails about the subject, in the order in which they were owed.
func (s *Store) Notifications(ctx context.Context, about Subject) ([]Notification, error) {
	store.Lower(&about.ID)
	return store.Read(ctx, s.db, "read notifications", func(tx store.Tx) ([]Notification, error) {
		return store.All(ctx, tx, selectLog, loggedFields, about.ID, about.Kind)
	})
}

var (
	selectUnsent = store.Both(`SELECT ` + logged + ` FROM notifications WHERE ` + unsent + ` AND COALESCE(resent_at, owed_at) <= $1 ORDER BY owed_at, id LIMIT $2`)
	countUnsent  = store.Both(`SELECT COUNT(*) FROM notifications WHERE ` + unsent + ` AND COALESCE(resent_at, owed_at) <= $1`)
)

// UnsentSince are up to limit e-mails that have been waiting since then or longer, the oldest first, and how many there are in all.
func UnsentSince(ctx context.Context, tx store.Tx, latest time.Time, limit int) (mail []Notification, count int, err error) {
	if mail, err = store.All(ctx, tx, selectUnsent, loggedFields, store.Stamp(latest), limit); err != nil {
		return nil, 0, err
	}
	count, _, err = store.One(ctx, tx, countUnsent, store.Value[int], store.Stamp(latest))
	return mail, count, err
}
