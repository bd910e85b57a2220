package activities_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"handover/activities"
	"handover/internal/transfer"
)

// closing is a ledger that answers a step with an error.
type closing struct {
	activities.Ledger
	err error
}

func (c closing) Expire(context.Context, string) (transfer.Transfer, error) {
	return transfer.Transfer{State: transfer.State{Status: transfer.Expired}}, c.err
}

func expire(err error) (transfer.State, error) {
	return (&activities.Activities{Ledger: closing{err: err}}).ExpireTransfer(context.Background(), "t")
}

// a refusal is final and expected; what time cures is repeated.
func TestRefusalIsNotRetried(t *testing.T) {
	_, err := expire(fmt.Errorf("deciding: %w", transfer.Refuse(transfer.AlreadyFinal, "Over.")))
	var app *temporal.ApplicationError
	require.ErrorAs(t, err, &app)
	require.True(t, app.NonRetryable())
	require.Equal(t, string(transfer.AlreadyFinal), app.Type())
	require.Equal(t, temporal.ApplicationErrorCategoryBenign, app.Category())
}

// too early to expire is a matter of clocks, so it is repeated in a second.
func TestNotYetExpiredIsRetried(t *testing.T) {
	_, err := expire(transfer.Refuse(transfer.NotYetExpired, "Not yet."))
	var app *temporal.ApplicationError
	require.ErrorAs(t, err, &app)
	require.False(t, app.NonRetryable())
	require.Equal(t, time.Second, app.NextRetryDelay())
	_, refused := activities.RefusalOf(err)
	require.False(t, refused)
}

func TestOtherErrorsAreRetriedAsTheyAre(t *testing.T) {
	_, err := expire(errDown)
	require.Same(t, errDown, err)
	state, err := expire(nil)
	require.NoError(t, err)
	require.Equal(t, transfer.Expired, state.Status)
}

// RefusalOf finds a refusal however far it travelled: not at all, as an error of Temporal's, and through a history.
func TestRefusalOf(t *testing.T) {
	refusal := transfer.Refuse(transfer.NotActive, "Suspended.").About("id-1")
	converter := temporal.GetDefaultFailureConverter()
	for name, err := range map[string]error{
		"itself":    refusal,
		"wrapped":   fmt.Errorf("select: %w", refusal),
		"sent":      activities.RefusalError(refusal),
		"travelled": converter.FailureToError(converter.ErrorToFailure(activities.RefusalError(refusal))),
	} {
		got, ok := activities.RefusalOf(err)
		require.True(t, ok, name)
		require.Equal(t, refusal, got, name)
	}
	for name, err := range map[string]error{
		"nothing":       nil,
		"another error": errors.New("no"),
		"no details":    temporal.NewApplicationError("no", string(transfer.NotActive)),
		"other details": converter.FailureToError(converter.ErrorToFailure(temporal.NewApplicationError("no", "Other", "text"))),
		"other type":    converter.FailureToError(converter.ErrorToFailure(temporal.NewApplicationError("no", "Other", *refusal))),
	} {
		_, ok := activities.RefusalOf(err)
		require.False(t, ok, name)
	}
}
