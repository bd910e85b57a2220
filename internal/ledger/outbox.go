package ledger

// The outbox: e-mails are written with the transition that owes them, and sent afterwards by relays, each of which claims
// a few at a time. A claim is a name and a time: whoever holds it may send and record, and when a relay dies with it the
// time frees what it held.

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"handover/internal/programme"
	"handover/internal/store"
	"handover/internal/transfer"
)

// recipient is somebody who can be told about a transfer.
type recipient struct {
	audience transfer.Audience
	address  string
	locale   string
	place    int // among the admin agents of a partner
}

var selectRecipients = store.Both(`SELECT 'source', a.email, p.locale, a.position FROM transfers t
		JOIN partners p ON p.tenant_id = t.source_tenant_id JOIN admin_agents a ON a.partner_tenant_id = p.tenant_id WHERE t.id = $1
	UNION ALL SELECT 'target', a.email, p.locale, a.position FROM transfers t
		JOIN partners p ON p.tenant_id = t.target_tenant_id JOIN admin_agents a ON a.partner_tenant_id = p.tenant_id WHERE t.id = $1
	UNION ALL SELECT 'customer', t.customer_email, c.locale, 0 FROM transfers t
		JOIN customers c ON c.tenant_id = t.customer_tenant_id WHERE t.id = $1
	ORDER BY 1, 4`)

// queued is an e-mail that is written into the outbox, due from the moment it is owed.
type queued struct {
	Notification
	fairKey string
}

var queuedMail = store.Table[queued]{
	Name: "notifications",
	Columns: `transfer_id text, event text, audience text, recipient text, locale text, message_id text, owed_at timestamptz,
		next_at timestamptz, fair_key text`,
	Fields: func(q *queued) []any {
		return []any{
			&q.TransferID, &q.Event, &q.Audience, &q.Recipient, &q.Locale, &q.MessageID, (*store.Stamp)(&q.OwedAt),
			(*store.Stamp)(&q.OwedAt), &q.fairKey,
		}
	},
}

var insertMail = queuedMail.Insert("ON CONFLICT (transfer_id, event, recipient) DO NOTHING")

// recipientsOf are those who can be told of a transfer that is opened on these facts.
func recipientsOf(f transfer.OpenFacts, t transfer.Transfer) []recipient {
	found := []recipient{{audience: transfer.ToCustomer, address: t.CustomerEmail, locale: f.Customer.Locale}}
	add := func(audience transfer.Audience, p programme.Partner) {
		for place, agent := range p.AdminAgents {
			found = append(found, recipient{audience: audience, address: agent.Email, locale: p.Locale, place: place})
		}
	}
	add(transfer.ToSource, *f.Source)
	add(transfer.ToTarget, *f.Target)
	return found
}

// queueMail writes one notification per recipient of the audiences and tells how many each of them gets. Somebody who
// belongs to two of them is told once (I-4).
func (s session) queueMail(ctx context.Context, h *happening) (handed transfer.MailCounts, err error) {
	if len(h.effects.Mail) == 0 {
		return handed, nil
	}
	reachable := h.reachable
	if reachable == nil {
		reachable, err = store.All(ctx, s, selectRecipients, func(r *recipient) []any {
			return []any{&r.audience, &r.address, &r.locale, &r.place}
		}, h.of.ID)
		if err != nil {
			return handed, err
		}
	}
	var mail []queued
	told := map[string]bool{}
	for _, audience := range h.effects.Mail {
		for _, r := range reachable {
			if r.audience != audience || r.address == "" || told[r.address] {
				continue
			}
			told[r.address] = true
			handed.Add(audience, 1)
			mail = append(mail, queued{fairKey: h.of.TargetTenantID, Notification: Notification{
				TransferID: h.of.ID, Event: h.effects.Event, Audience: audience, Recipient: r.address, Locale: r.locale,
				MessageID: messageID(h.of.ID, h.effects.Event, r.address), OwedAt: h.at,
			}})
		}
	}
	return handed, store.Insert(ctx, s, queuedMail, insertMail, mail)
}

// messageID is the same for every attempt at one e-mail, so that a mail server recognises a repetition (I-4).
func messageID(transferID string, event transfer.Event, recipient string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%s", transferID, event, recipient))
	return hex.EncodeToString(sum[:16]) + "@handover"
}

// OwedMail is an e-mail in the hands of the relay that claimed it.
type OwedMail struct {
	Notification
	Age      time.Duration     // since it was owed
	Transfer transfer.Transfer // as it stands at the claim
}

