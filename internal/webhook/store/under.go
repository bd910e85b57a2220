package webhookstore

// What webhook.Delivery.Under says, in SQL: of an event d under its partner's registration w, which is joined and may be none. Every
// statement that asks what is dead, what waits or what is due asks it here.
const (
	isDead    = `d.status <> 'delivered' AND (d.status = 'dead' OR COALESCE(w.off_at IS NOT NULL OR d.registered_at < w.called_since, TRUE))`
	isWaiting = `d.status = 'waiting' AND NOT (` + isDead + `)`

	// isHastened tells that the registration was replaced since the next attempt was planned, and nextAt when that is, but for the
	// endpoint's rest.
	isHastened = `d.registered_at < w.modified_at`
	nextAt     = `CASE WHEN ` + isHastened + ` AND d.next_at > w.modified_at THEN w.modified_at ELSE d.next_at END`

	underRegistration = ` FROM webhook_deliveries d LEFT JOIN webhook_registrations w ON w.partner_tenant_id = d.partner_tenant_id`
)

// isDueBy tells that an event that waits is to be sent by that time. Either way of it is found by an index.
func isDueBy(at string) string {
	return `COALESCE(w.rests_until <= ` + at + `, TRUE) AND (d.next_at <= ` + at + ` OR ` + isHastened + ` AND w.modified_at <= ` + at + `)`
}

// isHeldUpBy tells that something was to be done by that time for a partner p with its registration w: the first of what is about one thing
// is due, or what is not sent any more is to be buried. Each is found by an index of its own, however much waits.
func isHeldUpBy(at string) string {
	of := `EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.partner_tenant_id = p.id AND `
	first := isWaiting + ` AND ` + isFirst + `)`
	return `(COALESCE(w.rests_until <= ` + at + `, TRUE) AND (` + of + `d.next_at <= ` + at + ` AND ` + first +
		` OR w.modified_at <= ` + at + ` AND ` + of + isHastened + ` AND ` + first + `)
		OR ` + of + `d.status = 'waiting' AND d.next_at <= ` + at + ` AND ` + isDead + `))`
}

// inOrder locks those events, in the one order in which rows are locked: first the registration, then events by their ids, then the log and
// the runs. What was decided about them before they were locked is asked again by whoever changes them.
func inOrder(which string) string {
	return `SELECT o.id FROM webhook_deliveries o WHERE o.id IN (` + which + `) ORDER BY o.id FOR UPDATE`
}
