package ledger

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"handover/internal/programme"
	"handover/internal/transfer"
)

// Whoever was an admin agent before users had roles still is one, and gets the mail.
func TestMigrateAdminAgents(t *testing.T) {
	t.Parallel()
	for name, newURL := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			databaseURL := newURL(t)
			db := oldLedger(t, databaseURL, 1)
			for _, statement := range append(firstVersion[:len(firstVersion):len(firstVersion)],
				`INSERT INTO admin_agents VALUES ('`+targetID+`', 0, '`+targetAgent+`', 'first@target.example')`,
				`INSERT INTO admin_agents VALUES ('`+targetID+`', 1, 'second', 'second@target.example')`,
			) {
				_, err := db.ExecContext(context.WithoutCancel(t.Context()), statement)
				require.NoError(t, err, statement)
			}
			require.NoError(t, db.Close())
			l, err := Open(t.Context(), databaseURL, Options{})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, l.Close()) })
			p, err := l.Partner(t.Context(), targetID)
			require.NoError(t, err)
			require.Equal(t, []programme.User{
				programme.Agent(targetAgent, "first@target.example"), programme.Agent("second", "second@target.example"),
			}, p.Users)
			require.True(t, p.Admits("SECOND"))
		})
	}
}

// mail goes to admin agents alone, and only they act; the other roles do neither.
func TestRolesOfUsers(t *testing.T) {
	w := worldOf(1)
	w.Partners[0].Users = append(w.Partners[0].Users,
		programme.User{UserID: "seller", Email: "seller@source.example", Roles: []programme.Role{programme.SalesAgent}},
		programme.User{UserID: "chief", Email: "chief@source.example", Roles: []programme.Role{programme.GlobalAdmin}},
		programme.User{UserID: "both", Email: "both@source.example", Roles: []programme.Role{programme.AdminAgent, programme.SalesAgent}})
	onBoth(t, w, func(t *testing.T, f fixture) {
		tr := f.pending("r1")
		require.ElementsMatch(t, []string{"it@contoso.example", sourceAgent, "second@source.example", "both@source.example"}, f.mail(tr.ID, transfer.EventCreated))
		p, err := f.Partner(t.Context(), sourceID)
		require.NoError(t, err)
		require.Equal(t, w.Partners[0].Users, p.Users)
		for user, admitted := range map[string]bool{"seller": false, "chief": false, "both": true, sourceAgent: true, "": true} {
			require.Equal(t, admitted, p.Admits(user), user)
		}
		f.holds()
	})
}
