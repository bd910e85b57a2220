package transfer_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/transfer"
)

// The rules of section 2.1 to 2.5: who drives a transfer, how it ends, what its timers mean.

func TestRulesOfTheProcess(t *testing.T) {
	pending := stateIn(transfer.Pending, transfer.ItemCounts{})
	rule(t, "R-1 the target asks and the source approves", func(t *testing.T) {
		asked := decide(t, stateIn(transfer.None, transfer.ItemCounts{}), transfer.Open{}, kernel.RoleTarget)
		assert.Equal(t, transfer.InProgress, decide(t, asked, transfer.Submit{Items: 1}, kernel.RoleSource).Status)
		deny(t, stateIn(transfer.None, transfer.ItemCounts{}), transfer.Open{}, kernel.RoleSource, kernel.WrongParty)
		deny(t, asked, transfer.Submit{Items: 1}, kernel.RoleTarget, kernel.WrongParty)
	})
	rule(t, "R-2 the customer starts and decides nothing", func(t *testing.T) {
		deny(t, stateIn(transfer.None, transfer.ItemCounts{}), transfer.Open{}, kernel.RoleCustomer, transfer.NotFound)
		for _, c := range []transfer.Command{transfer.Submit{Items: 1}, transfer.Cancel{}, transfer.Decline{}} {
			deny(t, pending, c, kernel.RoleCustomer, transfer.NotFound)
		}
	})
	rule(t, "R-3 a request has no line items until it is submitted", func(t *testing.T) {
		asked := decide(t, stateIn(transfer.None, transfer.ItemCounts{}), transfer.Open{}, kernel.RoleTarget)
		assert.Zero(t, asked.Items.Total())
		assert.Equal(t, transfer.ItemCounts{InProgress: 3}, decide(t, asked, transfer.Submit{Items: 3}, kernel.RoleSource).Items)
	})
	rule(t, "R-5 a transfer has one customer, one source and one target, whatever happens to it", func(t *testing.T) {
		want := [3]string{customerID, sourceID, targetID}
		for _, c := range everyCell() {
			_, after, _, _ := ask(c)
			assert.Equal(t, want, [3]string{after.CustomerTenantID, after.SourceTenantID, after.TargetTenantID})
		}
		assert.Equal(t, want, [3]string{opened().State.CustomerTenantID, opened().SourceTenantID, opened().TargetTenantID})
	})
}

func TestRulesOfTheStatuses(t *testing.T) {
	rule(t, "R-10 the wire says Pending and Complete, never Active or Completed", func(t *testing.T) {
		assert.Equal(t, []transfer.Status{"", "Pending", "InProgress", "Complete", "Expired", "Cancel", "Reject", "Failed", "PartiallyComplete"},
			transfer.Statuses())
		assert.Equal(t, []transfer.ItemStatus{"", "InProgress", "Complete", "Failed"},
			[]transfer.ItemStatus{transfer.NoItem, transfer.ItemInProgress, transfer.ItemComplete, transfer.ItemFailed})
	})
	rule(t, "R-11 the final statuses", func(t *testing.T) {
		var final []transfer.Status
		for _, s := range transfer.Statuses() {
			if s.Final() {
				final = append(final, s)
			}
		}
		assert.ElementsMatch(t, []transfer.Status{"Complete", "Expired", "Cancel", "Reject", "Failed", "PartiallyComplete"}, final)
		assert.False(t, transfer.Status("Active").Final(), "a status nobody knows")
	})
}

