package activitylog_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/activitylog"
	"handover/internal/kernel"
)

// what partners can still read of is not forgotten for its age.
func TestForgettingOf(t *testing.T) {
	t.Parallel()
	now := time.Date(2031, 6, 1, 0, 0, 0, 0, time.UTC)
	const day = 24 * time.Hour
	of, err := activitylog.ForgettingOf("c", 0, now)
	require.NoError(t, err)
	assert.Equal(t, kernel.Forgetting{CustomerTenantID: "c"}, of)
	of, err = activitylog.ForgettingOf("", 90*day, now)
	require.NoError(t, err)
	assert.Equal(t, kernel.Forgetting{Before: now.Add(-90 * day)}, of)
	for _, c := range []struct {
		customer string
		age      time.Duration
	}{{"", 0}, {"c", 100 * day}, {"", 90*day - 1}, {"", -100 * day}} {
		_, err := activitylog.ForgettingOf(c.customer, c.age, now)
		require.ErrorIs(t, err, kernel.InvalidInput, c)
	}
}

// Of a record what is personal is forgotten, and of customers their names.
func TestForgottenRecord(t *testing.T) {
	t.Parallel()
	at := time.Date(2031, 3, 3, 11, 2, 3, 0, time.UTC)
	stone := kernel.Tombstone(at)
	record := activitylog.Forgotten{UserID: "zoe", UserPrincipalName: "zoe@contoso.example", NewValue: `{"name":"Contoso","email":"it@contoso.example"}`}
	left := record.Forget(activitylog.CustomerResource, at)
	assert.Equal(t, activitylog.Forgotten{UserID: stone, UserPrincipalName: stone, NewValue: `{"email":"` + stone + `","name":"` + stone + `"}`}, left)
	left = record.Forget(activitylog.PartnerResource, at)
	assert.Equal(t, `{"email":"`+stone+`","name":"Contoso"}`, left.NewValue)
	hooked := activitylog.Forgotten{NewValue: `{"webhookUrl":"https://zoe.example/secret"}`}
	assert.Equal(t, `{"webhookUrl":"`+stone+`"}`, hooked.Forget(activitylog.WebhookResource, at).NewValue)
}
