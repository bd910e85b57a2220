package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/config"
	"handover/internal/ledger"
	"handover/internal/pgtest"
	"handover/internal/platform"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
	"handover/internal/world"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// onLedgers runs the test on a stage with nothing but a ledger, on both databases.
func onLedgers(t *testing.T, test func(t *testing.T, s *stage)) {
	for name, url := range map[string]func() string{
		"sqlite":   func() string { return "sqlite://" + filepath.Join(t.TempDir(), "ledger.db") },
		"postgres": func() string { return pgtest.Shared(t) },
	} {
		t.Run(name, func(t *testing.T) {
			at := url()
			l, err := ledger.Open(t.Context(), at, ledger.Options{})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, l.Close()) })
			require.NoError(t, l.Seed(t.Context(), world.Large(1, smallItems)))
			test(t, &stage{Platform: &platform.Platform{Ledger: l, Settings: config.Config{LedgerURL: at}}})
		})
	}
}

// What is written looks as if it had been lived through: the invariants hold, and times and states fit each other.
func TestPastIsConsistent(t *testing.T) {
	onLedgers(t, func(t *testing.T, s *stage) {
		p := past{now: time.Now()}
		require.NoError(t, p.extend(t.Context(), s, 2, pastEach))
		require.NoError(t, p.extend(t.Context(), s, 18, pastEach))
		require.NoError(t, s.verified(t.Context()))

		all, err := s.Ledger.Transfers(t.Context(), transferstore.Filter{})
		require.NoError(t, err)
		require.Len(t, all, p.transfers())
		states := map[transfer.Status]int{}
		for _, one := range all {
			states[one.Status]++
			require.Equal(t, transfer.ExpirationTime(one.CreatedTime), one.ExpirationTime)
			require.False(t, one.LastModifiedTime.After(p.now), "%+v", one)
			require.Equal(t, one.Status == transfer.Pending, one.ExpirationTime.After(p.now), "%+v", one)
			require.Equal(t, one.Status == transfer.Complete, one.Items.Complete > 0 && one.Items.Complete <= smallItems, "%+v", one)
		}
		require.Equal(t, map[transfer.Status]int{
			transfer.Pending: 600, transfer.Expired: 400, transfer.Cancelled: 400, transfer.Rejected: 400, transfer.Complete: 200,
		}, states)
	})
}

// The ids and customers that are asked for later are those that were written.
func TestPastIsFoundAgain(t *testing.T) {
	onLedgers(t, func(t *testing.T, s *stage) {
		p := past{now: time.Now()}
		require.NoError(t, p.extend(t.Context(), s, 12, pastEach))
		taken := 0
		for customer := range p.customers {
			for age := range p.each {
				found, err := s.Ledger.Transfer(t.Context(), pastTransfer(customer, age))
				require.NoError(t, err)
				require.Equal(t, pastCustomer(customer), found.State.CustomerTenantID)
				mine := found.TargetTenantID == world.LargeTarget && found.Items == transfer.ItemCounts{Complete: smallItems}
				assert.Equal(t, mine, p.moved(customer, age), "%+v", found)
				if mine {
					taken++
				}
			}
		}
		require.Len(t, p.completed(), taken)
		require.Len(t, p.listed(), 3)
		ofTarget, err := s.Ledger.Transfers(t.Context(), transferstore.Filter{PartnerTenantID: world.LargeTarget})
		require.NoError(t, err)
		require.Len(t, ofTarget, 8*pastEach, "customers 0, 1 and 2 of five")
	})
}
