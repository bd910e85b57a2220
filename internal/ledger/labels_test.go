package ledger

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

var ours = transfer.Labels{ExternalReference: "PO-4711", Tags: []string{"emea", "größer"}}

// labels are a partner's labels as the ledger has them now.
func (f fixture) labels(id, partner string) transfer.Labels {
	f.t.Helper()
	labels, err := f.Labels(f.t.Context(), id, partner)
	require.NoError(f.t, err)
	return labels
}

// relabel changes a partner's labels without terms.
func (f fixture) relabel(id, partner string, change func(transfer.Labels) transfer.Labels) (transfer.Labels, error) {
	made, err := f.Relabel(f.t.Context(), id, partner, change, command.Terms[transferstore.Outcome]{})
	return made.Labels, err
}

// label sets a partner's labels.
func (f fixture) label(id, partner string, labels transfer.Labels) {
	f.t.Helper()
	stored, err := f.relabel(id, partner, to(labels))
	require.NoError(f.t, err)
	require.Equal(f.t, stored, f.labels(id, partner), "what is returned is what is stored")
}

// A transfer is opened with the target's labels, which the source never sees. The same id again changes nothing.
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
		_, err = f.OpenTransfer(t.Context(), r)
		refuses(t, err, kernel.RequestIDReused)
		r.RequestID, r.Tags = "r2", []string{""}
		_, err = f.OpenTransfer(t.Context(), r)
		refuses(t, err, kernel.InvalidInput)
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
func to(labels transfer.Labels) func(transfer.Labels) transfer.Labels {
	return func(transfer.Labels) transfer.Labels { return labels }
}

// A change sees the present labels and what it is asked to match sees the transfer too; its error ends the change.
func TestRelabelSeesWhatIsThere(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		r := request("r1")
		r.Labels = transfer.Labels{ExternalReference: "mine", Tags: []string{"a"}}
		opened, err := f.OpenTransfer(t.Context(), r)
		require.NoError(t, err)
		changed, err := f.relabel(opened.ID, targetID, func(labels transfer.Labels) transfer.Labels {
			labels.Tags = append(labels.Tags, "b")
			return labels
		})
		require.NoError(t, err)
		require.Equal(t, transfer.Labels{ExternalReference: "mine", Tags: []string{"a", "b"}}, changed)

		before := f.contents()
		stale := kernel.Refuse(kernel.StaleETag, "no")
		_, err = f.Relabel(t.Context(), opened.ID, targetID, to(ours), command.Terms[transferstore.Outcome]{Match: func(now transferstore.Outcome) error {
			require.Equal(t, opened.ID, now.Transfer.ID)
			require.Equal(t, transfer.Pending, now.Transfer.Status)
			require.Equal(t, changed, now.Labels)
			return stale
		}})
		require.Equal(t, error(stale), err)
		require.Equal(t, before, f.contents())
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
			cause    kernel.Cause
			transfer string
			partner  string
			labels   transfer.Labels
		}{
			{transfer.NotFound, tr.ID, strangerID, ours},
			{transfer.NotFound, tr.ID, customerID, ours},
			{transfer.NotFound, tr.ID, "", ours},
			{transfer.NotFound, nobody, targetID, ours},
			{kernel.InvalidInput, tr.ID, targetID, transfer.Labels{ExternalReference: strings.Repeat("x", 257)}},
			{kernel.InvalidInput, tr.ID, targetID, transfer.Labels{Tags: []string{"a\nb"}}},
		} {
			_, err := f.relabel(c.transfer, c.partner, to(c.labels))
			refuses(t, err, c.cause)
		}
		require.Equal(t, before, f.contents())
		strangers, err := f.Labels(t.Context(), tr.ID, strangerID)
		require.NoError(t, err)
		require.Zero(t, strangers)
	})
}

// a repeated request does not undo what was said since.
func TestRelabelUnderClaim(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		tr := f.pending("r1")
		terms := claiming[transferstore.Outcome]("k1")
		_, err := f.Relabel(t.Context(), tr.ID, targetID, to(ours), terms)
		require.NoError(t, err)
		later := transfer.Labels{ExternalReference: "PO-4712"}
		f.label(tr.ID, targetID, later)

		_, err = f.Relabel(t.Context(), tr.ID, targetID, to(ours), terms)
		repeats(t, err)
		require.Equal(t, later, f.labels(tr.ID, targetID))
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
					_, err := f.relabel(tr.ID, partner, to(transfer.Labels{
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
