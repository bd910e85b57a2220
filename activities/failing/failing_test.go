package failing_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"handover/activities/failing"
	"handover/internal/kernel"
	"handover/internal/transfer"
)

// a refusal is final and expected; what time cures is repeated.
func TestRefusalIsNotRetried(t *testing.T) {
	err := failing.Classified(fmt.Errorf("deciding: %w", kernel.Refuse(transfer.AlreadyFinal, "Over.")))
	var app *temporal.ApplicationError
	require.ErrorAs(t, err, &app)
	require.True(t, app.NonRetryable())
	require.Equal(t, string(transfer.AlreadyFinal), app.Type())
	require.Equal(t, temporal.ApplicationErrorCategoryBenign, app.Category())
}

func TestOtherErrorsAreRetriedAsTheyAre(t *testing.T) {
	errDown := errors.New("the database is down")
	require.Same(t, errDown, failing.Classified(errDown))
	require.NoError(t, failing.Classified(nil))
}

// RefusalOf finds a refusal however far it travelled: not at all, as an error of Temporal's, and through a history.
func TestRefusalOf(t *testing.T) {
	refusal := kernel.Refuse(transfer.NotActive, "Suspended.").About("id-1")
	converter := temporal.GetDefaultFailureConverter()
	for name, err := range map[string]error{
		"itself":    refusal,
		"wrapped":   fmt.Errorf("select: %w", refusal),
		"sent":      failing.RefusalError(refusal),
		"travelled": converter.FailureToError(converter.ErrorToFailure(failing.RefusalError(refusal))),
	} {
		got, ok := failing.RefusalOf(err)
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
		_, ok := failing.RefusalOf(err)
		require.False(t, ok, name)
	}
}
