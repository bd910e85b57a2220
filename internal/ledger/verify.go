package ledger

// The invariants I-1 to I-6 and I-8 to I-10, checked over everything that is committed at one instant. The schema and the code make
// them hold; this finds out whether they do, on any deployment and after every chaos run. I-7, that ledger and workflow
// agree, needs the workflows and is checked where they are.

import (
	"context"

	"handover/internal/kernel"
	"handover/internal/store"
)

// mostExamples bounds the violations that a finding spells out.
const mostExamples = 20

// check is one invariant: how many things it is about, and queries for one sentence per violation.
type check struct {
	invariant  string
	says       string
	counted    store.Statement
	violations []store.Statement
	notes      []store.Statement // for what is no violation, but for somebody to know
}

// Verify checks every invariant and returns one finding for each, in order, those without violations included.
func (l *Ledger) Verify(ctx context.Context) ([]Finding, error) {
	return store.Snapshot(ctx, l.DB, "verify the ledger", func(tx store.Tx) ([]Finding, error) { return verify(ctx, tx) })
}

func verify(ctx context.Context, tx store.Tx) ([]Finding, error) {
	var findings []Finding
	for _, c := range checks {
		f, err := c.find(ctx, tx)
		if err != nil {
			return nil, err
		}
		findings = append(findings, f)
	}
	return findings, nil
}

func (c check) find(ctx context.Context, tx store.Tx) (Finding, error) {
	f := Finding{Invariant: c.invariant, Says: c.says}
	var err error
	if f.Checked, _, err = store.One(ctx, tx, c.counted, store.Value[int]); err != nil {
		return f, err
	}
	if f.Broken, f.Count, err = sentences(ctx, tx, c.violations); err != nil {
		return f, err
	}
	f.Notes, _, err = sentences(ctx, tx, c.notes)
	return f, err
}

// sentences spells out a few of what the queries find, and counts all of it.
func sentences(ctx context.Context, tx store.Tx, queries []store.Statement) (few []string, count int, err error) {
	for _, query := range queries {
		found, err := store.All(ctx, tx, query, store.Value[string])
		if err != nil {
			return few, count, err
		}
		count += len(found)
		few = append(few, found[:min(mostExamples-len(few), len(found))]...)
	}
	return few, count, nil
}

var checks = []check{ownership, endings, auditing, telling, finality, privacy, calling, wholeness, billing}

var ownership = check{
	invariant: "I-1",
	says:      "A subscription has exactly one billing owner.",
	counted:   store.Both(`SELECT COUNT(DISTINCT lineage_id) FROM subscriptions`),
	violations: []store.Statement{
		store.Both(`SELECT 'The subscription that began as ' || lineage_id || ' has ' || COUNT(*) || ' billing owners.'
			FROM subscriptions WHERE billed GROUP BY lineage_id HAVING COUNT(*) > 1`),
		store.Both(`SELECT 'Subscription ' || old.id || ' is still billed by the source although transfer ' || i.transfer_id || ' moved it.'
			FROM line_items i JOIN subscriptions old ON old.id = i.subscription_id
			WHERE i.status = 'Complete' AND old.billed`),
		store.Both(`SELECT 'Subscription ' || i.subscription_id || ' moved by transfer ' || i.transfer_id || ' and the target does not have it.'
			FROM line_items i JOIN transfers t ON t.id = i.transfer_id JOIN subscriptions old ON old.id = i.subscription_id
			LEFT JOIN subscriptions new ON new.id = i.target_subscription_id
			WHERE i.status = 'Complete' AND (new.id IS NULL OR new.lineage_id <> old.lineage_id
				OR new.partner_tenant_id <> t.target_tenant_id OR new.customer_tenant_id <> t.customer_tenant_id)`),
		store.Both(`SELECT 'Subscription ' || new.id || ' came from ' || new.lineage_id || ', and neither a line item nor an operator moved it.'
			FROM subscriptions new LEFT JOIN line_items i ON i.target_subscription_id = new.id
			WHERE new.id <> new.lineage_id AND i.ordinal IS NULL AND (new.lineage_id, new.partner_tenant_id) NOT IN (
				SELECT old.lineage_id, t.target_tenant_id FROM activity_log a JOIN transfers t ON t.id = a.resource_id
				JOIN line_items r ON r.transfer_id = a.resource_id AND (a.event_key = 'resolved:' || r.ordinal OR a.event_key LIKE 'resolved:' || r.ordinal || ':%')
				JOIN subscriptions old ON old.id = r.subscription_id WHERE a.event_key LIKE 'resolved:%')`),
	},
}

