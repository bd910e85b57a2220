package courier

import (
	"context"
	"fmt"
	"sync"
	"time"

	"handover/internal/webhook"
)

// KeySettings say where signers come from and who is told of them.
type KeySettings struct {
	// Next is the signer after that one, which is nil at first, or that one itself where there is no other.
	Next func(current *webhook.Signer, now time.Time) (*webhook.Signer, error)
	// Publish lets receivers have the certificate and those that vouch for it, and keeps it for some days more.
	Publish func(ctx context.Context, certificate []byte, vouching ...[]byte) error
	// Warn is told what an operator should do something about, at most once an hour; nil for nobody.
	Warn func(why error)
	Now  func() time.Time // nil for time.Now
}

const (
	looksEvery     = time.Minute
	publishedEvery = 24 * time.Hour
	warnsEvery     = time.Hour
)

// Keys have the signer of the time: another one takes over without a restart, and each is published before it signs. It is safe for
// concurrent use.
type Keys struct {
	settings KeySettings

	lock      sync.Mutex
	current   *webhook.Signer
	looked    time.Time
	published time.Time // the current one; zero when it is not
	warned    time.Time
}

// NewKeys begins with the first signer. Error: there is none that could sign now.
func NewKeys(s KeySettings) (*Keys, error) {
	if s.Now == nil {
		s.Now = time.Now
	}
	if s.Warn == nil {
		s.Warn = func(error) {}
	}
	now := s.Now()
	first, err := s.Next(nil, now)
	return &Keys{settings: s, current: first, looked: now}, err
}

// Signer is the one to sign with now. Errors: its certificate is over and there is no other, or it could not be published.
func (k *Keys) Signer(ctx context.Context) (*webhook.Signer, error) {
	k.lock.Lock()
	defer k.lock.Unlock()
	now := k.settings.Now()
	k.renew(now)
	if err := k.current.Valid(now); err != nil {
		return nil, fmt.Errorf("nothing can be signed: %w", err)
	}
	if now.Sub(k.published) < publishedEvery {
		return k.current, nil
	}
	switch err := k.settings.Publish(ctx, k.current.Certificate(), k.current.Vouching()...); {
	case err == nil:
		k.published = now
	case k.published.IsZero():
		return nil, err
	default: // it is kept for long enough to try again
		k.warn(now, err)
	}
	return k.current, nil
}

// renew changes to another signer where there is one. One that cannot be used yet changes nothing: files are replaced one by one.
func (k *Keys) renew(now time.Time) {
	if now.Sub(k.looked) < looksEvery {
		return
	}
	k.looked = now
	next, err := k.settings.Next(k.current, now)
	if err != nil {
		k.warn(now, fmt.Errorf("the certificate in use stays, because another one could not take its place: %w", err))
		return
	}
	if next.ID() != k.current.ID() {
		k.current, k.published = next, time.Time{}
	}
	if end, soon := k.current.EndsSoon(now); soon {
		k.warn(now, fmt.Errorf("the certificate of webhooks ends at %s; replace it, because nothing is signed after that", end))
	}
}

func (k *Keys) warn(now time.Time, why error) {
	if now.Sub(k.warned) >= warnsEvery {
		k.warned = now
		k.settings.Warn(why)
	}
}
