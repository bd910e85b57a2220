package ledger

import (
	"context"
	"encoding/base64"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/webhook"
)

// a certificate is served with those that vouch for it, as they were published last.
func TestCertificatesAreServedWithThoseThatVouch(t *testing.T) {
	onEmpty(t, func(t *testing.T, f fixture) {
		own, middle, top := []byte("own"), []byte("middle"), []byte("top")
		id := webhook.CertificateID(own)
		for _, vouching := range [][][]byte{nil, {middle, top}, {middle}} {
			require.NoError(t, f.PublishWebhookCertificate(t.Context(), own, vouching...))
			served, err := f.WebhookCertificate(t.Context(), id)
			require.NoError(t, err)
			require.Equal(t, append([][]byte{own}, vouching...), served)
		}
	})
}

// A certificate is kept for as long as it signs, and for the days after in which a receiver may ask for it; then all of them go, however
// many there are.
func TestCertificatesOutOfUseAreForgotten(t *testing.T) {
	onEmpty(t, func(t *testing.T, f fixture) {
		day := 24 * time.Hour
		used := []byte("used")
		require.NoError(t, f.PublishWebhookCertificate(t.Context(), used))
		for n := range 501 {
			f.behind(fmt.Sprintf("INSERT INTO webhook_certificates (id, certificate, published_at) VALUES ('%d', 'AAAA', '%s')", n, start.Format("2006-01-02T15:04:05.000000Z")))
		}
		forgets := func() int64 {
			forgotten, err := f.ForgetWebhookCertificates(t.Context())
			require.NoError(t, err)
			return forgotten
		}
		f.clock.advance(webhook.CertificatesKept - day)
		require.NoError(t, f.PublishWebhookCertificate(t.Context(), used))
		require.Zero(t, forgets())
		f.clock.advance(day + time.Minute)
		require.Equal(t, int64(501), forgets())
		_, err := f.WebhookCertificate(t.Context(), webhook.CertificateID(used))
		require.NoError(t, err)
		f.clock.advance(webhook.CertificatesKept)
		require.Equal(t, int64(1), forgets())
		_, err = f.WebhookCertificate(t.Context(), webhook.CertificateID(used))
		refuses(t, err, webhook.DeliveryUnknown)
	})
}

// What was published before is served as it was, and used on.
func TestMigrateCertificates(t *testing.T) {
	t.Parallel()
	for name, newURL := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			databaseURL, der := newURL(t), []byte("published before")
			old := oldLedger(t, databaseURL, 23)
			_, err := old.ExecContext(context.WithoutCancel(t.Context()), fmt.Sprintf("INSERT INTO webhook_certificates VALUES ('%s', '%s', '2031-02-01T00:00:00.000000Z')",
				webhook.CertificateID(der), base64.StdEncoding.EncodeToString(der)))
			require.NoError(t, err)
			require.NoError(t, old.Close())
			l, err := Open(t.Context(), databaseURL, Options{})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, l.Close()) })
			served, err := l.WebhookCertificate(t.Context(), webhook.CertificateID(der))
			require.NoError(t, err)
			require.Equal(t, [][]byte{der}, served)
			used := fixture{Ledger: l, t: t}.rows("SELECT COUNT(*) FROM webhook_certificates WHERE used_at > '" + time.Now().Add(-time.Hour).UTC().Format("2006-01-02T15:04:05.000000Z") + "'")
			require.Equal(t, []string{"1"}, used, "it may have signed today, however long ago it was published")
			require.NoError(t, l.PublishWebhookCertificate(t.Context(), der, []byte("vouches")))
			served, err = l.WebhookCertificate(t.Context(), webhook.CertificateID(der))
			require.NoError(t, err)
			require.Len(t, served, 2)
			require.Equal(t, []string{"2031-02-01T00:00:00.000000Z"}, fixture{Ledger: l, t: t}.rows(publishedAt[name]))
		})
	}
}

var publishedAt = map[string]string{
	"sqlite":   "SELECT published_at FROM webhook_certificates",
	"postgres": `SELECT to_char(published_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') FROM webhook_certificates`,
}
