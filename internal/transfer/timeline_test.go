package transfer_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/transfer"
)

// What happened to a transfer, as each party may know it.

const (
	otherAgentID = "6e000000-0000-4000-8000-000000000002"
	operatorID   = "7f000000-0000-4000-8000-000000000003"
)

// logs are both participants' audit records of a transfer: opened by the target, refused and then accepted from the source,
// tried by a stranger and cancelled too late by the target, one item given up, and over.
func logs() []transfer.LogEntry {
	var all []transfer.LogEntry
	add := func(user string, d transfer.AuditDetail, in ...string) {
		for _, partner := range in {
			said := d
			if partner == targetID {
				said = d.ForTarget()
			}
			all = append(all, transfer.LogEntry{
				ID: partner + "_" + string(d.Event), PartnerTenantID: partner, UserID: user, At: created.Add(time.Duration(len(all)/2) * time.Hour), Detail: said,
			})
		}
	}
	add(agentID, transfer.AuditDetail{Event: transfer.EventCreated, Status: transfer.Pending, By: kernel.RoleTarget, RequestID: "r1"}, sourceID, targetID)
	add(otherAgentID, transfer.AuditDetail{Event: transfer.EventRefused, Status: transfer.Pending, By: kernel.RoleSource, RequestID: "d1",
		Cause: transfer.NotActive, Message: "It is suspended.", PartnerID: sourceID}, sourceID)
	add(otherAgentID, transfer.AuditDetail{Event: transfer.EventRefused, Status: transfer.Pending, By: kernel.RoleStranger, RequestID: "x1",
		Cause: transfer.NotFound, Message: "No.", PartnerID: strangerID}, sourceID)
	add(otherAgentID, transfer.AuditDetail{Event: transfer.EventSubmitted, Status: transfer.InProgress, By: kernel.RoleSource, RequestID: "d2",
		LineItems: &transfer.ItemCounts{InProgress: 2}}, sourceID, targetID)
	add(agentID, transfer.AuditDetail{Event: transfer.EventRefused, Status: transfer.InProgress, By: kernel.RoleTarget, RequestID: "d1",
		Cause: transfer.AlreadyInProgress, Message: "Too late.", PartnerID: targetID}, targetID)
	add(operatorID, transfer.AuditDetail{Event: transfer.EventGivenUp, Status: transfer.InProgress, By: kernel.RoleOperator, RequestID: "g1",
		GivenUp: &transfer.GivenUpItem{Ordinal: 1, SubscriptionID: "old-1", Reason: "Withdrawn."}}, sourceID, targetID)
	add("", transfer.AuditDetail{Event: transfer.EventFailed, Status: transfer.PartiallyComplete, By: kernel.RolePlatform,
		LineItems: &transfer.ItemCounts{Complete: 1, Failed: 1}}, sourceID, targetID)
	return all
}

func timeline(t *testing.T, v transfer.Viewer) []transfer.TimelineEvent {
	t.Helper()
	events, err := transfer.Timeline(opened(), logs(), v)
	require.NoError(t, err)
	return events
}

func happened(events []transfer.TimelineEvent) []string {
	var all []string
	for _, e := range events {
		all = append(all, string(e.Event)+" by "+string(e.Actor.Role))
	}
	return all
}

