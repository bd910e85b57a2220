package ledger

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/command"
	"handover/internal/webhook"
	webhookstore "handover/internal/webhook/store"
)

// everyEvent is a wish for all there is.
func everyEvent() webhook.Wish {
	w := webhook.Wish{URL: "https://hooks.example/handover"}
	for _, name := range webhook.EventNames() {
		w.Events = append(w.Events, string(name))
	}
	return w
}

func (f fixture) register(partner string, w webhook.Wish) webhook.Registration {
	f.t.Helper()
	r, err := f.RegisterWebhook(f.t.Context(), command.Terms[webhook.Registration]{}, partner, w, webhook.Addresses{})
	require.NoError(f.t, err)
	return r
}

func (f fixture) replace(partner string, w webhook.Wish) webhook.Registration {
	f.t.Helper()
	r, err := f.ReplaceWebhook(f.t.Context(), command.Terms[webhook.Registration]{}, partner, w, webhook.Addresses{})
	require.NoError(f.t, err)
	return r
}

func (f fixture) owed(partner string) webhookstore.Standing {
	f.t.Helper()
	now, err := f.LookAtWebhook(f.t.Context(), partner, 100)
	require.NoError(f.t, err)
	return now
}

// due are the names of what is to be sent now.
func (f fixture) due(partner string) []webhook.EventName {
	f.t.Helper()
	names := []webhook.EventName{}
	for _, d := range f.owed(partner).Due {
		names = append(names, d.Name)
	}
	return names
}

// sends has the endpoint answer everything that is due with that.
func (f fixture) sends(partner string, status int) webhookstore.Recorded {
	f.t.Helper()
	var made []webhook.Attempt
	now := f.owed(partner)
	for _, d := range now.Due {
		made = append(made, webhook.Attempt{DeliveryID: d.ID, N: d.Attempts + 1, At: f.clock.Now(), Registered: now.Registration.ModifiedAt, Answer: webhook.Answer{Status: status, Excerpt: "said", Took: 3 * time.Millisecond}})
	}
	done, err := f.RecordWebhookAttempts(f.t.Context(), partner, made...)
	require.NoError(f.t, err)
	return done
}

func (f fixture) tested(partner, id string) {
	f.t.Helper()
	_, err := f.TestWebhook(f.t.Context(), command.Terms[webhook.Event]{}, partner, id)
	require.NoError(f.t, err)
}

// counted is how many events have the status, as their owner reads it.
func (f fixture) counted(partner string, status webhook.Status) int {
	f.t.Helper()
	page, err := f.WebhookDeliveries(f.t.Context(), webhookstore.Search{PartnerTenantID: partner, Status: status, Limit: 1})
	require.NoError(f.t, err)
	for _, d := range page.Items {
		require.Equal(f.t, status, d.Status)
	}
	return page.Total
}

// delivering are the runs that are behind and deliver.
func (f fixture) delivering() []string {
	return f.rows("SELECT subject_id, cause, correlation_id FROM runs WHERE workflow_type = 'Delivery' AND told < wanted ORDER BY subject_id")
}

