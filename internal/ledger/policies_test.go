package ledger

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/command"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// rangeSize is how many line items one run moves of the transfers that tests open.
var rangeSize = transfer.DefaultPolicy().ForRuns().RangeSize

// strict are rules that allow less than those that tests go by otherwise.
func strict() transfer.Policy {
	p := transfer.DefaultPolicy()
	p.DeclineDisabled, p.MaxListedItems, p.ItemDeadline = true, 1, 24*time.Hour
	return p
}

// Race row 28: a deployment's new rules are for new transfers; those that were opened before keep theirs, whichever program
// decides.
func TestRulesStayWithTheirTransfer(t *testing.T) {
	onBoth(t, worldOf(6), func(t *testing.T, f fixture) {
		later := f.another(Options{Policy: strict()})
		open := func(l *Ledger, name string) string {
			t.Helper()
			made, err := l.OpenTransfer(t.Context(), request(name), command.Terms[transferstore.Outcome]{})
			require.NoError(t, err)
			return made.Transfer.ID
		}
		decline := func(l *Ledger, id string) error {
			_, err := l.Decline(t.Context(), id, transfer.Decision{Actor: asSource, Reason: "no"}, command.Terms[transferstore.Outcome]{})
			return err
		}
		submit := func(l *Ledger, id string, picks ...int) error {
			_, err := l.Submit(t.Context(), id, picking("", picks...), command.Terms[transferstore.Outcome]{})
			return err
		}
		for name, l := range map[string]*Ledger{"earlier": f.Ledger, "later": later} {
			before, since := open(f.Ledger, "before "+name), open(later, "since "+name)
			refuses(t, decline(l, since), transfer.DeclineDisabled)
			refuses(t, submit(l, since, 0, 1), transfer.TooManyLineItems)
			require.NoError(t, decline(l, before))
		}
		before, since := open(f.Ledger, "before"), open(later, "since")
		require.NoError(t, submit(later, before, 0, 1))
		require.NoError(t, submit(f.Ledger, since, 2))
		f.clock.advance(24*time.Hour + time.Second)
		for _, l := range []*Ledger{f.Ledger, later} {
			at, err := l.Look(t.Context(), before, transferstore.Watched{})
			require.NoError(t, err)
			require.Equal(t, transfer.NothingDue, at.Due)
			at, err = l.Look(t.Context(), since, transferstore.Watched{})
			require.NoError(t, err)
			require.Equal(t, transfer.DueDeadline, at.Due)
		}
		for _, l := range []*Ledger{f.Ledger, later} {
			at, err := l.GiveUpLate(t.Context(), before)
			require.NoError(t, err)
			require.Equal(t, 2, at.Items.InProgress)
			at, err = l.GiveUpLate(t.Context(), since)
			require.NoError(t, err)
			require.Equal(t, transfer.ItemCounts{Failed: 1}, at.Items)
		}
		require.Contains(t, f.item(since, 0).TransferError, "24h")
		f.holds()
	})
}

// Race row 28: what a newer program knows of its rules, an older one neither loses nor takes for its own.
func TestUnknownRulesAreKept(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		newer := f.another(Options{Policy: strict()})
		made, err := newer.OpenTransfer(t.Context(), request("r1"), command.Terms[transferstore.Outcome]{})
		require.NoError(t, err)
		f.behind(`UPDATE policies SET body = REPLACE(body, '"DeclineDisabled"', '"SomethingLater": {"a": [1]},  "DeclineDisabled"') WHERE digest = (SELECT policy FROM transfers WHERE id = '` + made.Transfer.ID + `')`)
		bodies := f.rows("SELECT body FROM policies")
		require.Contains(t, bodies[0]+bodies[1], "SomethingLater")
		for _, l := range []*Ledger{f.Ledger, f.another(Options{}), f.another(Options{Policy: strict()})} {
			_, err = l.Decline(t.Context(), made.Transfer.ID, transfer.Decision{Actor: asSource}, command.Terms[transferstore.Outcome]{})
			refuses(t, err, transfer.DeclineDisabled)
			require.Equal(t, bodies, f.rows("SELECT body FROM policies"))
		}
	})
}

