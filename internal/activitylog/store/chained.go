package activitylogstore

// How records are chained (I-9): what the hash of a record's link covers, in the words of SQL, for whoever computes it again. A record is
// r, its link c, the link before that p.

import (
	"regexp"
	"strings"

	"handover/internal/store"
)

// Seals is the log that links name which seal a record from before there were seals.
const Seals = "seals"

// OldLogs are the logs that the links of those records name.
const OldLogs = `'activity_log', 'audit_records', 'activity_records'`

// A Form is what the hashes of some records cover that are not sealed: links name it as their log. Records from before there was one log
// keep their links, and so the form that the table had which they were written to. What was forgotten of them only
// their seals show.
type Form struct {
	Log     string
	Columns []string // what the hash covers, in this order, before the time
	Beside  string   // what is wrong with a record where columns that the hash does not cover say more than the form knew; empty when it covers all
}

// Forms are those that there ever were.
var Forms = []Form{
	{Log: "activity_log", Columns: []string{
		"r.id", "r.event_key", "r.partner_tenant_id", "r.participants", "COALESCE(r.customer_tenant_id, '')", "r.resource_type", "r.resource_id",
		"r.operation", "r.user_id", "r.user_principal_name", "r.application_id", "r.correlation_id", "r.old_value", "r.new_value", "r.status",
	}},
	{Log: "audit_records", Columns: []string{
		"r.id", "r.resource_id", "r.event_key", "r.partner_tenant_id", "r.user_id", "r.operation", "r.status", "r.new_value",
	}, Beside: `(r.resource_type, r.user_principal_name, r.application_id, r.correlation_id, r.old_value) <> ('transfer', '', '', '', '')
		OR NOT EXISTS (SELECT 1 FROM transfers t WHERE t.id = r.resource_id AND t.customer_tenant_id = r.customer_tenant_id AND r.participants =
			CASE r.status WHEN 'failed' THEN '["' || r.partner_tenant_id || '"]' ELSE '["' || t.source_tenant_id || '","' || t.target_tenant_id || '"]' END)`},
	{Log: "activity_records", Columns: []string{
		"r.id", "r.partner_tenant_id", "COALESCE(r.customer_tenant_id, '')", "r.resource_type", "r.resource_id", "r.operation", "r.user_id",
		"r.application_id", "r.correlation_id", "r.old_value", "r.new_value", "r.status",
	}, Beside: `r.event_key <> r.id OR r.user_principal_name <> '' OR r.participants <> '["' || r.partner_tenant_id || '"]'`},
}

// Unfit is the condition that a record is not what its link says, where the link follows one or is the first.
func (f Form) Unfit(d store.Dialect) string {
	unfit := `(c.seq = 1 OR p.seq IS NOT NULL) AND (c.recorded_at <> r.recorded_at OR c.hash <> ` +
		Hashed("COALESCE(p.hash, '') || "+Spelled(f.Columns...)+" || {time r.recorded_at}", d)
	if f.Beside != "" {
		unfit += " OR " + f.Beside
	}
	return unfit + ")"
}

// Stays is what is never forgotten of a record.
var Stays = Spelled("r.id", "r.event_key", "r.partner_tenant_id", "r.participants", "COALESCE(r.customer_tenant_id, '')", "r.resource_type",
	"r.resource_id", "r.operation", "r.application_id", "r.correlation_id", "r.status") + " || {time r.recorded_at}"

// Personal is what can be forgotten of a record, as its hash covers it.
func Personal(record string) string {
	return Spelled(record+".user_id", record+".user_principal_name", record+".old_value", record+".new_value")
}

// Spelled are the values of columns one after the other, each after its length, so that none can pass for a part of another.
func Spelled(columns ...string) string {
	said := make([]string, len(columns))
	for i, column := range columns {
		said[i] = "length(" + column + ") || ':' || " + column
	}
	return strings.Join(said, " || ")
}

var timeOf = regexp.MustCompile(`\{time ([a-z_.]+)\}`)

// Hashed is the hash of an expression in which {time column} is a time as the chain spells it.
func Hashed(text string, d store.Dialect) string {
	spelled := "$1"
	if d == store.Postgres {
		spelled = `to_char($1 AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
	}
	return timeOf.ReplaceAllString(store.Hash(text).In(d), spelled)
}
