package webhook

import (
	"crypto/rand"
	"encoding/base64"
	"strings"

	"handover/internal/kernel"
)

// Secret is what a partner and the platform share to sign by, in the form of Standard Webhooks: whsec_ and base64. It is written
// and never shown: in a log or an answer it is three dots.
type Secret struct{ text string }

const (
	secretPrefix = "whsec_"
	leastSecret  = 24 // bytes
	mostSecret   = 64
)

// ReadSecret reads a secret of a partner. Refusal: InvalidInput, which does not repeat it.
func ReadSecret(text string) (Secret, error) {
	plain, prefixed := strings.CutPrefix(strings.TrimSpace(text), secretPrefix)
	key, err := base64.StdEncoding.DecodeString(plain)
	if !prefixed || err != nil || len(key) < leastSecret || len(key) > mostSecret {
		return Secret{}, kernel.Refuse(kernel.InvalidInput,
			"The secret must be %s followed by %d to %d random bytes in base64, as Standard Webhooks has it.", secretPrefix, leastSecret, mostSecret)
	}
	return Secret{text: secretPrefix + plain}, nil
}

// NewSecret is a random one.
func NewSecret() Secret {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // it never fails
	return Secret{text: secretPrefix + base64.StdEncoding.EncodeToString(key)}
}

// KeptSecret is a secret as it was kept; the empty text is none.
func KeptSecret(text string) Secret { return Secret{text: text} }

// Kept is the secret's text, for who keeps it or hands it to its owner.
func (s Secret) Kept() string { return s.text }

// IsZero tells that there is none.
func (s Secret) IsZero() bool { return s.text == "" }

// String shows nothing of it.
func (s Secret) String() string {
	if s.IsZero() {
		return ""
	}
	return "…"
}

// GoString shows nothing of it.
func (s Secret) GoString() string { return s.String() }

// key is what signatures are made with.
func (s Secret) key() []byte {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s.text, secretPrefix))
	if err != nil {
		return nil // it was checked when it came; what somebody put into the ledger by hand signs nothing
	}
	return key
}
