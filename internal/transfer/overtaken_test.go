package transfer_test

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"handover/internal/transfer"
)

// who hears of what, however late. Every mail of the table of who hears what, in every state of the transfer.
func TestMailThatComesLateSaysWhatIsSo(t *testing.T) {
	t.Parallel()
	expires := time.Date(2031, 3, 31, 0, 0, 0, 0, time.UTC)
	open := []transfer.Status{transfer.Pending}
	underWay := []transfer.Status{transfer.Pending, transfer.InProgress}
	always := transfer.Statuses()
	sent := map[string][]transfer.Status{
		"created source": open, "created customer": underWay, "reminder source": open, "declined target": always,
		"completed source": always, "completed target": always, "completed customer": always,
	}
	for _, h := range transfer.Hearings() {
		for _, to := range h.Hearers(transfer.ByMail) {
			event := cmp.Or(h.MailedAs, h.Of)
			in, listed := sent[string(event)+" "+string(to)]
			if !assert.True(t, listed, "%s to %s", event, to) {
				continue
			}
			if event == transfer.EventReminder {
				event += "-2"
			}
			for _, status := range transfer.Statuses()[1:] {
				about := transfer.Transfer{State: transfer.State{Status: status, ExpirationTime: expires}}
				why := transfer.Overtaken(event, to, false, about, expires.Add(-time.Hour))
				assert.Equal(t, slices.Contains(in, status), why == "", "%s to %s in %s: %s", event, to, status, why)
				why = transfer.Overtaken(event, to, true, about, expires.Add(-time.Hour))
				assert.Contains(t, why, "no admin agent", "%s to %s in %s, who left (R-82)", event, to, status)
			}
		}
	}
}

// what asks for an answer is not sent once there is none to give, also while nobody has written that the request expired.
func TestMailThatComesAfterTheTime(t *testing.T) {
	t.Parallel()
	expires := time.Date(2031, 3, 31, 0, 0, 0, 0, time.UTC)
	about := transfer.Transfer{State: transfer.State{Status: transfer.Pending, ExpirationTime: expires}}
	for _, c := range []struct {
		event transfer.Event
		to    transfer.Audience
		left  time.Duration
		why   string
	}{
		{transfer.EventCreated, transfer.ToSource, 1, ""},
		{transfer.EventCreated, transfer.ToSource, 0, "expired"},
		{transfer.EventCreated, transfer.ToCustomer, 1, ""},
		{transfer.EventCreated, transfer.ToCustomer, 0, "expired"},
		{"reminder-1", transfer.ToSource, 24*time.Hour + 1, ""},
		{"reminder-1", transfer.ToSource, 24 * time.Hour, "next reminder"},
		{"reminder-1", transfer.ToSource, 0, "expired"},
		{"reminder-2", transfer.ToSource, 1, ""},
		{"reminder-2", transfer.ToSource, 0, "expired"},
		{"reminder-2", transfer.ToSource, -time.Hour, "expired"},
	} {
		why := transfer.Overtaken(c.event, c.to, false, about, expires.Add(-c.left))
		if c.why == "" {
			assert.Empty(t, why, "%s to %s, %s left", c.event, c.to, c.left)
		} else {
			assert.Contains(t, why, c.why, "%s to %s, %s left", c.event, c.to, c.left)
		}
	}
}