func TestRulesOfEndingARequest(t *testing.T) {
	pending := stateIn(transfer.Pending, transfer.ItemCounts{})
	cancelled := decide(t, pending, transfer.Cancel{}, kernel.RoleTarget)
	rule(t, "R-12 only the target cancels, and only a pending request", func(t *testing.T) {
		for _, role := range []kernel.Role{kernel.RoleSource, kernel.RolePlatform, kernel.RoleOperator} {
			deny(t, pending, transfer.Cancel{}, role, kernel.WrongParty)
		}
	})
	rule(t, "R-13 a cancelled request cannot be submitted", func(t *testing.T) {
		deny(t, cancelled, transfer.Submit{Items: 1}, kernel.RoleSource, transfer.AlreadyFinal)
	})
	rule(t, "R-14 what is in progress or complete cannot be cancelled", func(t *testing.T) {
		deny(t, running(1), transfer.Cancel{}, kernel.RoleTarget, transfer.AlreadyInProgress)
		deny(t, stateIn(transfer.Complete, transfer.ItemCounts{Complete: 1}), transfer.Cancel{}, kernel.RoleTarget, transfer.AlreadyFinal)
	})
	rule(t, "R-15 the source may decline while the request is pending, with or without a reason", func(t *testing.T) {
		assert.Equal(t, transfer.Rejected, decide(t, pending, transfer.Decline{}, kernel.RoleSource).Status)
		deny(t, running(1), transfer.Decline{}, kernel.RoleSource, transfer.AlreadyInProgress)
		deny(t, pending, transfer.Decline{}, kernel.RoleTarget, kernel.WrongParty)
	})
	rule(t, "R-15 declining can be switched off", func(t *testing.T) {
		strict := transfer.DefaultPolicy()
		strict.DeclineDisabled = true
		next, _, err := strict.Decide(pending, transfer.Decline{Reason: "no"}, actor(kernel.RoleSource), submitted)
		refused(t, err, transfer.DeclineDisabled)
		assert.Equal(t, pending, next)
		_, _, err = strict.Decide(cancelled, transfer.Decline{}, actor(kernel.RoleSource), submitted)
		refused(t, err, transfer.AlreadyFinal)
	})
}

func TestRulesOfLosing(t *testing.T) {
	pending := stateIn(transfer.Pending, transfer.ItemCounts{})
	cancelled := decide(t, pending, transfer.Cancel{}, kernel.RoleTarget)
	rule(t, "R-16 an expired request can be neither cancelled nor opened again", func(t *testing.T) {
		expired := stateIn(transfer.Expired, transfer.ItemCounts{})
		deny(t, expired, transfer.Cancel{}, kernel.RoleTarget, transfer.AlreadyFinal)
		deny(t, expired, transfer.Open{}, kernel.RoleTarget, transfer.AlreadyOpened)
	})
	rule(t, "R-17 in progress is 409 900101, final is 400 900102, unknown is 404 900100", func(t *testing.T) {
		wire := func(s transfer.State, c transfer.Command, role kernel.Role) (int, string) {
			_, _, err := policy.Decide(s, c, actor(role), submitted)
			refusal := refused(t, err, causeOf(err))
			return refusal.HTTPStatus(), refusal.Code
		}
		for _, c := range []struct {
			state  transfer.State
			status int
			code   string
		}{{running(1), 409, "900101"}, {cancelled, 400, "900102"}, {stateIn(transfer.None, transfer.ItemCounts{}), 404, "900100"}} {
			for command, role := range map[transfer.Command]kernel.Role{transfer.Submit{Items: 1}: kernel.RoleSource, transfer.Cancel{}: kernel.RoleTarget} {
				status, code := wire(c.state, command, role)
				assert.Equal(t, c.status, status)
				assert.Equal(t, c.code, code)
			}
		}
	})
	rule(t, "R-18 of cancel and submit the first decides and the loser hears why", func(t *testing.T) {
		deny(t, cancelled, transfer.Submit{Items: 1}, kernel.RoleSource, transfer.AlreadyFinal)
		deny(t, decide(t, pending, transfer.Submit{Items: 1}, kernel.RoleSource), transfer.Cancel{}, kernel.RoleTarget, transfer.AlreadyInProgress)
	})
}

