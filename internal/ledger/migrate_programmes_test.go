package ledger

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"handover/internal/programme"
)

// what every partner of the version before is, how it stands and whether it signed, becomes its part in one programme.
func TestMigrateTypesToProgrammes(t *testing.T) {
	t.Parallel()
	for name, newURL := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			databaseURL := newURL(t)
			old := oldLedger(t, databaseURL, 13)
			want := map[string][]programme.Enrolment{}
			for _, in := range []programme.Program{programme.DirectBill, programme.IndirectProvider, programme.IndirectReseller} {
				for _, as := range []programme.Status{programme.Active, programme.Restricted, programme.Inactive} {
					for _, signed := range []bool{true, false} {
						id := newID(len(want))
						want[id] = programme.Enrolled(in, as, signed)
						_, err := old.ExecContext(context.WithoutCancel(t.Context()), fmt.Sprintf(
							"INSERT INTO partners VALUES ('%s', 'Partner', '%s', '%s', %t, 'mpn', 'DE', 'EUR', 'de-DE')", id, in, as, signed))
						require.NoError(t, err)
					}
				}
			}
			require.NoError(t, old.Close())
			l, err := Open(t.Context(), databaseURL, Options{})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, l.Close()) })
			for id, programs := range want {
				p, err := l.Partner(t.Context(), id)
				require.NoError(t, err)
				require.Equal(t, programme.Partner{
					TenantID: id, Name: "Partner", Programs: programs, MPNID: "mpn", Market: "DE", Currency: "EUR", Locale: "de-DE",
				}, p)
			}
		})
	}
}
