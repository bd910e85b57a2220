package transferstore

// The e-mails of a transfer: whom an event is told, and what they tell.

import (
	"context"
	"time"

	"handover/internal/activitylog"
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
			event := string(h.effects.Mailed())
			mail = append(mail, outbox.Notification{
				Subject: Subject(h.of.ID), Event: event, Audience: string(audience), Recipient: r.address, Locale: r.locale, OwedAt: h.at,
				MessageID: outbox.MessageID(h.of.ID, event, r.address), // as ever, so that what a ledger lost and owes again is recognised
			})
		}
	}
	return handed, outbox.Queue(ctx, tx.Tx, h.of.TargetTenantID, mail...)
}

// SubjectKind is the name that the outbox has of transfers.
const SubjectKind = string(activitylog.TransferResource)

// Subject is the transfer as what e-mails are about.
func Subject(id string) outbox.Subject { return outbox.Subject{Kind: SubjectKind, ID: id} }

// Told is what e-mails tell of a transfer.
type Told struct {
	Transfer transfer.Transfer
	Named    transfer.PartyNames // as the ledger names them
	Sandbox  bool                // the transfer is one of sandbox tenants
	Departed outbox.Departed     // admin agents of source and target who are none any more
	At       time.Time           // when it stood so
}

var selectTransfers = store.OverRows(`SELECT `+transfers.Columns.Of("t")+`, `+counted+`, c.name, s.name, p.name, p.environment,
	`+outbox.SelectDeparted(SubjectKind, "t.id", outbox.Hearers{Audience: string(transfer.ToSource), Partner: "t.source_tenant_id"},
	outbox.Hearers{Audience: string(transfer.ToTarget), Partner: "t.target_tenant_id"})+`, {clock} FROM {rows} JOIN transfers t ON t.id = r.id
	JOIN customers c ON c.tenant_id = t.customer_tenant_id
	JOIN partners s ON s.tenant_id = t.source_tenant_id JOIN partners p ON p.tenant_id = t.target_tenant_id`, store.IDColumn)

// toldOf is a transfer with the names of its parties.
type toldOf struct {
	record
	named transfer.PartyNames
	in    string // environment
	gone  outbox.Departed
	read  time.Time
}

func (t *toldOf) fields() []any {
	return append(countedFields(&t.record), &t.named.Customer, &t.named.Source, &t.named.Target, &t.in, &t.gone, (*store.Stamp)(&t.read))
}

// MailFacts reads what e-mails tell of the transfers, as they stand now, by id. A transfer that does not exist is left out.
func (s *Store) MailFacts(ctx context.Context, ids []string) (map[string]Told, error) {
	return read(ctx, s, "read what mail tells of", func(tx session) (map[string]Told, error) {
		found, err := store.All(ctx, tx, selectTransfers, (*toldOf).fields, store.IDRows(ids...))
		facts := make(map[string]Told, len(found))
		for _, t := range found {
			facts[t.ID] = Told{Transfer: t.whole().Transfer, Named: t.named, Sandbox: t.in == programme.Sandbox.String(), Departed: t.gone, At: s.db.TimeRead(t.read)}
		}
		return facts, err
	})
}