func TestRulesOfExpiration(t *testing.T) {
	rule(t, "R-20 a request stands 30 full days", func(t *testing.T) {
		for hours := 0; hours < 24*800; hours += 7 {
			made := at("2023-12-31T00:00:00Z").Add(time.Duration(hours) * time.Hour)
			stands := transfer.ExpirationTime(made).Sub(made)
			require.Greater(t, stands, 30*24*time.Hour, made)
			require.LessOrEqual(t, stands, 31*24*time.Hour, made)
		}
	})
	for name, c := range map[string]struct{ created, expires string }{
		"the sample of the documentation":        {"2024-04-30T18:31:41Z", "2024-05-31T00:00:00Z"},
		"the first instant of a day":             {"2024-04-30T00:00:00Z", "2024-05-31T00:00:00Z"},
		"the last instant of a day":              {"2024-04-30T23:59:59.999999999Z", "2024-05-31T00:00:00Z"},
		"already tomorrow in UTC":                {"2024-04-30T20:30:00-05:00", "2024-06-01T00:00:00Z"},
		"still yesterday in UTC":                 {"2024-05-01T01:30:00+09:00", "2024-05-31T00:00:00Z"},
		"over the leap day":                      {"2024-02-15T12:00:00Z", "2024-03-17T00:00:00Z"},
		"over the end of February without one":   {"2023-02-15T12:00:00Z", "2023-03-18T00:00:00Z"},
		"on the leap day":                        {"2024-02-29T12:00:00Z", "2024-03-31T00:00:00Z"},
		"over the end of a century without one":  {"2100-02-28T12:00:00Z", "2100-03-31T00:00:00Z"},
		"over the end of the year":               {"2024-12-15T12:00:00Z", "2025-01-15T00:00:00Z"},
		"over a change to summer time elsewhere": {"2024-03-30T23:30:00+01:00", "2024-04-30T00:00:00Z"},
	} {
		rule(t, "R-21 expirationTime is a midnight UTC: "+name, func(t *testing.T) {
			s, _, err := policy.Decide(stateIn(transfer.None, transfer.ItemCounts{}), transfer.Open{}, actor(kernel.RoleTarget), at(c.created))
			require.NoError(t, err)
			assert.Equal(t, at(c.expires), s.ExpirationTime)
			assert.Equal(t, time.UTC, s.ExpirationTime.Location())
		})
	}
	for name, c := range map[string]struct {
		now  time.Time
		late bool
	}{
		"a nanosecond before":      {expiration.Add(-1), false},
		"at the very instant":      {expiration, true},
		"later":                    {expiration.Add(time.Hour), true},
		"at it, in another zone":   {expiration.In(time.FixedZone("UTC+9", 9*3600)), true},
		"before, in a later zone":  {expiration.Add(-1).In(time.FixedZone("UTC+9", 9*3600)), false},
		"before, in an early zone": {expiration.Add(-1).In(time.FixedZone("UTC-8", -8*3600)), false},
	} {
		rule(t, "R-22 expirationTime is inclusive: "+name, func(t *testing.T) { answersInTime(t, c.now, c.late) })
	}
}

func TestTheSourceIsRemindedAWeekAndADayBeforeTheEnd(t *testing.T) {
	assert.Equal(t, []time.Time{at("2024-05-24T00:00:00Z"), at("2024-05-30T00:00:00Z")}, transfer.Reminders(expiration))
}

// answersInTime expects that a pending request can only be answered in time and only expire when it is late.
func answersInTime(t *testing.T, now time.Time, late bool) {
	pending := stateIn(transfer.Pending, transfer.ItemCounts{})
	for _, c := range []struct {
		role    kernel.Role
		command transfer.Command
	}{{kernel.RoleSource, transfer.Submit{Items: 1}}, {kernel.RoleSource, transfer.Decline{}}, {kernel.RoleTarget, transfer.Cancel{}}} {
		_, _, err := policy.Decide(pending, c.command, actor(c.role), now)
		if late {
			refused(t, err, transfer.RequestExpired)
		} else {
			require.NoError(t, err)
		}
	}
	_, _, err := policy.Decide(pending, transfer.Expire{}, actor(kernel.RolePlatform), now)
	if late {
		require.NoError(t, err)
	} else {
		refused(t, err, transfer.NotYetExpired)
	}
}
