package webhookstore

import (
	"context"
	"encoding/base64"
	"time"

	"handover/internal/kernel"
	"handover/internal/store"
	"handover/internal/webhook"
)

type certificate struct {
	id, der string
	at      time.Time
}

var certificates = store.Table[certificate]{
	Name: "webhook_certificates", Columns: `id text, certificate text, published_at timestamptz`,
	Fields: func(c *certificate) []any { return []any{&c.id, &c.der, (*store.Stamp)(&c.at)} },
}

var (
	insertCertificate = certificates.Insert("ON CONFLICT (id) DO NOTHING")
	selectCertificate = store.Both(`SELECT certificate FROM webhook_certificates WHERE id = $1`)
)

// PublishWebhookCertificate lets the gateway serve a certificate, before anything is signed with its key.
func (s *Store) PublishWebhookCertificate(ctx context.Context, der []byte) error {
	_, err := store.Write(ctx, s.db, "publish a certificate", func(tx store.Tx) (bool, error) {
		now, err := s.db.Time(ctx, tx)
		if err != nil {
			return false, err
		}
		c := certificate{id: webhook.CertificateID(der), der: base64.StdEncoding.EncodeToString(der), at: now}
		return true, store.Insert(ctx, tx, certificates, insertCertificate, []certificate{c})
	})
	return err
}

// WebhookCertificate is the certificate with that id, as DER. Refusal: DeliveryUnknown, because nothing was sent that names it.
func (s *Store) WebhookCertificate(ctx context.Context, id string) ([]byte, error) {
	store.Lower(&id)
	return store.Read(ctx, s.db, "read a certificate", func(tx store.Tx) ([]byte, error) {
		missing := kernel.Refuse(webhook.DeliveryUnknown, "Nothing was signed with such a certificate. Take the address from the delivery as it is.")
		text, err := store.Known(ctx, tx, missing, selectCertificate, store.Value[string], id)
		if err != nil {
			return nil, err
		}
		return base64.StdEncoding.DecodeString(text)
	})
}
