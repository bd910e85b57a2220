package webhookstore

import (
	"cmp"
	"context"
	"net/url"
	"time"

	"handover/internal/activitylog"
	activitylogstore "handover/internal/activitylog/store"
	"handover/internal/kernel"
	"handover/internal/store"
	"handover/internal/webhook"
)

// note writes into the partner's own log, and no other, what was done to its registration, which the caller has locked: by whoever the
// origin names, or by the platform.
func note(ctx context.Context, tx store.Tx, r webhook.Registration, o kernel.Origin, operation activitylog.AuditOperation, before, after any, at time.Time) error {
	return activitylogstore.Note(ctx, tx, activitylogstore.Record{
		By: activitylog.By{
			PartnerTenantID: r.PartnerTenantID, UserID: cmp.Or(o.UserID, o.Operator), UserPrincipalName: o.UserPrincipalName, ApplicationID: o.Application, CorrelationID: o.Correlation,
		},
		Resource: activitylog.WebhookResource, ResourceID: r.SubscriberID(), Operation: operation, Before: before, After: after, At: at,
	})
}

// loggedRegistration is what the log says of a registration: nothing of a secret, and of the address the host only, because receivers
// have theirs in all that follows.
type loggedRegistration struct {
	URL           string              `json:"webhookUrl"`
	Events        []webhook.EventName `json:"webhookEvents"`
	Format        webhook.Format      `json:"format"`
	InMSHeader    bool                `json:"signatureTokenToMsSignatureHeader,omitempty"`
	URLChanged    bool                `json:"webhookUrlChanged,omitempty"` // in whatever part
	HasSecret     bool                `json:"hasSecret,omitempty"`
	SecretChanged bool                `json:"secretChanged,omitempty"` // there was one, and this is another
	Revoked       bool                `json:"previousSecretsRevoked,omitempty"`
	SwitchedOff   webhook.Why         `json:"switchedOff,omitempty"`
}

func logged(r webhook.Registration) loggedRegistration {
	return loggedRegistration{
		URL: hostOf(r.URL), Events: r.Events, Format: r.Format, InMSHeader: r.InMSHeader, HasSecret: !r.Secret.IsZero(), SwitchedOff: r.Health.Why,
	}
}

// hostOf is the address up to its host, and a sign that more follows.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	host := u.Scheme + "://" + u.Host
	if address != host {
		host += "/…"
	}
	return host
}

// replaced is the same of a registration that was replaced.
func replaced(was, is webhook.Registration) loggedRegistration {
	after := logged(is)
	after.URLChanged = was.URL != is.URL
	after.SecretChanged = !was.Secret.IsZero() && was.Secret != is.Secret
	after.Revoked = len(is.Previous) == 0 && (after.SecretChanged || len(was.Previous) > 0)
	return after
}

// loggedRedelivery is what the log says of events that were asked for again: of one its id, of those of a time how many and between when.
type loggedRedelivery struct {
	DeliveryID string    `json:"deliveryId,omitempty"`
	From       time.Time `json:"from,omitzero"`
	Until      time.Time `json:"until,omitzero"`
	Count      int       `json:"count"`
	Last       bool      `json:"last,omitempty"` // a day's bound is reached: more are not recorded
}

// mostRedeliveries bounds the records of redeliveries that a day adds to a partner's log: asking for one costs nothing, and an endpoint
// that takes what it is sent can be sent the same without end.
const mostRedeliveries = 100

// noteRedelivery notes what was asked for again, up to mostRedeliveries within 24 hours; the last record says that it is.
func noteRedelivery(ctx context.Context, tx store.Tx, r webhook.Registration, o kernel.Origin, said loggedRedelivery, at time.Time) error {
	before, err := activitylogstore.CountOf(ctx, tx, r.SubscriberID(), activitylog.AuditRedeliverWebhook, at.AddDate(0, 0, -1))
	if err != nil || before >= mostRedeliveries {
		return err
	}
	said.Last = before == mostRedeliveries-1
	return note(ctx, tx, r, o, activitylog.AuditRedeliverWebhook, nil, said, at)
}