var endings = check{
	invariant: "I-2",
	says:      "Each accepted line item ends exactly once.",
	counted:   store.Both(`SELECT COUNT(*) FROM line_items`),
	violations: []store.Statement{
		store.Both(`SELECT 'Line item ' || i.ordinal || ' of transfer ' || i.transfer_id || ' still runs although the transfer is ' || t.status || '.'
			FROM line_items i JOIN transfers t ON t.id = i.transfer_id
			WHERE i.status = 'InProgress' AND t.status <> 'InProgress'`),
		store.Both(`SELECT 'Line item ' || ordinal || ' of transfer ' || transfer_id || ' is ' || status || ' but its result says otherwise.'
			FROM line_items WHERE (status = 'Complete') <> (target_subscription_id IS NOT NULL)
			OR (status = 'Failed') <> (transfer_error IS NOT NULL)`),
		store.Both(`SELECT 'Line item ' || ordinal || ' of transfer ' || transfer_id || ' is held although it is ' || status || '.'
			FROM line_items WHERE held AND status <> 'Failed'`),
		store.Both(`SELECT 'Line item ' || ordinal || ' of transfer ' || transfer_id || ' is still being ended although it is ' || status || '.'
			FROM line_items WHERE ending <> '' AND status <> 'InProgress'`),
		store.Both(`SELECT 'Subscription ' || subscription_id || ' is taken by ' || COUNT(*) || ' line items at once.'
			FROM line_items WHERE status = 'InProgress' OR held GROUP BY subscription_id HAVING COUNT(*) > 1`),
		store.Both(`SELECT 'Subscription ' || subscription_id || ' moved ' || COUNT(*) || ' times.'
			FROM line_items WHERE status = 'Complete' GROUP BY subscription_id HAVING COUNT(*) > 1`),
		store.Both(`SELECT 'Subscription ' || target_subscription_id || ' is the result of ' || COUNT(*) || ' line items.'
			FROM line_items WHERE target_subscription_id IS NOT NULL GROUP BY target_subscription_id HAVING COUNT(*) > 1`),
		store.Both(`SELECT 'Transfer ' || id || ' is ' || status || ' with ' || running || ' running, ' || complete || ' complete and ' || failed || ' failed line items.'
			FROM (SELECT t.id, t.status, COUNT(CASE WHEN i.status = 'InProgress' THEN 1 END) AS running,
				COUNT(CASE WHEN i.status = 'Complete' THEN 1 END) AS complete, COUNT(CASE WHEN i.status = 'Failed' THEN 1 END) AS failed
				FROM transfers t LEFT JOIN line_items i ON i.transfer_id = t.id GROUP BY t.id, t.status) AS c
			WHERE CASE status WHEN 'InProgress' THEN running + complete + failed = 0
				WHEN 'Complete' THEN complete = 0 OR failed > 0
				WHEN 'Failed' THEN failed = 0 OR complete > 0
				WHEN 'PartiallyComplete' THEN complete = 0 OR failed = 0
				ELSE running + complete + failed > 0 END`),
	},
}

