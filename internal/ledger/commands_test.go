package ledger

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/runs"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// raised are the runs with what was wanted of them, how much of it they know, why, and in the course of what.
func (f fixture) raised() []string {
	f.t.Helper()
	return f.rows("SELECT subject_id, wanted, told, cause, correlation_id FROM runs")
}

// Each command of a party makes the transfer's run look, once; what the run itself does, and what is refused, does not.
func TestCommandsMakeTheRunLook(t *testing.T) {
	onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
		through := func(correlation string, byRun bool) command.Terms[transferstore.Outcome] {
			return command.Terms[transferstore.Outcome]{Origin: kernel.Origin{Correlation: correlation}, ByRun: byRun}
		}
		made, err := f.Ledger.OpenTransfer(t.Context(), request("r1"), through("c1", false))
		require.NoError(t, err)
		id := made.Transfer.ID
		require.Equal(t, []string{id + "|1|0|opened|c1"}, f.raised())
		_, err = f.Ledger.Cancel(t.Context(), id, transfer.Decision{Actor: asSource}, through("refused", false))
		refuses(t, err, kernel.WrongParty)
		_, err = f.Remind(t.Context(), id, 1)
		require.NoError(t, err)
		f.label(id, targetID, ours)
		require.Equal(t, []string{id + "|1|0|opened|c1"}, f.raised())

		_, err = f.Ledger.Submit(t.Context(), id, everything(""), through("c2", true))
		require.NoError(t, err)
		require.Equal(t, []string{id + "|2|2|submitted|c2"}, f.raised(), "the run that brings it knows it, and all before")
		_, err = f.giveUp(id, "enough", 1)
		require.NoError(t, err)
		require.Equal(t, []string{id + "|3|2|given-up|"}, f.raised())
		f.closed(f.stored(id), moved(0))
		require.Equal(t, []string{id + "|3|2|given-up|"}, f.raised())

		f.behind("DELETE FROM runs")
		for cause, end := range map[runs.Cause]func(string) error{
			transferstore.CauseCancelled: func(id string) error {
				_, err := f.Ledger.Cancel(t.Context(), id, transfer.Decision{Actor: asTarget}, through("c3", false))
				return err
			},
			transferstore.CauseDeclined: func(id string) error {
				_, err := f.Ledger.Decline(t.Context(), id, transfer.Decision{Actor: asSource}, through("c3", false))
				return err
			},
		} {
			id := f.pending(string(cause)).ID
			require.NoError(t, end(id))
			require.Equal(t, []string{fmt.Sprintf("%s|2|0|%s|c3", id, cause)}, f.raised())
			f.behind("DELETE FROM runs")
		}
	})
}

// What a command's caller is told is what is stored, with the caller's own labels.
func TestOutcomes(t *testing.T) {
	onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
		r := request("r1")
		r.Labels = ours
		opened, err := f.Ledger.OpenTransfer(t.Context(), r, command.Terms[transferstore.Outcome]{})
		require.NoError(t, err)
		require.Equal(t, transferstore.Outcome{Transfer: f.stored(idOf("r1")), Labels: ours}, opened)

		theirs := transfer.Labels{ExternalReference: "theirs"}
		f.label(opened.Transfer.ID, sourceID, theirs)
		submitted, err := f.Ledger.Submit(t.Context(), opened.Transfer.ID, everything(""), command.Terms[transferstore.Outcome]{})
		require.NoError(t, err)
		items, err := f.Items(t.Context(), opened.Transfer.ID, 0, -1)
		require.NoError(t, err)
		require.Equal(t, transferstore.Outcome{Transfer: f.stored(idOf("r1")), Labels: theirs, Items: items}, submitted)
	})
}

// through which door a command came stands in the log, the application only in the log of who used it.
func TestOriginIsLogged(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		origin := kernel.Origin{Via: kernel.ByAPI, Application: "app", Correlation: "corr"}
		made, err := f.Ledger.OpenTransfer(t.Context(), request("r1"), command.Terms[transferstore.Outcome]{Origin: origin})
		require.NoError(t, err)
		for partner, want := range map[string]kernel.Origin{targetID: origin, sourceID: origin.ForOther()} {
			log, err := f.LogOf(t.Context(), made.Transfer.ID, partner)
			require.NoError(t, err)
			var said transfer.AuditDetail
			require.NoError(t, json.Unmarshal([]byte(log[0].NewValue), &said))
			require.Equal(t, &want, said.Origin)
		}
	})
}

// a request that is not well-formed is answered once too.
func TestMalformedCreateIsKept(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		r := request("r1")
		r.CustomerEmail = ""
		_, err := f.Ledger.OpenTransfer(t.Context(), r, saying("k1"))
		said := refuses(t, err, kernel.InvalidInput)
		_, err = f.Ledger.OpenTransfer(t.Context(), r, saying("k1"))
		require.Equal(t, said.Error(), string(repeats(t, err).Body))
	})
}