// A transfer whose rules are lost is not decided by others.
func TestLostRules(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		made, err := f.another(Options{Policy: strict()}).OpenTransfer(t.Context(), request("r1"), command.Terms[transferstore.Outcome]{})
		require.NoError(t, err)
		f.behind("DELETE FROM policies")
		before := f.contents()
		_, err = f.Cancel(t.Context(), made.Transfer.ID, transfer.Decision{Actor: asTarget})
		require.ErrorContains(t, err, "are missing in the ledger")
		require.Equal(t, before, f.contents())
		f.behind("UPDATE transfers SET policy = ''")
		_, err = f.Cancel(t.Context(), made.Transfer.ID, transfer.Decision{Actor: asTarget})
		require.NoError(t, err, "one of a version that stored none goes by the deployment's")
	})
}

// Who reads rules keeps nobody waiting, because those who wait may hold all the connections.
func TestRulesAreReadWithoutALock(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		made, err := f.another(Options{Policy: strict()}).OpenTransfer(t.Context(), request("r1"), command.Terms[transferstore.Outcome]{})
		require.NoError(t, err)
		own := f.pending("r2")
		asked := 0
		f.heard.interrupt(func(query string) {
			if !strings.Contains(query, "FROM policies") {
				return
			}
			asked++
			meanwhile := make(chan error, 1)
			go func() {
				_, err := f.Look(t.Context(), own.ID, transferstore.Watched{})
				meanwhile <- err
			}()
			select {
			case err := <-meanwhile:
				require.NoError(t, err)
			case <-time.After(10 * time.Second):
				t.Error("whoever looks at another transfer waits for the rules of this one")
			}
		})
		for range 2 {
			_, err := f.Look(t.Context(), made.Transfer.ID, transferstore.Watched{})
			require.NoError(t, err)
		}
		require.Equal(t, 1, asked, "rules are read once")
	})
}

// The rules that its runs follow are recorded with the transfer, and a program that does not know them leaves it to a later one.
func TestRulesOfRunsStayWithTheirTransfer(t *testing.T) {
	onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
		p := transfer.DefaultPolicy()
		p.RunRules = transfer.LatestRunRules() + 1
		later := f.another(Options{Policy: p})
		made, err := later.OpenTransfer(t.Context(), request("later"), command.Terms[transferstore.Outcome]{})
		require.NoError(t, err)

		at, err := later.Look(t.Context(), made.Transfer.ID, transferstore.Watched{})
		require.NoError(t, err)
		require.Equal(t, p.RunRules, at.Rules)
		_, err = f.Look(t.Context(), made.Transfer.ID, transferstore.Watched{})
		require.ErrorContains(t, err, "that this version does not know")

		_, err = f.Writer().ExecContext(t.Context(), "UPDATE transfers SET policy = ''")
		require.NoError(t, err)
		at, err = later.Look(t.Context(), made.Transfer.ID, transferstore.Watched{})
		require.NoError(t, err)
		require.Zero(t, at.Rules, "of before there were numbers")
	})
}

// Who opens the ledger to look at it does not wait for a change that somebody else is making.
func TestOpenDuringAChange(t *testing.T) {
	onEmpty(t, func(t *testing.T, f fixture) {
		change, err := f.Writer().BeginTx(t.Context(), nil)
		require.NoError(t, err)
		defer func() { require.NoError(t, change.Rollback()) }()
		_, err = change.ExecContext(t.Context(), "UPDATE policies SET body = body")
		require.NoError(t, err)
		other, err := Open(t.Context(), f.url, Options{})
		require.NoError(t, err)
		empty, err := other.Empty(t.Context())
		require.NoError(t, err)
		require.True(t, empty)
		require.NoError(t, other.Close())
	})
}
