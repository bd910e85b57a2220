package transfer_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/activitylog"
	"handover/internal/kernel"
	"handover/internal/transfer"
	"handover/internal/webhook"
)

// The matrix asks every question that can be asked of the state machine: every situation a transfer can stand in, every
// command, every role. What must be answered is written down here by hand, from section 2.4 of the domain reference: the
// few allowed cells one by one, and for all the others the first rule that forbids them.

// situation is a state, at a moment and with line items that make a difference to what may happen next.
type situation struct {
	name   string
	status transfer.Status
	now    time.Time
	items  transfer.ItemCounts
	item   transfer.ItemStatus // of the line item that an item command names
	final  bool
}

var situations = []situation{
	{name: "no transfer", status: transfer.None, now: created},
	{name: "Pending", status: transfer.Pending, now: expiration.Add(-time.Nanosecond)},
	{name: "Pending, expiration time come", status: transfer.Pending, now: expiration},
	{name: "InProgress, items running", status: transfer.InProgress, now: submitted, item: transfer.ItemInProgress,
		items: transfer.ItemCounts{InProgress: 1, Complete: 1, Failed: 1}},
	{name: "InProgress, all items done", status: transfer.InProgress, now: submitted, item: transfer.ItemComplete,
		items: transfer.ItemCounts{Complete: 3}},
	{name: "InProgress, all items failed", status: transfer.InProgress, now: submitted, item: transfer.ItemFailed,
		items: transfer.ItemCounts{Failed: 3}},
	{name: "InProgress, some items failed", status: transfer.InProgress, now: submitted, item: transfer.ItemFailed,
		items: transfer.ItemCounts{Complete: 1, Failed: 2}},
	{name: "Complete", status: transfer.Complete, now: submitted, item: transfer.ItemComplete, items: transfer.ItemCounts{Complete: 3}, final: true},
	{name: "Expired", status: transfer.Expired, now: expiration, final: true},
	{name: "Cancel", status: transfer.Cancelled, now: submitted, final: true},
	{name: "Reject", status: transfer.Rejected, now: submitted, final: true},
	{name: "Failed", status: transfer.Failed, now: submitted, item: transfer.ItemFailed, items: transfer.ItemCounts{Failed: 3}, final: true},
	{name: "PartiallyComplete", status: transfer.PartiallyComplete, now: submitted, item: transfer.ItemInProgress,
		items: transfer.ItemCounts{Complete: 1, Failed: 2}, final: true},
}

// order is a command by name; an item command names a line item of that status.
type order struct {
	name string
	give func(item transfer.ItemStatus) transfer.Command
}

var orders = []order{
	{"Open", func(transfer.ItemStatus) transfer.Command { return transfer.Open{} }},
	{"Submit", func(transfer.ItemStatus) transfer.Command { return transfer.Submit{Items: 3} }},
	{"Cancel", func(transfer.ItemStatus) transfer.Command { return transfer.Cancel{} }},
	{"Decline", func(transfer.ItemStatus) transfer.Command { return transfer.Decline{Reason: "not ours"} }},
	{"Expire", func(transfer.ItemStatus) transfer.Command { return transfer.Expire{} }},
	{"ItemDone", func(i transfer.ItemStatus) transfer.Command { return transfer.ItemDone{Item: i} }},
	{"ItemRefused", func(i transfer.ItemStatus) transfer.Command { return transfer.ItemRefused{Item: i} }},
	{"GiveUp", func(i transfer.ItemStatus) transfer.Command { return transfer.GiveUp{Item: i, Reason: "gone for good"} }},
	{"Close", func(transfer.ItemStatus) transfer.Command { return transfer.Close{} }},
}

var roles = []kernel.Role{
	kernel.RoleSource, kernel.RoleTarget, kernel.RoleStranger, kernel.RoleCustomer, kernel.RolePlatform, kernel.RoleOperator,
}

// cell is one question of the matrix.
type cell struct {
	in      situation
	command string
	role    kernel.Role
}

// allowed are all the cells that change something (section 2.4, T1 to T7, and the line items of ).
var allowed = []struct {
	rule, in, command string
	role              kernel.Role
	to                transfer.Status
}{
	{"T1", "no transfer", "Open", kernel.RoleTarget, transfer.Pending},
	{"T2", "Pending", "Submit", kernel.RoleSource, transfer.InProgress},
	{"T3", "Pending", "Cancel", kernel.RoleTarget, transfer.Cancelled},
	{"T7", "Pending", "Decline", kernel.RoleSource, transfer.Rejected},
	{"T4", "Pending, expiration time come", "Expire", kernel.RolePlatform, transfer.Expired},
	{"R-25", "InProgress, items running", "ItemDone", kernel.RolePlatform, transfer.InProgress},
	{"R-29", "InProgress, items running", "ItemRefused", kernel.RolePlatform, transfer.InProgress},
	{"R-26", "InProgress, items running", "GiveUp", kernel.RoleOperator, transfer.InProgress},
	{"T5", "InProgress, all items done", "Close", kernel.RolePlatform, transfer.Complete},
	{"T6", "InProgress, all items failed", "Close", kernel.RolePlatform, transfer.Failed},
	{"T6", "InProgress, some items failed", "Close", kernel.RolePlatform, transfer.PartiallyComplete},
}