const (
	unsent = `sent_at IS NULL AND undelivered_at IS NULL`
	// free is whatever is due at $1 and in nobody's hands.
	free = unsent + ` AND next_at <= $1 AND (claimed_until IS NULL OR claimed_until <= $1)`
	// targets are the fair keys that have unsent mail, found by stepping from one to the next in the index.
	targets = `WITH RECURSIVE targets AS (
			SELECT MIN(fair_key) AS fair_key FROM notifications WHERE ` + unsent + `
			UNION ALL
			SELECT (SELECT MIN(n.fair_key) FROM notifications n WHERE n.fair_key > t.fair_key AND ` + unsent + `)
			FROM targets t WHERE t.fair_key IS NOT NULL
		)`
	// firstOf is what one target may get.
	firstOf = ` FROM notifications m WHERE m.fair_key = t.fair_key AND ` + free + ` ORDER BY m.next_at, m.id LIMIT $2`
	// oldest leaves a choice to relays that look at the same time.
	oldest = ` ORDER BY n.next_at, n.id LIMIT 4 * CAST($3 AS bigint)`
	// whose takes what no other relay took since it was looked for: the condition is asked again where the row is locked.
	whose = ` AND ` + free + ` ORDER BY next_at, id LIMIT CAST($3 AS bigint)`
	hold  = `UPDATE notifications SET claim = $4, claimed_until = $5 WHERE id `
)

// claimMail costs as much as there are targets, whatever one of them has waiting. In PostgreSQL the ids pass from step to
// step as arrays, which are made once: joins it would plan by statistics, and those are old when a backlog is new.
var claimMail = store.Statement{
	Postgres: targets + `, fair AS (
			SELECT n.id FROM targets t CROSS JOIN LATERAL (SELECT m.id, m.next_at` + firstOf + `) n` + oldest + `
		), taken AS (
			SELECT id FROM notifications WHERE id = ANY (ARRAY(SELECT id FROM fair))` + whose + ` FOR UPDATE SKIP LOCKED
		) ` + hold + `= ANY (ARRAY(SELECT id FROM taken)) RETURNING ` + logged,
	Sqlite: targets + `, fair AS (
			SELECT n.id FROM targets t JOIN notifications n ON n.id IN (SELECT m.id` + firstOf + `)` + oldest + `
		), taken AS (
			SELECT id FROM notifications WHERE id IN (SELECT id FROM fair)` + whose + `
		) ` + hold + `IN (SELECT id FROM taken) RETURNING ` + logged,
}

var (
	selectTransfers = store.OverRows(`SELECT `+transfers.Columns.Of("t")+`, `+counted+` FROM {rows} JOIN transfers t ON t.id = r.id`, store.IDColumn)
)

// ClaimMail takes up to limit e-mails that are due, at most perKey of one target's transfers, for as long as the lease:
// nobody else gets them before it ends. Those due longest come first. A reminder of a request that was answered meanwhile
// is withdrawn instead. Nothing due is an empty list.
func (l *Ledger) ClaimMail(ctx context.Context, claim string, limit, perKey int, lease time.Duration) ([]OwedMail, error) {
	return write(ctx, l, "claim mail", func(s session) ([]OwedMail, error) {
		now, err := l.Time(ctx, s)
		if err != nil {
			return nil, err
		}
		claimed, err := store.All(ctx, s, claimMail, loggedFields, store.Stamp(now), perKey, limit, claim, store.Stamp(now.Add(lease)))
		if err != nil || len(claimed) == 0 {
			return nil, err
		}
		slices.SortFunc(claimed, func(a, b Notification) int { return cmp.Compare(a.ID, b.ID) })
		about, err := s.transfersOf(ctx, claimed)
		if err != nil {
			return nil, err
		}
		var owed []OwedMail
		var withdrawn []MailResult
		for _, n := range claimed {
			if t := about[n.TransferID]; stale(n.Event, t) {
				withdrawn = append(withdrawn, MailResult{ID: n.ID, Outcome: MailUndelivered, Reason: answeredMeanwhile})
			} else {
				owed = append(owed, OwedMail{Notification: n, Age: now.Sub(n.OwedAt), Transfer: t})
			}
		}
		return owed, s.recordMail(ctx, claim, withdrawn, now)
	})
}

const answeredMeanwhile = "The request was answered before the reminder could be sent."

// stale tells that the e-mail asks for something that was done meanwhile.
func stale(event transfer.Event, t transfer.Transfer) bool {
	return strings.HasPrefix(string(event), string(transfer.EventReminder)+"-") && t.Status != transfer.Pending
}

// transfersOf reads the transfers that the e-mails tell of, by id.
func (s session) transfersOf(ctx context.Context, mail []Notification) (map[string]transfer.Transfer, error) {
	found := make(map[string]transfer.Transfer, len(mail))
	for _, n := range mail {
		found[n.TransferID] = transfer.Transfer{}
	}
	ids := make([]string, 0, len(found))
	for id := range found {
		ids = append(ids, id)
	}
	records, err := store.All(ctx, s, selectTransfers, countedFields, store.IDRows(ids...))
	for _, r := range records {
		found[r.ID] = r.whole().Transfer
	}
	return found, err
}

