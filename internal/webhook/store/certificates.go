package webhookstore

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"handover/internal/kernel"
	"handover/internal/store"
	"handover/internal/webhook"
)

type certificate struct {
	id, der, vouching string // DER in base64; vouching with blanks between
	published, used   time.Time
}

var certificates = store.Table[certificate]{
	Name: "webhook_certificates", Columns: `id text, certificate text, published_at timestamptz, vouching text, used_at timestamptz`,
	Fields: func(c *certificate) []any {
		return []any{&c.id, &c.der, (*store.Stamp)(&c.published), &c.vouching, (*store.Stamp)(&c.used)}
	},
}

var (
	insertCertificate  = certificates.Insert("ON CONFLICT (id) DO UPDATE SET used_at = excluded.used_at, vouching = excluded.vouching")
	selectCertificate  = store.Both(`SELECT certificate || ' ' || vouching FROM webhook_certificates WHERE id = $1`)
	forgetCertificates = store.Both(`DELETE FROM webhook_certificates WHERE id IN (SELECT c.id FROM webhook_certificates c
		WHERE COALESCE(c.used_at, c.published_at) < $1 ORDER BY c.id LIMIT ` + fmt.Sprint(forgottenAtOnce) + ` FOR UPDATE)`)
)

// PublishWebhookCertificate lets the gateway serve a certificate, and those that vouch for it, before anything is signed with its key
// . Repeated while the key is used, it keeps them.
func (s *Store) PublishWebhookCertificate(ctx context.Context, der []byte, vouching ...[]byte) error {
	_, err := store.Write(ctx, s.db, "publish a certificate", func(tx store.Tx) (bool, error) {
		now, err := s.db.Time(ctx, tx)
		if err != nil {
			return false, err
		}
		c := certificate{id: webhook.CertificateID(der), der: base64.StdEncoding.EncodeToString(der), published: now, used: now}
		texts := make([]string, len(vouching))
		for i, above := range vouching {
			texts[i] = base64.StdEncoding.EncodeToString(above)
		}
		c.vouching = strings.Join(texts, " ")
		return true, store.Insert(ctx, tx, certificates, insertCertificate, []certificate{c})
	})
	return err
}

// WebhookCertificate is the certificate with that id, as DER, and those that vouch for it, each for the one before. Refusal:
// DeliveryUnknown, because nothing was sent that names it, or not for a long time.
func (s *Store) WebhookCertificate(ctx context.Context, id string) ([][]byte, error) {
	store.Lower(&id)
	return store.Read(ctx, s.db, "read a certificate", func(tx store.Tx) ([][]byte, error) {
		missing := kernel.Refuse(webhook.DeliveryUnknown, "Nothing was signed with such a certificate. Take the address from the delivery as it is.")
		text, err := store.Known(ctx, tx, missing, selectCertificate, store.Value[string], id)
		if err != nil {
			return nil, err
		}
		var chain [][]byte
		for _, one := range strings.Fields(text) {
			der, err := base64.StdEncoding.DecodeString(one)
			if err != nil {
				return nil, err
			}
			chain = append(chain, der)
		}
		return chain, nil
	})
}

// ForgetWebhookCertificates deletes the certificates that signed nothing for webhook.CertificatesKept, and tells how many. After an error
// those deleted so far are gone.
func (s *Store) ForgetWebhookCertificates(ctx context.Context) (forgotten int64, err error) {
	for {
		n, err := store.Write(ctx, s.db, "forget certificates", func(tx store.Tx) (int64, error) {
			now, err := s.db.Time(ctx, tx)
			if err != nil {
				return 0, err
			}
			return tx.Exec(ctx, forgetCertificates, store.Stamp(now.Add(-webhook.CertificatesKept)))
		})
		forgotten += n
		if err != nil || n < forgottenAtOnce {
			return forgotten, err
		}
	}
}