// auditing knows the events from the state of transfers and line items and from the records themselves.
var auditing = check{
	invariant: "I-3",
	says:      "There is one audit record per event and participant.",
	counted:   store.Both(`SELECT COUNT(*) FROM activity_log`),
	violations: []store.Statement{
		store.Both(`SELECT 'Event ' || event_key || ' of ' || resource_type || ' ' || resource_id || ' has ' || COUNT(*) || ' audit records for partner ' || partner_tenant_id || '.'
			FROM activity_log GROUP BY resource_type, resource_id, event_key, partner_tenant_id HAVING COUNT(*) > 1`),
		store.Both(`WITH happened AS (
				SELECT id AS transfer_id, 'created' AS event_key FROM transfers
				UNION SELECT id, 'submitted' FROM transfers WHERE submitted_time IS NOT NULL
				UNION SELECT id, CASE status WHEN 'Cancel' THEN 'cancelled' WHEN 'Reject' THEN 'declined' WHEN 'Expired' THEN 'expired'
					WHEN 'Complete' THEN 'completed' ELSE 'failed' END FROM transfers WHERE status NOT IN ('Pending', 'InProgress')
				UNION SELECT transfer_id, 'given-up:' || ordinal FROM line_items WHERE give_up_request_id <> '' OR ending = 'asked'
				UNION SELECT resource_id, event_key FROM activity_log WHERE resource_type = 'transfer' AND status = 'succeeded'),
			participants AS (
				SELECT id AS transfer_id, source_tenant_id AS partner FROM transfers
				UNION SELECT id, target_tenant_id FROM transfers)
			SELECT 'Event ' || h.event_key || ' of transfer ' || h.transfer_id || ' has no audit record for partner ' || p.partner || '.'
			FROM happened h JOIN participants p ON p.transfer_id = h.transfer_id
			LEFT JOIN activity_log a ON a.resource_id = h.transfer_id AND a.event_key = h.event_key AND a.partner_tenant_id = p.partner
			WHERE a.id IS NULL`),
	},
}

var telling = check{
	invariant: "I-4",
	says:      "An e-mail is owed and sent once per event and recipient.",
	counted:   store.Both(`SELECT COUNT(*) FROM notifications`),
	violations: []store.Statement{
		store.Both(`SELECT 'Event ' || event || ' of ' || subject_kind || ' ' || subject_id || ' is told ' || COUNT(*) || ' times to one recipient.'
			FROM notifications GROUP BY subject_kind, subject_id, event, channel, recipient HAVING COUNT(*) > 1`),
		store.Both(`SELECT 'Message id ' || message_id || ' stands on ' || COUNT(*) || ' e-mails.'
			FROM notifications GROUP BY message_id HAVING COUNT(*) > 1`),
		store.Both(`SELECT 'The customer of transfer ' || o.id || ' is not told that it was ' || o.event || '.'
			FROM (SELECT id, customer_email, 'created' AS event FROM transfers
				UNION ALL SELECT id, customer_email, 'completed' FROM transfers WHERE status = 'Complete') AS o
			LEFT JOIN notifications n ON n.subject_id = o.id AND n.subject_kind = 'transfer' AND n.channel = 'email' AND n.event = o.event AND n.recipient = o.customer_email
			WHERE n.id IS NULL`),
	},
}

// finality knows from the audit records which final states a transfer has been in.
var finality = check{
	invariant: "I-5",
	says:      "Nothing leaves a final state.",
	counted:   store.Both(`SELECT COUNT(*) FROM transfers WHERE status NOT IN ('Pending', 'InProgress')`),
	violations: []store.Statement{
		store.Both(`SELECT DISTINCT 'Transfer ' || t.id || ' is ' || t.status || ' although it was ' || a.event_key || '.'
			FROM activity_log a JOIN transfers t ON t.id = a.resource_id
			WHERE CASE a.event_key WHEN 'cancelled' THEN t.status <> 'Cancel' WHEN 'declined' THEN t.status <> 'Reject'
				WHEN 'expired' THEN t.status <> 'Expired' WHEN 'completed' THEN t.status <> 'Complete'
				WHEN 'failed' THEN t.status NOT IN ('Failed', 'PartiallyComplete') ELSE FALSE END`),
	},
}