var selectHeld = store.Both(`SELECT id FROM notifications WHERE id = $1 AND claim = $2 AND claimed_until > $3 AND ` + unsent)

// HoldsMail tells whether the e-mail stays in the hands of the claim for at least that long: long enough to send it.
func (l *Ledger) HoldsMail(ctx context.Context, claim string, id int64, atLeast time.Duration) (bool, error) {
	return read(ctx, l, "check a claim of mail", func(s session) (bool, error) {
		now, err := l.Time(ctx, s)
		if err != nil {
			return false, err
		}
		_, holds, err := store.One(ctx, s, selectHeld, store.Value[int64], id, claim, store.Stamp(now.Add(atLeast)))
		return holds, err
	})
}

// MailOutcome is what became of a claimed e-mail.
type MailOutcome string

// The outcomes.
const (
	MailSent        MailOutcome = "sent"        // the mail server accepted it
	MailUndelivered MailOutcome = "undelivered" // it can never be delivered
	MailAgain       MailOutcome = "again"       // an attempt failed, another follows
	MailUntried     MailOutcome = "untried"     // it is given back as it was
)

// MailResult says what became of one claimed e-mail.
type MailResult struct {
	ID      int64
	Outcome MailOutcome
	Reason  string        // why it was not sent
	After   time.Duration // until it is due again, for MailAgain
}

// mailRow is a result as it is written.
type mailRow struct {
	id, counts                  int64
	sentAt, undeliveredAt, next time.Time
	reason                      string
}

var mailRows = store.Table[mailRow]{
	Columns: `id bigint, counts bigint, sent_at timestamptz, undelivered_at timestamptz, next_at timestamptz, reason text`,
	Fields: func(m *mailRow) []any {
		return []any{&m.id, &m.counts, (*store.Stamp)(&m.sentAt), (*store.Stamp)(&m.undeliveredAt), (*store.Stamp)(&m.next), &m.reason}
	},
}

var recordOutcomes = store.OverRows(`UPDATE notifications SET sent_at = r.sent_at, undelivered_at = r.undelivered_at,
	next_at = COALESCE(r.next_at, notifications.next_at), attempts = notifications.attempts + r.counts,
	last_error = CASE WHEN r.reason = '' THEN notifications.last_error ELSE r.reason END, claim = '', claimed_until = NULL
	FROM {rows} WHERE notifications.id = r.id AND notifications.claim = $2
	AND notifications.sent_at IS NULL AND notifications.undelivered_at IS NULL`, mailRows.Columns)

// RecordMail writes what became of e-mails of the claim and frees them from it. What the claim does not hold any more, and
// what was recorded before, stays as it is. A claim whose lease ended still holds what nobody else took.
func (l *Ledger) RecordMail(ctx context.Context, claim string, results []MailResult) error {
	_, err := write(ctx, l, "record mail", func(s session) (int, error) {
		now, err := l.Time(ctx, s)
		if err != nil {
			return 0, err
		}
		return len(results), s.recordMail(ctx, claim, results, now)
	})
	return err
}

func (s session) recordMail(ctx context.Context, claim string, results []MailResult, at time.Time) error {
	if len(results) == 0 {
		return nil
	}
	rows := make([]mailRow, len(results))
	for i, r := range results {
		rows[i] = mailRow{id: r.ID, reason: r.Reason, counts: 1}
		switch r.Outcome {
		case MailSent:
			rows[i].sentAt = at
		case MailUndelivered:
			rows[i].undeliveredAt = at
		case MailAgain:
			rows[i].next = at.Add(r.After)
		case MailUntried:
			rows[i].counts = 0
		default:
			return fmt.Errorf("%q is no outcome of an e-mail", r.Outcome)
		}
	}
	_, err := s.Exec(ctx, recordOutcomes, mailRows.Rows(rows), claim)
	return err
}

// WaitingMail is how much mail is still to be sent.
type WaitingMail struct {
	Count  int
	Oldest time.Duration // since the oldest was owed; zero when none waits
}

var countWaiting = store.Both(`SELECT COUNT(*), MIN(owed_at), {clock} FROM notifications WHERE ` + unsent)

// MailWaiting counts the e-mails that are neither sent nor given up, due or not.
func (l *Ledger) MailWaiting(ctx context.Context) (WaitingMail, error) {
	return read(ctx, l, "count waiting mail", func(s session) (WaitingMail, error) {
		var oldest, read time.Time
		waiting, _, err := store.One(ctx, s, countWaiting, func(w *WaitingMail) []any {
			return []any{&w.Count, (*store.Stamp)(&oldest), (*store.Stamp)(&read)}
		})
		if err == nil && waiting.Count > 0 {
			waiting.Oldest = max(0, l.TimeRead(read).Sub(oldest))
		}
		return waiting, err
	})
}
