package courier

import (
	"errors"
	"os"
	"time"

	"handover/internal/webhook"
)

// InFiles are the signers that two files in PEM hold, one after the other as they are replaced; the certificate's may hold those that vouch
// for it, too.
func InFiles(certificate, key string) func(*webhook.Signer, time.Time) (*webhook.Signer, error) {
	return func(_ *webhook.Signer, now time.Time) (*webhook.Signer, error) {
		public, unread := os.ReadFile(certificate)
		private, failed := os.ReadFile(key)
		if err := errors.Join(unread, failed); err != nil {
			return nil, err
		}
		return webhook.NewSigner(public, private, now)
	}
}

// SelfMade are signers that vouch for themselves, each followed by another one in time.
func SelfMade(current *webhook.Signer, now time.Time) (*webhook.Signer, error) {
	if current != nil && !current.Renewable(now) {
		return current, nil
	}
	return webhook.SelfSigned(now)
}