var privacy = check{
	invariant: "I-6",
	says:      "Nobody reads or acts on what is not theirs.",
	counted:   store.Both(`SELECT (SELECT COUNT(*) FROM activity_log) + (SELECT COUNT(*) FROM notifications) + (SELECT COUNT(*) FROM line_items)`),
	violations: []store.Statement{
		store.Both(`SELECT 'Partner ' || a.partner_tenant_id || ' has an audit record of transfer ' || a.resource_id || ', of which it is no part.'
			FROM activity_log a JOIN transfers t ON t.id = a.resource_id
			WHERE a.partner_tenant_id NOT IN (t.source_tenant_id, t.target_tenant_id)`),
		store.Both(`SELECT 'Notification ' || n.id || ' of transfer ' || n.subject_id || ' goes to somebody who is not its ' || n.audience || '.'
			FROM notifications n JOIN transfers t ON t.id = n.subject_id AND n.subject_kind = 'transfer' AND n.channel = 'email'
			WHERE CASE WHEN n.audience = 'customer' THEN n.recipient <> t.customer_email
				WHEN t.forgotten_at IS NOT NULL THEN n.recipient NOT LIKE '` + kernel.TombstonePattern + `'
				ELSE NOT EXISTS (SELECT 1 FROM partner_users a WHERE a.email = n.recipient AND a.admin_agent AND a.partner_tenant_id =
					CASE n.audience WHEN 'source' THEN t.source_tenant_id ELSE t.target_tenant_id END) END`),
		store.Both(`SELECT 'Line item ' || i.ordinal || ' of transfer ' || i.transfer_id || ' takes a subscription that is not the source''s.'
			FROM line_items i JOIN transfers t ON t.id = i.transfer_id JOIN subscriptions s ON s.id = i.subscription_id
			WHERE s.partner_tenant_id <> t.source_tenant_id OR s.customer_tenant_id <> t.customer_tenant_id`),
		store.Both(`SELECT m.what || ' of partner ' || m.partner || ' and customer ' || m.customer || ' mixes production and sandbox.' FROM (
				SELECT 'The relationship' AS what, partner_tenant_id AS partner, customer_tenant_id AS customer FROM relationships
				UNION ALL SELECT 'The agreement', partner_tenant_id, customer_tenant_id FROM agreements
				UNION ALL SELECT 'Subscription ' || id, partner_tenant_id, customer_tenant_id FROM subscriptions
				UNION ALL SELECT 'Transfer ' || id, source_tenant_id, customer_tenant_id FROM transfers
				UNION ALL SELECT 'Transfer ' || id, target_tenant_id, customer_tenant_id FROM transfers) m
			JOIN partners p ON p.tenant_id = m.partner JOIN customers c ON c.tenant_id = m.customer WHERE p.environment <> c.environment`),
		store.Both(`SELECT 'The partnership of ' || p.name || ' and ' || r.name || ' mixes production and sandbox.' FROM partnerships m
			JOIN partners p ON p.tenant_id = m.provider_tenant_id JOIN partners r ON r.tenant_id = m.reseller_tenant_id WHERE p.environment <> r.environment`),
	},
}

