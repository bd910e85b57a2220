package transferstore

// The e-mails of a transfer: whom an event is told, and those that a relay takes to send.

import (
	"context"
	"strings"
	"time"

	"handover/internal/outbox"
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
		JOIN partners p ON p.tenant_id = t.source_tenant_id JOIN partner_users a ON a.partner_tenant_id = p.tenant_id
			AND a.admin_agent AND a.ended_at IS NULL WHERE t.id = $1
	UNION ALL SELECT 'target', a.email, p.locale, a.position FROM transfers t
		JOIN partners p ON p.tenant_id = t.target_tenant_id JOIN partner_users a ON a.partner_tenant_id = p.tenant_id
			AND a.admin_agent AND a.ended_at IS NULL WHERE t.id = $1
	UNION ALL SELECT 'customer', t.customer_email, c.locale, 0 FROM transfers t
		JOIN customers c ON c.tenant_id = t.customer_tenant_id WHERE t.id = $1
	ORDER BY 1, 4`)

// recipientsOf are those who can be told of a transfer that is opened on these facts.
func recipientsOf(f transfer.OpenFacts, t transfer.Transfer) []recipient {
	found := []recipient{{audience: transfer.ToCustomer, address: t.CustomerEmail, locale: f.Customer.Locale}}
	add := func(audience transfer.Audience, p programme.Partner) {
		for place, agent := range p.AdminAgents() {
			found = append(found, recipient{audience: audience, address: agent.Email, locale: p.Locale, place: place})
		}
	}
	add(transfer.ToSource, *f.Source)
	add(transfer.ToTarget, *f.Target)
	return found
}

// queueMail writes one notification per recipient of the audiences and tells how many each of them gets. Somebody who
// belongs to two of them is told once (I-4).
func (tx session) queueMail(ctx context.Context, h *happening) (handed transfer.MailCounts, err error) {
	if len(h.effects.Mail) == 0 {
		return handed, nil
	}
	reachable := h.reachable
	if reachable == nil {
		reachable, err = store.All(ctx, tx, selectRecipients, func(r *recipient) []any {
			return []any{&r.audience, &r.address, &r.locale, &r.place}
		}, h.of.ID)
		if err != nil {
			return handed, err
		}
	}
	var mail []outbox.Notification
	told := map[string]bool{}
	for _, audience := range h.effects.Mail {
		for _, r := range reachable {
			if r.audience != audience || r.address == "" || told[r.address] {
				continue
			}
			told[r.address] = true
			handed.Add(audience, 1)
			mail = append(mail, outbox.Notification{
				TransferID: h.of.ID, Event: h.effects.Mailed(), Audience: audience, Recipient: r.address, Locale: r.locale, OwedAt: h.at,
			})
		}
	}
	return handed, outbox.Queue(ctx, tx.Tx, h.of.TargetTenantID, mail...)
}

// OwedMail is an e-mail in the hands of the relay that claimed it.
type OwedMail struct {
	outbox.Notification
	Age      time.Duration       // since it was owed
	Transfer transfer.Transfer   // as it stands at the claim
	Named    transfer.PartyNames // as the ledger names them at the claim
}

var selectTransfers = store.OverRows(`SELECT `+transfers.Columns.Of("t")+`, `+counted+`, c.name, s.name, p.name FROM {rows} JOIN transfers t ON t.id = r.id
	JOIN customers c ON c.tenant_id = t.customer_tenant_id
	JOIN partners s ON s.tenant_id = t.source_tenant_id JOIN partners p ON p.tenant_id = t.target_tenant_id`, store.IDColumn)

// toldOf is a transfer with the names of its parties.
type toldOf struct {
	record
	named transfer.PartyNames
}

func (t *toldOf) fields() []any {
	return append(countedFields(&t.record), &t.named.Customer, &t.named.Source, &t.named.Target)
}

// ClaimMail takes up to limit e-mails that are due, at most perKey of one target's transfers, for as long as the lease:
// nobody else gets them before it ends. Those due longest come first. A reminder of a request that was answered meanwhile
// is withdrawn instead. Nothing due is an empty list.
func (s *Store) ClaimMail(ctx context.Context, claim string, limit, perKey int, lease time.Duration) ([]OwedMail, error) {
	return write(ctx, s, "claim mail", func(tx session) ([]OwedMail, error) {
		now, err := s.db.Time(ctx, tx)
		if err != nil {
			return nil, err
		}
		claimed, err := outbox.ClaimDue(ctx, tx.Tx, claim, limit, perKey, now, lease)
		if err != nil || len(claimed) == 0 {
			return nil, err
		}
		about, err := tx.transfersOf(ctx, claimed)
		if err != nil {
			return nil, err
		}
		var owed []OwedMail
		var withdrawn []outbox.MailResult
		for _, n := range claimed {
			if t := about[n.TransferID]; stale(n.Event, t.Transfer) {
				withdrawn = append(withdrawn, outbox.MailResult{ID: n.ID, Outcome: outbox.MailUndelivered, Reason: answeredMeanwhile})
			} else {
				owed = append(owed, OwedMail{Notification: n, Age: now.Sub(n.OwedAt), Transfer: t.Transfer, Named: t.named})
			}
		}
		return owed, outbox.Record(ctx, tx.Tx, claim, withdrawn, now)
	})
}

const answeredMeanwhile = "The request was answered before the reminder could be sent."

// stale tells that the e-mail asks for something that was done meanwhile.
func stale(event transfer.Event, t transfer.Transfer) bool {
	return strings.HasPrefix(string(event), string(transfer.EventReminder)+"-") && t.Status != transfer.Pending
}

// transfersOf reads the transfers that the e-mails tell of, by id.
func (tx session) transfersOf(ctx context.Context, mail []outbox.Notification) (map[string]toldOf, error) {
	found := make(map[string]toldOf, len(mail))
	for _, n := range mail {
		found[n.TransferID] = toldOf{}
	}
	ids := make([]string, 0, len(found))
	for id := range found {
		ids = append(ids, id)
	}
	read, err := store.All(ctx, tx, selectTransfers, (*toldOf).fields, store.IDRows(ids...))
	for _, t := range read {
		t.record = t.whole()
		found[t.ID] = t
	}
	return found, err
}
