package transfer_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"

	"handover/internal/activitylog"
	"handover/internal/kernel"
	"handover/internal/subscription"
	"handover/internal/transfer"
)

// The rules of section 2.5 about line items: each ends once, by itself, and together they decide how the transfer ends.

func TestRulesOfLineItems(t *testing.T) {
	rule(t, "R-24 a transfer is overdue 72 hours after submit", func(t *testing.T) {
		assert.Equal(t, 72*time.Hour, transfer.OverdueAfter)
	})
	rule(t, "R-25 line items end independently, and none is rolled back", func(t *testing.T) {
		s := decide(t, running(3), transfer.ItemDone{Item: transfer.ItemInProgress}, kernel.RolePlatform)
		s = decide(t, s, transfer.ItemRefused{Item: transfer.ItemInProgress}, kernel.RolePlatform)
		assert.Equal(t, transfer.ItemCounts{InProgress: 1, Complete: 1, Failed: 1}, s.Items)
		deny(t, s, transfer.Close{}, kernel.RolePlatform, transfer.ItemsRunning)
		s = decide(t, s, transfer.ItemDone{Item: transfer.ItemInProgress}, kernel.RolePlatform)
		assert.Equal(t, transfer.ItemCounts{Complete: 2, Failed: 1}, s.Items)
		assert.Equal(t, transfer.PartiallyComplete, decide(t, s, transfer.Close{}, kernel.RolePlatform).Status)
	})
	rule(t, "R-26 only an operator gives an item up, and says why", func(t *testing.T) {
		s := decide(t, running(1), transfer.GiveUp{Item: transfer.ItemInProgress, Reason: "billing account closed"}, kernel.RoleOperator)
		assert.Equal(t, transfer.ItemCounts{Failed: 1}, s.Items)
		for _, reason := range []string{"", " \t\n"} {
			deny(t, running(1), transfer.GiveUp{Item: transfer.ItemInProgress, Reason: reason}, kernel.RoleOperator, transfer.ReasonMissing)
		}
		for _, role := range []kernel.Role{kernel.RoleSource, kernel.RoleTarget, kernel.RolePlatform} {
			deny(t, running(1), transfer.GiveUp{Item: transfer.ItemInProgress, Reason: "tired"}, role, kernel.WrongParty)
		}
	})
	rule(t, "R-26 only an operator says what became of a held item, and how that is known", func(t *testing.T) {
		for _, status := range transfer.Statuses() {
			s := stateIn(status, transfer.ItemCounts{Failed: 1})
			effects, err := s.Resolve("they said so", actor(kernel.RoleOperator))
			assert.NoError(t, err)
			assert.Equal(t, transfer.Effects{Event: transfer.EventResolved, Operation: activitylog.AuditUpdate}, effects)
			for _, role := range []kernel.Role{kernel.RoleSource, kernel.RoleTarget, kernel.RolePlatform} {
				_, err = s.Resolve("they said so", actor(role))
				refused(t, err, kernel.WrongParty)
			}
			_, err = s.Resolve("they said so", actor(kernel.RoleStranger))
			refused(t, err, transfer.NotFound)
			_, err = s.Resolve(" \t", actor(kernel.RoleOperator))
			refused(t, err, transfer.ReasonMissing)
			_, err = s.Resolve(strings.Repeat("x", 1001), actor(kernel.RoleOperator))
			refused(t, err, kernel.InvalidInput)
		}
		assert.NoError(t, transfer.LineItem{Status: transfer.ItemFailed, Held: true}.CheckHeld())
		assert.NoError(t, transfer.LineItem{Status: transfer.ItemFailed, LateID: "x"}.CheckHeld())
		refused(t, transfer.LineItem{Status: transfer.ItemFailed}.CheckHeld(), transfer.ItemNotHeld)
	})
	rule(t, "R-26 no deadline unless a deployment sets one", func(t *testing.T) {
		assert.Zero(t, transfer.DefaultPolicy().ItemDeadline)
	})
	rule(t, "R-27 an item ends once, however often its end is reported", func(t *testing.T) {
		for _, ended := range []transfer.ItemStatus{transfer.ItemComplete, transfer.ItemFailed} {
			deny(t, running(1), transfer.ItemDone{Item: ended}, kernel.RolePlatform, transfer.ItemEnded)
			deny(t, running(1), transfer.ItemRefused{Item: ended}, kernel.RolePlatform, transfer.ItemEnded)
			deny(t, running(1), transfer.GiveUp{Item: ended, Reason: "late"}, kernel.RoleOperator, transfer.ItemEnded)
		}
		deny(t, running(1), transfer.ItemDone{Item: transfer.NoItem}, kernel.RolePlatform, transfer.ItemNotFound)
		over := stateIn(transfer.InProgress, transfer.ItemCounts{Complete: 1})
		deny(t, over, transfer.ItemDone{Item: transfer.ItemInProgress}, kernel.RolePlatform, transfer.ItemEnded)
	})
	rule(t, "R-27 every attempt of an item leads to the same new subscription", derivedIDs)
	rule(t, "R-28 lastModifiedTime changes with every transition, completedTime only with success", changedTimes)
}

