// Package activities puts the steps of all contexts together. Each room holds those of one: what they need of the world, and
// what they do to it. Errors go to Temporal as activities/failing says.
//
//	transfers/      how a transfer stands, what the time brings about, commands by signal, line items, the hand-over of e-mail
//	subscriptions/  ends of subscriptions that were scheduled
//	billing/        whether the billing system is away
//	delivery/       what partners are told over HTTP
//	failing/        errors as Temporal takes them
package activities

import (
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/worker"

	"handover/activities/billing"
	"handover/activities/delivery"
	"handover/activities/subscriptions"
	"handover/activities/transfers"
)

// Activities are the steps of every context, with what they act on.
type Activities struct {
	Transfers     *transfers.Activities
	Subscriptions *subscriptions.Activities
	Billing       *billing.Activities
	Delivery      *delivery.Activities
}

// Register adds all of them to a worker or a test environment, each context's under a prefix of its own.
func (a Activities) Register(r worker.ActivityRegistry) {
	r.RegisterActivityWithOptions(a.Transfers, activity.RegisterOptions{Name: transfers.Prefix})
	r.RegisterActivityWithOptions(a.Subscriptions, activity.RegisterOptions{Name: subscriptions.Prefix})
	r.RegisterActivityWithOptions(a.Billing, activity.RegisterOptions{Name: billing.Prefix})
	r.RegisterActivityWithOptions(a.Delivery, activity.RegisterOptions{Name: delivery.Prefix})
}
