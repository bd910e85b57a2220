// Package webhookhttp are the operations about what partners are told over HTTP (domain section 6.4).
//
//	service.go       what they need, and who may call them
//	registration.go  who wants to hear what
//	tests.go         tests, and what came of them
//	deliveries.go    what became of events; asked for again
//	certificates.go  the certificates of signatures, for everybody
package webhookhttp

import (
	"context"
	"time"

	"handover/internal/command"
	"handover/internal/httpapi"
	"handover/internal/identity"
	"handover/internal/store"
	"handover/internal/webhook"
	webhookstore "handover/internal/webhook/store"
)

// Records is what the operations ask of the ledger.
type Records interface {
	Webhook(ctx context.Context, partner string) (webhook.Registration, error)
	RegisterWebhook(ctx context.Context, terms command.Terms[webhook.Registration], partner string, w webhook.Wish, rules webhook.Addresses) (webhook.Registration, error)
	ReplaceWebhook(ctx context.Context, terms command.Terms[webhook.Registration], partner string, w webhook.Wish, rules webhook.Addresses) (webhook.Registration, error)
	UnregisterWebhook(ctx context.Context, terms command.Terms[webhook.Registration], partner string) (webhook.Registration, error)
	TestWebhook(ctx context.Context, terms command.Terms[webhook.Event], partner, id string) (webhook.Event, error)
	WebhookDeliveries(ctx context.Context, q webhookstore.Search) (store.Page[webhook.Delivery], error)
	WebhookDelivery(ctx context.Context, partner, id string) (webhook.Delivery, []webhook.Attempt, error)
	RedeliverWebhook(ctx context.Context, terms command.Terms[webhook.Delivery], partner, id string) (webhook.Delivery, error)
	RedeliverDeadWebhooks(ctx context.Context, terms command.Terms[webhookstore.Redelivered], partner string, from, until time.Time) (webhookstore.Redelivered, error)
	WebhookCertificate(ctx context.Context, id string) ([][]byte, error)
}

// Service answers requests about webhooks.
type Service struct {
	records Records
	rules   webhook.Addresses
}

// New makes the service. The rules say which endpoints may be registered.
func New(records Records, rules webhook.Addresses) *Service { return &Service{records, rules} }

// Register declares the operations.
func (s *Service) Register(a *httpapi.API) {
	s.registerRegistration(a)
	s.registerTests(a)
	s.registerDeliveries(a)
	s.registerCertificates(a)
}

const tag = "Webhooks"

// callers are the roles that may use webhooks.
var callers = []identity.Role{identity.BillingAdmin, identity.AdminAgent, identity.SalesAgent, identity.HelpdeskAgent, identity.GlobalAdmin}

func partnerOf(ctx context.Context) string { return httpapi.RequestOf(ctx).Caller.TenantID }
