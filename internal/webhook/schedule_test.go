package webhook_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel/kerneltest"
	"handover/internal/webhook"
)

func answered(status int) webhook.Answer { return webhook.Answer{Status: status} }

func TestWhatAnAnswerMeans(t *testing.T) {
	t.Parallel()
	kerneltest.Rule(t, "R-224 success is 2xx", func(t *testing.T) {
		for status, delivered := range map[int]bool{200: true, 202: true, 204: true, 299: true, 0: false, 199: false, 300: false, 302: false, 308: false, 400: false, 410: false, 429: false, 500: false} {
			assert.Equal(t, delivered, answered(status).Delivered(), status)
		}
	})
	kerneltest.Rule(t, "R-223 an event is sent ten times", func(t *testing.T) {
		require.Equal(t, 10, webhook.MostAttempts)
		var all time.Duration
		for attempt := 1; attempt < 10; attempt++ {
			wait, over := answered(500).Next(attempt, 0.5)
			require.False(t, over)
			all += wait
		}
		assert.Equal(t, 75*time.Hour+35*time.Minute+5*time.Second, all, "as Standard Webhooks has it")
		_, over := answered(500).Next(10, 0.5)
		assert.True(t, over)
	})
}

// What failed at once is not sent again at once.
func TestAttemptsAreSpread(t *testing.T) {
	t.Parallel()
	longest, _ := answered(500).Next(webhook.MostAttempts-1, 1)
	assert.Less(t, longest, webhook.BreaksOff, "an event that fails leaves no silence")
	early, _ := answered(500).Next(3, 0)
	late, _ := answered(500).Next(3, 1)
	assert.Equal(t, []time.Duration{27 * time.Minute, 33 * time.Minute}, []time.Duration{early, late})
}

func TestRetryAfterIsHonoured(t *testing.T) {
	t.Parallel()
	for asked, want := range map[time.Duration]time.Duration{0: 5 * time.Second, time.Second: 5 * time.Second, time.Hour: time.Hour, 100 * 24 * time.Hour: 24 * time.Hour} {
		a := webhook.Answer{Status: 429, RetryAfter: asked}
		wait, _ := a.Next(1, 0.5)
		assert.Equal(t, want, wait, asked)
		h := webhook.Health{}.After(a, noon)
		if asked > 0 {
			assert.Equal(t, noon.Add(min(asked, 24*time.Hour)), h.RestsUntil, "the endpoint asks, and not only about one event")
		}
	}
}

func TestHealthOfAnEndpoint(t *testing.T) {
	t.Parallel()
	var h webhook.Health
	for range 2 {
		h = h.After(answered(500), noon)
		assert.False(t, h.Rests(noon), "that may be what the events are about")
	}
	h = h.After(webhook.Answer{Fault: "no answer"}, noon)
	assert.True(t, h.Rests(noon), "that is the endpoint")
	assert.Equal(t, noon.Add(5*time.Second), h.RestsUntil)
	for range 40 {
		h = h.After(answered(500), noon)
	}
	assert.Equal(t, noon.Add(time.Hour), h.RestsUntil, "it is asked once an hour at least")
	assert.Equal(t, webhook.Health{}, h.After(answered(204), noon), "a success switches alarms off")
}

// Answers to what was under way at once say less than those to one after the other.
func TestHealthAfterAnswersAtOnce(t *testing.T) {
	t.Parallel()
	fails, takes, gone := answered(500), answered(204), answered(410)
	asks := func(wish time.Duration) webhook.Answer { return webhook.Answer{Status: 429, RetryAfter: wish} }
	for name, c := range map[string]struct {
		given []webhook.Answer
		want  webhook.Health
	}{
		"none":                          {nil, webhook.Health{}},
		"a success is the last word":    {[]webhook.Answer{fails, fails, takes}, webhook.Health{}},
		"a failure after a success":     {[]webhook.Answer{takes, fails}, webhook.Health{FailingSince: noon, FailedAt: noon, Failures: 1}},
		"many failures are three":       {[]webhook.Answer{fails, fails, fails, fails, fails, fails, fails, fails}, webhook.Health{FailingSince: noon, FailedAt: noon, Failures: 3, RestsUntil: noon.Add(5 * time.Second)}},
		"a wish holds":                  {[]webhook.Answer{asks(time.Minute), takes, takes}, webhook.Health{FailingSince: noon, FailedAt: noon, Failures: 1, RestsUntil: noon.Add(time.Minute)}},
		"the longest wish holds":        {[]webhook.Answer{asks(time.Hour), takes, asks(time.Minute)}, webhook.Health{FailingSince: noon, FailedAt: noon, Failures: 2, RestsUntil: noon.Add(time.Hour)}},
		"who is gone is gone":           {[]webhook.Answer{gone, takes, asks(100 * 24 * time.Hour)}, webhook.Health{FailingSince: noon, FailedAt: noon, Failures: 2, RestsUntil: noon.Add(24 * time.Hour), OffAt: noon, Why: webhook.WhyGone}},
		"a wish of a success is no one": {[]webhook.Answer{fails, {Status: 200, RetryAfter: time.Hour}}, webhook.Health{}},
	} {
		assert.Equal(t, c.want, webhook.Health{}.AfterAll(c.given, noon), name)
	}
}

func TestEndpointsAreSwitchedOff(t *testing.T) {
	t.Parallel()
	gone := webhook.Health{}.After(answered(410), noon)
	assert.True(t, gone.Off())
	assert.Equal(t, webhook.WhyGone, gone.Why)

	failing := func(every, until time.Duration) webhook.Health {
		h := webhook.Health{}
		for after := time.Duration(0); after <= until; after += every {
			require.False(t, h.Off(), after)
			h = h.After(answered(500), noon.Add(after))
		}
		return h
	}
	assert.True(t, failing(webhook.BreaksOff, 6*24*time.Hour).Off(), "it had its chance every second day")
	assert.False(t, failing(webhook.BreaksOff+time.Nanosecond, 60*24*time.Hour).Off(), "most of the time nothing was tried")

	h := failing(24*time.Hour, 4*24*time.Hour).After(answered(500), noon.Add(webhook.FailsFor-time.Nanosecond))
	assert.False(t, h.Off())
	off := h.After(answered(500), noon.Add(webhook.FailsFor))
	assert.True(t, off.Off())
	assert.Equal(t, webhook.WhyFailing, off.Why)
	recovered := h.After(answered(200), noon.Add(webhook.FailsFor)).After(answered(500), noon.Add(webhook.FailsFor))
	assert.False(t, recovered.Off(), "it did not only fail")
	long := noon.Add(16 * 24 * time.Hour)
	blip := h.After(answered(500), long)
	assert.Equal(t, webhook.Health{FailingSince: long, FailedAt: long, Failures: 1}, blip, "one failure long after the others is the first of its own")
}

// An event alone is sent at its own times: the endpoint never rests for longer than the event waits.
func TestRestsAreNoLongerThanWaits(t *testing.T) {
	t.Parallel()
	now, h := noon, webhook.Health{}
	for attempt := 1; attempt < webhook.MostAttempts; attempt++ {
		h = h.After(answered(500), now)
		wait, _ := answered(500).Next(attempt, 0)
		now = now.Add(wait)
		assert.False(t, h.Rests(now), attempt)
		assert.False(t, h.Off())
	}
}