func TestRegistrationsOfWebhooks(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		_, err := f.Webhook(t.Context(), sourceID)
		refuses(t, err, webhook.NotRegistered)
		w := everyEvent()
		w.Secret = webhook.NewSecret().Kept()
		made := f.register(strings.ToUpper(sourceID), w)
		require.Equal(t, sourceID, made.PartnerTenantID)
		read, err := f.Webhook(t.Context(), sourceID)
		require.NoError(t, err)
		require.Equal(t, made, read)
		_, err = f.RegisterWebhook(t.Context(), command.Terms[webhook.Registration]{}, sourceID, w, webhook.Addresses{})
		refuses(t, err, webhook.AlreadyRegistered)

		f.clock.advance(time.Hour)
		w.Secret, w.InMSHeader, w.Format, w.Events = webhook.NewSecret().Kept(), wanting(true), "standard", []string{"test-created"}
		replaced := f.replace(sourceID, w)
		require.Equal(t, []webhook.Secret{made.Secret}, replaced.Previous)
		require.Equal(t, made.CreatedAt, replaced.CreatedAt)
		read, err = f.Webhook(t.Context(), sourceID)
		require.NoError(t, err)
		require.Equal(t, replaced, read)

		w.Secret = webhook.NewSecret().Kept()
		twice := f.replace(sourceID, w)
		require.Equal(t, []webhook.Secret{replaced.Secret, made.Secret}, twice.Previous)
		read, err = f.Webhook(t.Context(), sourceID)
		require.NoError(t, err)
		require.Equal(t, twice, read)
		w.Revoke = true
		f.replace(sourceID, w)
		read, err = f.Webhook(t.Context(), sourceID)
		require.NoError(t, err)
		require.Empty(t, read.Previous)
		log := f.hooked(sourceID)
		require.Contains(t, log[len(log)-1].NewValue, `"previousSecretsRevoked":true`)
		_, err = f.UnregisterWebhook(t.Context(), command.Terms[webhook.Registration]{}, sourceID)
		require.NoError(t, err)
		for _, err := range []error{
			func() error { _, err := f.Webhook(t.Context(), sourceID); return err }(),
			func() error {
				_, err := f.ReplaceWebhook(t.Context(), command.Terms[webhook.Registration]{}, sourceID, w, webhook.Addresses{})
				return err
			}(),
			func() error {
				_, err := f.UnregisterWebhook(t.Context(), command.Terms[webhook.Registration]{}, sourceID)
				return err
			}(),
			func() error {
				_, err := f.TestWebhook(t.Context(), command.Terms[webhook.Event]{}, sourceID, "t")
				return err
			}(),
			func() error {
				_, err := f.RedeliverWebhook(t.Context(), command.Terms[webhook.Delivery]{}, sourceID, "t")
				return err
			}(),
		} {
			refuses(t, err, webhook.NotRegistered)
		}
	})
}

// Two who register at one instant make one registration.
func TestRegisteringAtOnce(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		outcomes := make(chan error, 8)
		var all sync.WaitGroup
		for n := range cap(outcomes) {
			all.Go(func() {
				w := everyEvent()
				w.URL = fmt.Sprintf("https://hooks.example/%d", n)
				_, err := f.RegisterWebhook(t.Context(), command.Terms[webhook.Registration]{}, sourceID, w, webhook.Addresses{})
				outcomes <- err
			})
		}
		all.Wait()
		close(outcomes)
		made := 0
		for err := range outcomes {
			if err == nil {
				made++
				continue
			}
			refuses(t, err, webhook.AlreadyRegistered)
		}
		require.Equal(t, 1, made)
	})
}

// a test needs its event, two a minute are enough, and its result is kept for a week.
func TestTestsOfWebhooks(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		w := everyEvent()
		w.Events = []string{"create-transfer"}
		f.register(sourceID, w)
		_, err := f.TestWebhook(t.Context(), command.Terms[webhook.Event]{}, sourceID, "t1")
		refuses(t, err, webhook.TestsNotWanted)
		f.replace(sourceID, everyEvent())
		f.tested(sourceID, "t1")
		f.clock.advance(time.Second)
		f.tested(sourceID, "t2")
		_, err = f.TestWebhook(t.Context(), command.Terms[webhook.Event]{}, sourceID, "t3")
		refuses(t, err, webhook.TestsTooOften)
		f.register(targetID, everyEvent())
		f.tested(targetID, "t4")
		f.clock.advance(time.Minute)
		f.tested(sourceID, "t3")
		require.Equal(t, []webhook.EventName{webhook.TestCreated, webhook.TestCreated, webhook.TestCreated}, f.due(sourceID))
	})
}

func TestCertificatesAreServed(t *testing.T) {
	onEmpty(t, func(t *testing.T, f fixture) {
		s, err := webhook.SelfSigned(time.Now())
		require.NoError(t, err)
		for range 2 {
			require.NoError(t, f.PublishWebhookCertificate(t.Context(), s.Certificate()))
		}
		served, err := f.WebhookCertificate(t.Context(), strings.ToUpper(s.ID()))
		require.NoError(t, err)
		require.Equal(t, [][]byte{s.Certificate()}, served)
		_, err = f.WebhookCertificate(t.Context(), "nothing")
		refuses(t, err, webhook.DeliveryUnknown)
	})
}
