package programmehttp

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/programme"
)

type partnersOf struct {
	Records
	providers []programme.Partner
}

func (p partnersOf) Partnerships(context.Context, string, programme.PartnerType) ([]programme.Partner, error) {
	return p.providers, nil
}

// whose joint invitation it is with one provider, with several, with none.
func TestProviderOfAJointInvitation(t *testing.T) {
	one, two := "aaaaaaaa-0000-4000-8000-000000000002", "aaaaaaaa-0000-4000-8000-000000000005"
	for name, c := range map[string]struct {
		works []string
		named string
		want  string
		cause kernel.Cause
	}{
		"the only one need not be named":  {works: []string{one}, want: one},
		"it may be":                       {works: []string{one}, named: one, want: one},
		"one of several":                  {works: []string{one, two}, named: two, want: two},
		"several, none named":             {works: []string{one, two}, cause: kernel.InvalidInput},
		"none yet":                        {cause: programme.PartnerNotEnabled},
		"somebody whom it works not with": {works: []string{one}, named: two, cause: programme.PartnerUnknown},
	} {
		var records partnersOf
		for _, id := range c.works {
			records.providers = append(records.providers, programme.Partner{TenantID: id})
		}
		got, err := New(records, Invitations{}).jointProvider(t.Context(), programme.Partner{}, c.named)
		if c.cause != "" {
			require.ErrorIs(t, err, c.cause, name)
			continue
		}
		require.NoError(t, err, name)
		assert.Equal(t, c.want, got, name)
	}
}
