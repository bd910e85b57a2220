// Package webhookstore keeps what partners are told over HTTP: their registrations, the events that each is owed, and every attempt to
// tell it. An event is owed in the transaction of the change that it tells of, which also raises the run that delivers it.
//
//	store.go         the tables
//	registration.go  who wants to hear what
//	noting.go        what is done to registrations stands in the log of their partner
//	owing.go         what happened is owed to whom it concerns
//	sending.go       what is due, and what became of it
//	under.go         what is dead, waits and is due under a registration
//	burying.go       what is not sent any more
//	resting.go       endpoints that rest are called at once when their owner asks
//	aside.go         what cannot be said
//	alarm.go         owners are told of what their endpoints do not take
//	log.go           what became of what; asked for again; reviving.go dead letters of a time
//	testing.go       tests, which a partner asks for
//	certificates.go  certificates of signatures
//	watch.go         what is overdue, and what is forgotten with time; forget.go what is by an operator's word
//	following.go     which runs must be open, and who is not told what it should be
//	counts.go        how telling everybody stands
package webhookstore

import (
	"strings"

	"handover/internal/store"
	"handover/internal/webhook"
)

// Store is the webhooks in a database.
type Store struct{ db *store.DB }

// New is the webhooks in the database.
func New(db *store.DB) *Store { return &Store{db: db} }

// registration is a registration as it is stored.
type registration struct {
	webhook.Registration
	events, secret, previous string
}

var registrations = store.Table[registration]{
	Name: "webhook_registrations",
	Columns: `partner_tenant_id text, url text, events text, format text, in_ms_header boolean, secret text, previous_secret text, previous_until timestamptz,
		created_at timestamptz, modified_at timestamptz, failing_since timestamptz, failures integer, rests_until timestamptz, off_at timestamptz, off_why text,
		called_since timestamptz, failed_at timestamptz`,
	Fields: func(r *registration) []any {
		return []any{
			&r.PartnerTenantID, &r.URL, &r.events, &r.Format, &r.InMSHeader, &r.secret, &r.previous, (*store.Stamp)(&r.PreviousUntil),
			(*store.Stamp)(&r.CreatedAt), (*store.Stamp)(&r.ModifiedAt), (*store.Stamp)(&r.Health.FailingSince), &r.Health.Failures,
			(*store.Stamp)(&r.Health.RestsUntil), (*store.Stamp)(&r.Health.OffAt), &r.Health.Why, (*store.Stamp)(&r.CalledSince), (*store.Stamp)(&r.Health.FailedAt),
		}
	},
}

// stored is the registration as it is written. Each event has a blank on either side, so that a query finds it.
func stored(r webhook.Registration) registration {
	row := registration{Registration: r, events: " ", secret: r.Secret.Kept()}
	previous := make([]string, len(r.Previous))
	for i, secret := range r.Previous {
		previous[i] = secret.Kept()
	}
	row.previous = strings.Join(previous, " ")
	for _, event := range r.Events {
		row.events += string(event) + " "
	}
	return row
}

// read is the registration as it was written.
func (r registration) read() webhook.Registration {
	r.Secret = webhook.KeptSecret(r.secret)
	for _, secret := range strings.Fields(r.previous) {
		r.Previous = append(r.Previous, webhook.KeptSecret(secret))
	}
	for _, event := range strings.Fields(r.events) {
		r.Events = append(r.Events, webhook.EventName(event))
	}
	return r.Registration
}

var deliveries = store.Table[webhook.Delivery]{
	Name: "webhook_deliveries",
	Columns: `id text, partner_tenant_id text, event text, customer_tenant_id text, resource_id text, happened_at timestamptz, status text, attempts integer,
		attempts_before integer, next_at timestamptz, ended_at timestamptz, last_status integer, last_fault text,
		registered_at timestamptz, sent_to text`,
	Fields: func(d *webhook.Delivery) []any {
		return []any{
			&d.ID, &d.PartnerTenantID, &d.Name, &d.CustomerTenantID, &d.ResourceID, (*store.Stamp)(&d.At), &d.Status, &d.Attempts, &d.Before,
			(*store.Stamp)(&d.NextAt), (*store.Stamp)(&d.EndedAt), &d.LastStatus, &d.LastFault, (*store.Stamp)(&d.Registered), &d.SentTo,
		}
	},
}

var attempts = store.Table[attempt]{
	Name:    "webhook_attempts",
	Columns: `delivery_id text, n integer, at timestamptz, status integer, took_ms bigint, fault text, excerpt text`,
	Fields: func(a *attempt) []any {
		return []any{&a.DeliveryID, &a.N, (*store.Stamp)(&a.At), &a.Status, &a.millis, &a.Fault, &a.Excerpt}
	},
}

// attempt is an attempt as it is stored.
type attempt struct {
	webhook.Attempt
	millis int64
}
