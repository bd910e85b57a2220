package ledger

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"handover/internal/transfer"
)

var ours = transfer.Labels{ExternalReference: "PO-4711", Tags: []string{"emea", "größer"}}

// labels are a partner's labels as the ledger has them now.
func (f fixture) labels(id, partner string) transfer.Labels {
	f.t.Helper()
	labels, err := f.Labels(f.t.Context(), id, partner)
	require.NoError(f.t, err)
	return labels
}

// label sets a partner's labels.
func (f fixture) label(id, partner string, labels transfer.Labels) {
	f.t.Helper()
	stored, err := f.Relabel(f.t.Context(), Claim{}, id, partner, to(labels))
	require.NoError(f.t, err)
	require.Equal(f.t, stored, f.labels(id, partner), "what is returned is what is stored")
}

// A transfer is opened with the target's labels, which the source never sees. The same create again changes nothing; one
// with other labels is another request.
func TestOpenWithLabels(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		r := request("r1")
		r.Labels = transfer.Labels{ExternalReference: " PO-4711 ", Tags: []string{"größer", "emea", "größer"}}
		opened, err := f.OpenTransfer(t.Context(), r)
		require.NoError(t, err)
		require.Equal(t, ours, f.labels(strings.ToUpper(opened.ID), strings.ToUpper(targetID)))
		require.Zero(t, f.labels(opened.ID, sourceID))
		require.Equal(t, opened, f.stored(opened.ID), "what is returned is what is stored")
		require.Zero(t, opened.Labels)

		f.label(opened.ID, targetID, transfer.Labels{Tags: []string{"later"}})
		before := f.contents()
		again, err := f.OpenTransfer(t.Context(), r)
		require.NoError(t, err)
		require.Equal(t, opened, again)
		r.Tags = nil
		_, err = f.OpenTransfer(t.Context(), r)
		refuses(t, err, transfer.RequestIDReused)
		r.RequestID, r.Tags = "r2", []string{""}
		_, err = f.OpenTransfer(t.Context(), r)
		refuses(t, err, transfer.InvalidInput)
		require.Equal(t, before, f.contents())
	})
}

// Labels that are not there cost nothing.
func TestOpenWithoutLabels(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		statements := func(r transfer.Request) int64 {
			before := f.Statements()
			_, err := f.OpenTransfer(t.Context(), r)
			require.NoError(t, err)
			return f.Statements() - before
		}
		referred, labelled := request("r2"), request("r3")
		referred.ExternalReference, labelled.Labels = "PO", ours
		plain := statements(request("r1"))
		require.Equal(t, plain+1, statements(referred))
		require.Equal(t, plain+2, statements(labelled))
		require.Len(t, f.rows("SELECT * FROM transfer_labels"), 2)
	})
}

// A crash while a transfer is opened leaves no labels behind.
func TestOpenWithLabelsIsAllOrNothing(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		r := request("r1")
		r.Labels = ours
		before := f.contents()
		restore := f.refuseInserts("transfer_tags")
		_, err := f.OpenTransfer(t.Context(), r)
		require.ErrorContains(t, err, "refused by the test")
		require.Equal(t, before, f.contents())
		restore()
		opened, err := f.OpenTransfer(t.Context(), r)
		require.NoError(t, err)
		require.Equal(t, ours, f.labels(opened.ID, targetID))
	})
}

// to is the change that replaces whatever there is.
func to(labels transfer.Labels) func(transfer.Transfer, transfer.Labels) (transfer.Labels, error) {
	return func(transfer.Transfer, transfer.Labels) (transfer.Labels, error) { return labels, nil }
}

// A change sees the transfer and what is there, and may refuse; then nothing changes.
func TestRelabelSeesWhatIsThere(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		r := request("r1")
		r.Labels = transfer.Labels{ExternalReference: "mine", Tags: []string{"a"}}
		opened, err := f.OpenTransfer(t.Context(), r)
		require.NoError(t, err)
		changed, err := f.Relabel(t.Context(), Claim{}, opened.ID, targetID, func(now transfer.Transfer, labels transfer.Labels) (transfer.Labels, error) {
			require.Equal(t, opened.ID, now.ID)
			require.Equal(t, transfer.Pending, now.Status)
			labels.Tags = append(labels.Tags, "b")
			return labels, nil
		})
		require.NoError(t, err)
		require.Equal(t, transfer.Labels{ExternalReference: "mine", Tags: []string{"a", "b"}}, changed)
		_, err = f.Relabel(t.Context(), Claim{}, opened.ID, targetID, func(transfer.Transfer, transfer.Labels) (transfer.Labels, error) {
			return transfer.Labels{}, transfer.Refuse(transfer.InvalidInput, "no")
		})
		require.ErrorIs(t, err, transfer.InvalidInput)
		kept, err := f.Labels(t.Context(), opened.ID, targetID)
		require.NoError(t, err)
		require.Equal(t, changed, kept)
	})
}

