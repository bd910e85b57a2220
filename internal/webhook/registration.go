package webhook

import (
	"cmp"
	"reflect"
	"slices"
	"time"

	"handover/internal/kernel"
)

// Format is how a partner is told.
type Format string

// The formats.
const (
	PartnerCenter Format = "partner-center" // five fields, signed with the platform's certificate
	Standard      Format = "standard"       // Standard Webhooks 1.0, signed with the partner's secret
)

// OverlapsFor is how long what is sent is signed with the secrets before, too, after a partner gave another one.
const OverlapsFor = 24 * time.Hour

// mostPrevious bounds how many secrets before the present one sign.
const mostPrevious = 3

// Why an endpoint is not called any more.
type Why string

// The reasons.
const (
	WhyGone    Why = "gone"    // it answered 410
	WhyFailing Why = "failing" // it only failed for five days
)

// Registration is a partner's wish to be told: one address, some events, and how the endpoint does.
type Registration struct {
	PartnerTenantID string
	URL             string
	Events          []EventName
	Format          Format
	InMSHeader      bool // the signature's token stands in x-ms-signature instead of Authorization
	Secret          Secret
	Previous        []Secret // the latest first; they sign, too, until
	PreviousUntil   time.Time
	CreatedAt       time.Time
	ModifiedAt      time.Time // later with each replacement: what is sent is planned under it
	CalledSince     time.Time // ModifiedAt of when the endpoint was registered, or last switched on: what waits from before is not sent
	Health          Health
}

// SubscriberID is the registration's own name. It stays for as long as the partner does.
func (r Registration) SubscriberID() string {
	return kernel.DeriveID("webhook subscriber", r.PartnerTenantID)
}

// Called tells whether there is an endpoint, and it is not switched off.
func (r Registration) Called() bool { return r.URL != "" && !r.Health.Off() }

// Wants tells whether the partner is to be told of the event.
func (r Registration) Wants(name EventName) bool { return slices.Contains(r.Events, name) }

// Secrets are those that sign at that time, the partner's latest first.
func (r Registration) Secrets(now time.Time) []Secret {
	var all []Secret
	if !r.Secret.IsZero() {
		all = append(all, r.Secret)
	}
	return append(all, r.overlapping(now)...)
}

func (r Registration) overlapping(now time.Time) []Secret {
	if now.Before(r.PreviousUntil) {
		return r.Previous
	}
	return nil
}

// Wish is what a client asks for. What may be left out keeps the value that there is: clients that do not know an extension leave it alone.
type Wish struct {
	URL        string
	Events     []string
	Format     string // empty to keep the one there is, PartnerCenter at first
	InMSHeader *bool  // nil to keep what there is, false at first
	Secret     string // empty to keep the one there is
	Revoke     bool   // the secrets before sign no more, at once
}

// Register is the registration that a partner without one asks for. Refusals: those of Addresses.Check and ReadEvents; InvalidInput
// for a secret that is none, or is missing for Standard; UnknownEnum for another format.
func (a Addresses) Register(partner string, w Wish, now time.Time) (Registration, error) {
	return a.Replace(Registration{PartnerTenantID: partner, CreatedAt: now}, w, now)
}

// Replace is the registration after a wish for another one, which may leave out what is to stay. An endpoint that was switched off is called again. A new secret signs at
// once, and those before go on to for OverlapsFor, unless they are revoked, so that the receiver can change in its own time. Two that replace at one instant
// replace one after the other. Refusals: those of Register.
func (a Addresses) Replace(r Registration, w Wish, now time.Time) (Registration, error) {
	if err := a.Check(w.URL); err != nil {
		return r, err
	}
	events, err := ReadEvents(w.Events)
	if err != nil {
		return r, err
	}
	format, known := kernel.Named(Format(w.Format), PartnerCenter, Standard, "")
	if !known {
		return r, kernel.Refuse(kernel.UnknownEnum, "The format must be %s or %s.", PartnerCenter, Standard)
	}
	format = cmp.Or(format, r.Format, PartnerCenter)
	if w.InMSHeader != nil {
		r.InMSHeader = *w.InMSHeader
	}
	if r, err = r.withSecret(w.Secret, now); err != nil {
		return r, err
	}
	if w.Revoke {
		r.Previous, r.PreviousUntil = nil, time.Time{}
	}
	if format == Standard && r.Secret.IsZero() {
		return r, kernel.Refuse(kernel.InvalidInput, "The secret is missing: the format %s is signed with it. Send whsec_ and 32 random bytes in base64.", Standard)
	}
	called, before := r.Called(), r.ModifiedAt
	if r.ModifiedAt = now; !now.After(before) {
		r.ModifiedAt = before.Add(time.Microsecond)
	}
	r.URL, r.Events, r.Format, r.Health = w.URL, events, format, Health{}
	if !called {
		r.CalledSince = r.ModifiedAt
	}
	return r, nil
}

// Changes tells whether the registration says something else than the one before, be it that the endpoint was switched off. How an
// endpoint that is called does is not said by it.
func (r Registration) Changes(before Registration) bool {
	r.ModifiedAt, r.Health = before.ModifiedAt, before.Health
	return !reflect.DeepEqual(r, before)
}

func (r Registration) withSecret(text string, now time.Time) (Registration, error) {
	if text == "" {
		return r, nil
	}
	secret, err := ReadSecret(text)
	if err != nil || secret == r.Secret {
		return r, err
	}
	if !r.Secret.IsZero() {
		before := slices.DeleteFunc(slices.Clone(r.overlapping(now)), func(s Secret) bool { return s == secret })
		before = slices.Insert(before, 0, r.Secret)
		r.Previous, r.PreviousUntil = before[:min(len(before), mostPrevious)], now.Add(OverlapsFor)
	}
	r.Secret = secret
	return r, nil
}