func derivedIDs(t *testing.T) {
	seen := map[string]bool{}
	for n := range 1000 {
		old := fmt.Sprintf("aa000000-0000-4000-8000-%012d", n)
		id := transfer.TargetSubscriptionID(transferID, old)
		assert.Equal(t, id, transfer.TargetSubscriptionID(transferID, strings.ToUpper(old)))
		assert.NoError(t, uuid.Validate(id))
		seen[id] = true
	}
	assert.Len(t, seen, 1000)
	assert.False(t, seen[transfer.TargetSubscriptionID(sourceID, "aa000000-0000-4000-8000-000000000000")], "another transfer's item")
	assert.False(t, seen[transfer.NewID(transfer.Request{TargetPartnerTenantID: transferID, RequestID: "0"})], "a transfer's id")
}

func changedTimes(t *testing.T) {
	for _, c := range everyCell() {
		before, after, _, err := ask(c)
		if err != nil {
			continue
		}
		if before.Status != after.Status {
			assert.Equal(t, c.in.now, after.LastModifiedTime, c.in.name)
		} else {
			assert.Equal(t, before.LastModifiedTime, after.LastModifiedTime, "%s of one item is no transition", c.command)
		}
		if after.Status == transfer.Complete {
			assert.Equal(t, c.in.now, after.CompletedTime)
		} else {
			assert.Zero(t, after.CompletedTime, c.in.name)
		}
	}
}

func TestRulesOfRetrying(t *testing.T) {
	rule(t, "R-29 only what another attempt may cure is retryable", func(t *testing.T) {
		var retryable []kernel.Cause
		for _, c := range kernel.Causes() {
			if c.Retryable() {
				retryable = append(retryable, c)
			}
		}
		assert.ElementsMatch(t, []kernel.Cause{transfer.StillSyncing, transfer.ProviderUnavailable}, retryable)
	})
	for name, c := range map[string]struct {
		change func(*subscription.Subscription)
		cause  kernel.Cause
	}{
		"still as it was":         {func(*subscription.Subscription) {}, ""},
		"suspended since":         {inStatus(subscription.Suspended), transfer.NotActive},
		"deleted since":           {inStatus(subscription.Deleted), transfer.NotActive},
		"sold to another partner": {func(s *subscription.Subscription) { s.PartnerTenantID = strangerID }, transfer.NotOwnedBySource},
		"of another customer":     {func(s *subscription.Subscription) { s.CustomerTenantID = strangerID }, transfer.NotOwnedBySource},
	} {
		rule(t, "R-29 a subscription at the time of the attempt: "+name, func(t *testing.T) {
			err := transfer.CheckMovable(opened(), sample("0001", c.change))
			if c.cause == "" {
				assert.NoError(t, err)
				return
			}
			assert.False(t, refused(t, err, c.cause).Cause.Retryable())
		})
	}
}

// Sections 6.1 and 6.2, as far as they belong to the transition.
func TestRulesOfTelling(t *testing.T) {
	mails := map[transfer.Event][]transfer.Audience{}
	var partly transfer.Effects
	for _, c := range everyCell() {
		_, after, told, err := ask(c)
		switch {
		case err != nil:
		case after.Status == transfer.PartiallyComplete:
			partly = told
		default:
			mails[told.Event] = told.Mail
		}
	}
	rule(t, "R-200 creation is mailed to source and customer, not to the target", func(t *testing.T) {
		assert.Equal(t, []transfer.Audience{transfer.ToSource, transfer.ToCustomer}, mails[transfer.EventCreated])
	})
	rule(t, "R-201 completion is mailed to everybody", func(t *testing.T) {
		assert.Equal(t, []transfer.Audience{transfer.ToSource, transfer.ToTarget, transfer.ToCustomer}, mails[transfer.EventCompleted])
	})
	rule(t, "R-202 submit, cancel, expiry and failure are not mailed", func(t *testing.T) {
		for _, e := range []transfer.Event{transfer.EventSubmitted, transfer.EventCancelled, transfer.EventExpired, transfer.EventFailed} {
			assert.Contains(t, mails, e)
			assert.Empty(t, mails[e], e)
		}
	})
	rule(t, "R-402 completion is mailed to everybody when only a part moved", func(t *testing.T) { // D2
		assert.Equal(t, transfer.EventFailed, partly.Event)
		assert.Equal(t, transfer.EventCompleted, partly.Mailed())
		assert.Equal(t, []transfer.Audience{transfer.ToSource, transfer.ToTarget, transfer.ToCustomer}, partly.Mail)
	})
	rule(t, "R-461 the target is mailed a decline, the source is reminded a week and a day before the end", func(t *testing.T) { // D8
		assert.Equal(t, []transfer.Audience{transfer.ToTarget}, mails[transfer.EventDeclined])
		end := at("2024-07-14T00:00:00Z")
		assert.Equal(t, []time.Time{at("2024-07-07T00:00:00Z"), at("2024-07-13T00:00:00Z")}, transfer.Reminders(end))
	})
}
