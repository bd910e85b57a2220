package webhook_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"handover/internal/webhook"
)

// What waits is judged by the registration of its partner, whoever asks and whatever the row says yet.
func TestDeliveriesUnderTheirRegistration(t *testing.T) {
	t.Parallel()
	on := webhook.Registration{URL: "https://hooks.example/", ModifiedAt: noon.Add(2 * time.Hour), CalledSince: noon.Add(time.Hour)}
	off := on
	off.Health = webhook.Health{OffAt: noon.Add(3 * time.Hour), Why: webhook.WhyGone}
	later := noon.Add(24 * time.Hour)
	waiting := func(registered time.Time) webhook.Delivery {
		return webhook.Delivery{Status: webhook.Waiting, Registered: registered, NextAt: later}
	}
	dead := func(registered, ended time.Time, fault string) webhook.Delivery {
		d := waiting(registered)
		d.Status, d.EndedAt, d.LastFault = webhook.Dead, ended, fault
		return d
	}
	assert.Equal(t, waiting(on.ModifiedAt), waiting(on.ModifiedAt).Under(on))
	hastened := waiting(on.CalledSince)
	hastened.NextAt = on.ModifiedAt
	assert.Equal(t, hastened, waiting(on.CalledSince).Under(on), "the endpoint was replaced since")
	assert.Equal(t, dead(noon, on.CalledSince, webhook.FaultBefore), waiting(noon).Under(on))
	assert.Equal(t, dead(on.ModifiedAt, off.Health.OffAt, webhook.FaultOff), waiting(on.ModifiedAt).Under(off))
	assert.Equal(t, dead(on.ModifiedAt, time.Time{}, webhook.FaultUnregistered), waiting(on.ModifiedAt).Under(webhook.Registration{}))

	tried := waiting(noon)
	tried.LastFault = "There was no answer in time."
	assert.Equal(t, tried.LastFault, tried.Under(off).LastFault, "what the endpoint did says more")
	delivered := webhook.Delivery{Status: webhook.Delivered, Registered: noon}
	assert.Equal(t, delivered, delivered.Under(webhook.Registration{}))
	assert.Equal(t, waiting(on.ModifiedAt), func() webhook.Delivery {
		d := dead(noon, noon, "").Again(on.ModifiedAt, later)
		return d
	}().Under(on), "asked for again it waits under the registration of today")
}

func TestSentNow(t *testing.T) {
	rests := webhook.Registration{Health: webhook.Health{RestsUntil: noon.Add(time.Hour)}}
	for name, c := range map[string]struct {
		d    webhook.Delivery
		r    webhook.Registration
		want bool
	}{
		"due":                       {webhook.Delivery{Status: webhook.Waiting, NextAt: noon}, webhook.Registration{}, true},
		"asked for again":           {webhook.Delivery{Status: webhook.Waiting, NextAt: noon, Attempts: 7, Before: 7}, webhook.Registration{}, true},
		"with some of its attempts": {webhook.Delivery{Status: webhook.Waiting, NextAt: noon, Attempts: 7, Before: 5}, webhook.Registration{}, false},
		"later":                     {webhook.Delivery{Status: webhook.Waiting, NextAt: noon.Add(1)}, webhook.Registration{}, false},
		"to one that rests":         {webhook.Delivery{Status: webhook.Waiting, NextAt: noon}, rests, false},
		"delivered":                 {webhook.Delivery{Status: webhook.Delivered, NextAt: noon}, webhook.Registration{}, false},
		"a dead letter":             {webhook.Delivery{Status: webhook.Dead, NextAt: noon}, webhook.Registration{}, false},
	} {
		assert.Equal(t, c.want, c.d.SentNow(c.r, noon), name)
	}
}

func TestCounted(t *testing.T) {
	t.Parallel()
	for n, says := range map[int]string{0: "0", webhook.MostCounted: "1000", webhook.MostCounted + 1: "over 1000"} {
		assert.Equal(t, says, webhook.Counted(n))
	}
}