func TestRulesOfTheTimeline(t *testing.T) {
	rule(t, "R-190 the source hears what stands in its log", func(t *testing.T) {
		events := timeline(t, source)
		assert.Equal(t, []string{"created by target", "refused by source", "refused by stranger", "submitted by source", "given-up by operator",
			"failed by platform"}, happened(events))
		assert.Equal(t, transfer.TimelineEvent{
			ID: sourceID + "_submitted", Event: transfer.EventSubmitted, Time: logs()[4].At, Status: transfer.InProgress, RequestID: "d2",
			Actor:     transfer.TimelineActor{Role: kernel.RoleSource, PartnerTenantID: sourceID, UserID: otherAgentID},
			LineItems: &transfer.ItemCounts{InProgress: 2},
		}, events[3])
		assert.Equal(t, "It is suspended.", events[1].Reason)
		assert.Equal(t, transfer.NotActive, events[1].Cause)
		assert.Equal(t, "Withdrawn.", events[4].Reason)
		assert.Equal(t, &transfer.GivenUpItem{Ordinal: 1, SubscriptionID: "old-1", Reason: "Withdrawn."}, events[4].GivenUp)
		assert.Equal(t, &transfer.ItemCounts{Complete: 1, Failed: 1}, events[5].LineItems)
	})
	rule(t, "R-190 the target hears of line items only how many it got", func(t *testing.T) {
		events := timeline(t, target)
		assert.Equal(t, []string{"created by target", "submitted by source", "refused by target", "given-up by operator", "failed by platform"}, happened(events))
		assert.Nil(t, events[1].LineItems)
		assert.Nil(t, events[3].GivenUp)
		assert.Empty(t, events[3].Reason)
		assert.Equal(t, &transfer.ItemCounts{Complete: 1}, events[4].LineItems)
	})
	rule(t, "R-190 of others neither the user nor the request id is told, but role and partner", func(t *testing.T) {
		for _, c := range []struct {
			viewer transfer.Viewer
			role   kernel.Role
			user   string
		}{{source, kernel.RoleSource, otherAgentID}, {target, kernel.RoleTarget, agentID}} {
			for _, e := range timeline(t, c.viewer) {
				own := e.Actor.Role == c.role
				assert.Equal(t, own, e.Actor.UserID == c.user, "%s: %+v", c.role, e)
				assert.Equal(t, own, e.Actor.UserID+e.RequestID != "", "%s: %+v", c.role, e)
			}
		}
		events := timeline(t, source)
		assert.Equal(t, transfer.TimelineActor{Role: kernel.RoleTarget, PartnerTenantID: targetID}, events[0].Actor)
		assert.Equal(t, transfer.TimelineActor{Role: kernel.RoleStranger, PartnerTenantID: strangerID}, events[2].Actor)
		assert.Equal(t, transfer.TimelineActor{Role: kernel.RoleOperator}, events[4].Actor)
		assert.Equal(t, transfer.TimelineActor{Role: kernel.RolePlatform}, events[5].Actor)
	})
	rule(t, "R-180 an operator hears everything, once", func(t *testing.T) {
		events := timeline(t, operator)
		assert.Equal(t, []string{"created by target", "refused by source", "refused by stranger", "submitted by source", "refused by target",
			"given-up by operator", "failed by platform"}, happened(events))
		assert.Equal(t, agentID, events[0].Actor.UserID)
		assert.Equal(t, operatorID, events[5].Actor.UserID)
	})
	rule(t, "R-184 of a held item the target hears when it got it after all, each party of its own subscription", func(t *testing.T) {
		whole := transfer.ResolvedItem{Ordinal: 1, SubscriptionID: "old-1", Moved: true, TargetSubscriptionID: "new-1", Reason: "Billed since May."}
		heard := func(partner string, v transfer.Viewer, said transfer.ResolvedItem) transfer.TimelineEvent {
			events, err := transfer.Timeline(opened(), []transfer.LogEntry{{PartnerTenantID: partner, Detail: transfer.AuditDetail{
				Event: transfer.EventResolved, Status: transfer.PartiallyComplete, By: kernel.RoleOperator, Resolved: &said,
			}}}, v)
			require.NoError(t, err)
			require.Len(t, events, 1)
			return events[0]
		}
		toSource, toTarget := heard(sourceID, source, whole), heard(targetID, target, whole)
		assert.Equal(t, &transfer.ResolvedItem{Ordinal: 1, SubscriptionID: "old-1", Moved: true, Reason: whole.Reason}, toSource.Resolved)
		assert.Equal(t, &transfer.ResolvedItem{Ordinal: 1, Moved: true, TargetSubscriptionID: "new-1", Reason: whole.Reason}, toTarget.Resolved)
		assert.Equal(t, []string{whole.Reason, whole.Reason}, []string{toSource.Reason, toTarget.Reason})
		whole.Moved, whole.TargetSubscriptionID = false, ""
		assert.Equal(t, &whole, heard(sourceID, source, whole).Resolved)
		toTarget = heard(targetID, target, whole)
		assert.Nil(t, toTarget.Resolved)
		assert.Empty(t, toTarget.Reason)
	})
	rule(t, "R-110 to anybody else nothing happened", func(t *testing.T) {
		for _, v := range []transfer.Viewer{{PartnerTenantID: strangerID}, {PartnerTenantID: customerID}, {}} {
			_, err := transfer.Timeline(opened(), logs(), v)
			refused(t, err, transfer.NotFound)
		}
	})
	rule(t, "R-15 the target hears why the source declined", func(t *testing.T) {
		declined := transfer.AuditDetail{Event: transfer.EventDeclined, Status: transfer.Rejected, By: kernel.RoleSource, Reason: "Not now."}
		events, err := transfer.Timeline(opened(), []transfer.LogEntry{{PartnerTenantID: upper(targetID), UserID: otherAgentID, Detail: declined.ForTarget()}}, target)
		require.NoError(t, err)
		require.Len(t, events, 1)
		assert.Equal(t, "Not now.", events[0].Reason)
		assert.Empty(t, events[0].Actor.UserID)
	})
}

func TestRulesOfTheProgress(t *testing.T) {
	tr, _ := inProgress()
	rule(t, "R-182 the source sees how all line items stand", func(t *testing.T) {
		for _, v := range []transfer.Viewer{source, operator} {
			counts, err := transfer.Progress(tr, v)
			require.NoError(t, err)
			assert.Equal(t, tr.Items, counts)
		}
	})
	rule(t, "R-183 the target sees how many are done, and of the others not even that there are any", func(t *testing.T) {
		counts, err := transfer.Progress(tr, target)
		require.NoError(t, err)
		assert.Equal(t, transfer.ItemCounts{Complete: 1}, counts)
	})
	rule(t, "R-110 nobody else sees any progress", func(t *testing.T) {
		_, err := transfer.Progress(tr, transfer.Viewer{PartnerTenantID: strangerID})
		refused(t, err, transfer.NotFound)
	})
}