// calling goes by what the ledger knows of the calls: when an item was first sent, whether the billing system refused it,
// and whether it was given up after it had been sent, which ends it by a fence only.
var calling = check{
	invariant: "I-8",
	says:      "What was sent to a billing system ends by its word, or is held.",
	counted:   store.Both(`SELECT COUNT(*) FROM line_items WHERE sent_at IS NOT NULL AND status <> 'InProgress'`),
	violations: []store.Statement{
		store.Both(`SELECT 'Line item ' || ordinal || ' of transfer ' || transfer_id || ' was sent to the billing system and is Failed, neither refused nor fenced.'
			FROM line_items WHERE status = 'Failed' AND sent_at IS NOT NULL AND NOT held AND last_error <> transfer_error
			AND NOT COALESCE(sent_at <= ending_since, FALSE)`),
		store.Both(`SELECT 'Line item ' || ordinal || ' of transfer ' || transfer_id || ' ended as ' || status || ' and the billing system moved it to ' || late_subscription_id || '.'
			FROM line_items WHERE late_subscription_id IS NOT NULL ORDER BY transfer_id, ordinal`),
	},
	notes: []store.Statement{
		store.Both(`SELECT 'Line item ' || ordinal || ' of transfer ' || transfer_id || ' is held: the billing system did not say whether it moved.'
			FROM line_items WHERE held ORDER BY transfer_id, ordinal`),
	},
}

// movedAndBilled are line items that moved since the ledger bills: o became n. c is what the source was credited for it, g what the
// target was charged, l the target's order.
const movedAndBilled = ` FROM line_items i JOIN transfers t ON t.id = i.transfer_id
	JOIN subscriptions o ON o.id = i.subscription_id JOIN subscriptions n ON n.id = i.target_subscription_id AND n.cycles_from IS NOT NULL
	LEFT JOIN billing_lines c ON c.subscription_id = o.id AND c.cause = 'transfer' AND c.subject = i.transfer_id
	LEFT JOIN billing_lines g ON g.subscription_id = n.id AND g.cause = 'transfer' AND g.subject = i.transfer_id
	LEFT JOIN order_lines l ON l.subscription_id = n.id
	WHERE i.status = 'Complete' AND `

// billing knows by the rules of package commerce what has a fixed price: it is paid for by the cycle, and its term has begun and goes on.
var billing = check{
	invariant: "I-10",
	says:      "What moved is credited to the source and charged to the target once, for the same days.",
	counted:   store.Both(`SELECT COUNT(*) FROM billing_lines WHERE cause = 'transfer'`),
	violations: []store.Statement{
		store.Both(`SELECT 'Line item ' || i.ordinal || ' of transfer ' || i.transfer_id || ' moved and lacks a billing line.'` + movedAndBilled + `
			(c.id IS NULL OR g.id IS NULL AND n.unit_price_minor > 0)
			AND o.unit_price_minor > 0 AND o.product_type NOT IN ('AzureSubscription', 'AzurePlan')
			AND (o.billing_cycle IN ('monthly', 'annual') OR o.billing_cycle = 'one_time' AND o.term_duration <> '' AND o.commitment_end_date IS NOT NULL)
			AND COALESCE(o.billed_since, o.creation_date) <= t.submitted_time
			AND COALESCE(n.billed_since <= o.commitment_end_date, TRUE) AND COALESCE(n.billed_since < o.cancel_at, TRUE)`),
		store.Both(`SELECT 'Line item ' || i.ordinal || ' of transfer ' || i.transfer_id || ' is charged to the target otherwise than credited to the source.'` +
			movedAndBilled + `g.id IS NOT NULL AND (c.id IS NULL OR c.kind <> 'credit' OR g.kind <> 'charge' OR c.from_day <> g.from_day OR c.to_day <> g.to_day
				OR c.currency = g.currency AND c.amount_minor <> g.amount_minor)`),
		store.Both(`SELECT 'Line item ' || i.ordinal || ' of transfer ' || i.transfer_id || ' moved and has no order.'` + movedAndBilled + `l.order_id IS NULL`),
	},
}

// Finding is the result of checking one invariant.
type Finding struct {
	Invariant string   `json:"invariant"` // "I-1"
	Says      string   `json:"says"`
	Checked   int      `json:"checked"`         // how many things were looked at
	Broken    []string `json:"violations"`      // one sentence each, at most 20
	Count     int      `json:"count"`           // how many violations in all
	Notes     []string `json:"notes,omitempty"` // what is no violation, but for somebody to know; at most 20
}