// forbidden says why every other cell is refused. The first line that fits counts.
var forbidden = []struct {
	rule  string
	fits  func(cell) bool
	cause kernel.Cause
}{
	{"R-110", func(c cell) bool { return c.role == kernel.RoleStranger || c.role == kernel.RoleCustomer }, transfer.NotFound},
	{"R-12", func(c cell) bool { return c.role != giverOf(c.command) }, kernel.WrongParty},
	{"T1", func(c cell) bool { return c.command == "Open" }, transfer.AlreadyOpened},
	{"R-17", func(c cell) bool { return c.in.status == transfer.None }, transfer.NotFound},
	{"R-17", func(c cell) bool { return c.in.final }, transfer.AlreadyFinal},
	{"R-17", func(c cell) bool { return c.in.status == transfer.InProgress && answersRequest(c.command) }, transfer.AlreadyInProgress},
	{"T5", func(c cell) bool { return c.in.status == transfer.InProgress && c.command == "Close" }, transfer.ItemsRunning},
	{"I-2", func(c cell) bool { return c.in.status == transfer.InProgress }, transfer.ItemEnded},
	{"R-3", func(c cell) bool { return !answersRequest(c.command) }, transfer.NotSubmitted},
	{"R-22", func(c cell) bool { return c.command == "Expire" }, transfer.NotYetExpired},
	{"R-22", func(c cell) bool { return c.in.now.Equal(expiration) }, transfer.RequestExpired},
}

func giverOf(command string) kernel.Role {
	for _, a := range allowed {
		if a.command == command {
			return a.role
		}
	}
	return ""
}

func answersRequest(command string) bool {
	return slices.Contains([]string{"Submit", "Cancel", "Decline", "Expire"}, command)
}

// ask puts the cell's question to the state machine.
func ask(c cell) (before, after transfer.State, told transfer.Effects, err error) {
	before = stateIn(c.in.status, c.in.items)
	for _, o := range orders {
		if o.name == c.command {
			after, told, err = policy.Decide(before, o.give(c.in.item), actor(c.role), c.in.now)
		}
	}
	return before, after, told, err
}

func everyCell() []cell {
	var all []cell
	for _, in := range situations {
		for _, o := range orders {
			for _, role := range roles {
				all = append(all, cell{in, o.name, role})
			}
		}
	}
	return all
}

func TestMatrix(t *testing.T) {
	changed := 0
	for _, c := range everyCell() {
		t.Run(c.in.name+"/"+c.command+"/"+string(c.role), func(t *testing.T) {
			for _, a := range allowed {
				if a.in == c.in.name && a.command == c.command && a.role == c.role {
					changed++
					mustChange(t, c, a.to)
					return
				}
			}
			mustRefuse(t, c)
		})
	}
	require.Len(t, allowed, changed, "every allowed cell was asked for, once")
}

func mustChange(t *testing.T, c cell, to transfer.Status) {
	t.Helper()
	_, after, _, err := ask(c)
	require.NoError(t, err)
	assert.Equal(t, to, after.Status)
}

func mustRefuse(t *testing.T, c cell) {
	t.Helper()
	before, after, told, err := ask(c)
	for _, f := range forbidden {
		if f.fits(c) {
			require.ErrorIs(t, err, f.cause, "by %s", f.rule)
			assert.Equal(t, before, after, "a refusal changes nothing")
			assert.Empty(t, told, "a refusal has no effects")
			return
		}
	}
	t.Fatalf("no rule forbids this, and it is not allowed")
}

func TestMatrixLeavesOutNoStatus(t *testing.T) {
	var seen []transfer.Status
	for _, in := range situations {
		seen = append(seen, in.status)
		assert.Equal(t, in.final, in.status.Final(), "R-11 final states: %s", in.name)
	}
	assert.Subset(t, seen, transfer.Statuses())
}

// Section 6.1: what each change writes and tells.
func TestEffectsOfEveryChange(t *testing.T) {
	everybody := []transfer.Audience{transfer.ToSource, transfer.ToTarget, transfer.ToCustomer}
	want := map[string]transfer.Effects{
		"Open":                    {Event: transfer.EventCreated, Operation: activitylog.AuditCreate, Mail: []transfer.Audience{transfer.ToSource, transfer.ToCustomer}, Webhook: webhook.CreateTransfer},
		"Submit":                  {Event: transfer.EventSubmitted, Operation: activitylog.AuditUpdate, Webhook: webhook.UpdateTransfer},
		"Cancel":                  {Event: transfer.EventCancelled, Operation: activitylog.AuditUpdate, Webhook: webhook.UpdateTransfer},
		"Decline":                 {Event: transfer.EventDeclined, Operation: activitylog.AuditUpdate, Mail: []transfer.Audience{transfer.ToTarget}, Webhook: webhook.UpdateTransfer},
		"Expire":                  {Event: transfer.EventExpired, Operation: activitylog.AuditUpdate, Webhook: webhook.UpdateTransfer},
		"ItemDone":                {},
		"ItemRefused":             {},
		"GiveUp":                  {Event: transfer.EventGivenUp, Operation: activitylog.AuditUpdate},
		"Close/Complete":          {Event: transfer.EventCompleted, Operation: activitylog.AuditComplete, Mail: everybody, Webhook: webhook.CompleteTransfer},
		"Close/Failed":            {Event: transfer.EventFailed, Operation: activitylog.AuditFail, Webhook: webhook.FailTransfer},
		"Close/PartiallyComplete": {Event: transfer.EventFailed, Operation: activitylog.AuditFail, Mail: everybody, MailEvent: transfer.EventCompleted, Webhook: webhook.FailTransfer},
	}
	for _, c := range everyCell() {
		_, after, told, err := ask(c)
		if err != nil {
			continue
		}
		name := c.command
		if name == "Close" {
			name += "/" + string(after.Status)
		}
		require.Contains(t, want, name)
		assert.Equal(t, want[name], told, name)
		delete(want, name)
	}
	assert.Empty(t, want, "changes that never happened")
}