// Each party replaces its own labels in any state, final ones included; the transfer itself stays as it is.
func TestRelabel(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		for _, tr := range []transfer.Transfer{f.pending("r1"), f.closed(f.moving("r2"), moved(0))} {
			f.label(tr.ID, sourceID, transfer.Labels{ExternalReference: "theirs", Tags: []string{"gone"}})
			f.label(strings.ToUpper(tr.ID), strings.ToUpper(targetID), ours)
			require.Equal(t, transfer.Labels{ExternalReference: "theirs", Tags: []string{"gone"}}, f.labels(tr.ID, sourceID))
			require.Equal(t, ours, f.labels(tr.ID, targetID))
			require.Equal(t, tr, f.stored(tr.ID))

			f.label(tr.ID, targetID, transfer.Labels{Tags: []string{"new", "emea"}})
			f.label(tr.ID, sourceID, transfer.Labels{})
			require.Equal(t, transfer.Labels{Tags: []string{"emea", "new"}}, f.labels(tr.ID, targetID))
			require.Zero(t, f.labels(tr.ID, sourceID))
			require.Equal(t, []string{targetID + "|emea", targetID + "|new"},
				f.rows("SELECT partner_tenant_id, tag FROM transfer_tags WHERE transfer_id = '"+tr.ID+"'"))
		}
		f.holds()
	})
}

func TestRelabelIsRefused(t *testing.T) {
	const nobody = "b0000000-0000-4000-8000-000000000009"
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		tr := f.pending("r1")
		before := f.contents()
		for _, c := range []struct {
			cause    transfer.Cause
			transfer string
			partner  string
			labels   transfer.Labels
		}{
			{transfer.NotFound, tr.ID, strangerID, ours},
			{transfer.NotFound, tr.ID, customerID, ours},
			{transfer.NotFound, tr.ID, "", ours},
			{transfer.NotFound, nobody, targetID, ours},
			{transfer.InvalidInput, tr.ID, targetID, transfer.Labels{ExternalReference: strings.Repeat("x", 257)}},
			{transfer.InvalidInput, tr.ID, targetID, transfer.Labels{Tags: []string{"a\nb"}}},
		} {
			_, err := f.Relabel(t.Context(), Claim{}, c.transfer, c.partner, to(c.labels))
			refuses(t, err, c.cause)
		}
		require.Equal(t, before, f.contents())
		strangers, err := f.Labels(t.Context(), tr.ID, strangerID)
		require.NoError(t, err)
		require.Zero(t, strangers)
	})
}

// A repeated request whose first owner died does not undo what was said since.
func TestRelabelUnderClaim(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		tr := f.pending("r1")
		f.claimed(claimOf("first"))
		first, err := f.Relabel(t.Context(), claimOf("first"), tr.ID, targetID, to(ours))
		require.NoError(t, err)
		later := transfer.Labels{ExternalReference: "PO-4712"}
		f.label(tr.ID, targetID, later)

		f.clock.advance(lease)
		f.claimed(claimOf("second"))
		again, err := f.Relabel(t.Context(), claimOf("second"), tr.ID, targetID, to(ours))
		require.NoError(t, err)
		require.Equal(t, first, again)
		require.Equal(t, later, f.labels(tr.ID, targetID))
		_, err = f.Relabel(t.Context(), claimOf("first"), tr.ID, targetID, to(ours))
		require.ErrorIs(t, err, ErrClaimLost)
	})
}

// Of labels that are set at once, one set stays as a whole.
func TestRelabelAtOnce(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		tr := f.pending("r1")
		const writers = 8
		failed := make(chan error, 2*writers)
		for n := range writers {
			for _, partner := range []string{sourceID, targetID} {
				go func() {
					_, err := f.Relabel(t.Context(), Claim{}, tr.ID, partner, to(transfer.Labels{
						ExternalReference: fmt.Sprint(n), Tags: []string{"all", fmt.Sprint(n), fmt.Sprint(n, " ", partner)},
					}))
					failed <- err
				}()
			}
		}
		for range 2 * writers {
			require.NoError(t, <-failed)
		}
		for _, partner := range []string{sourceID, targetID} {
			labels := f.labels(tr.ID, partner)
			require.ElementsMatch(t, []string{"all", labels.ExternalReference, labels.ExternalReference + " " + partner}, labels.Tags)
			require.ElementsMatch(t, labels.Tags,
				f.rows("SELECT tag FROM transfer_tags WHERE partner_tenant_id = '"+partner+"'"))
		}
	})
}
