package programme_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/programme"
)

// Several partners may share a PartnerID; who is credited is a reseller where one of them is.
func TestTheCreditedPartner(t *testing.T) {
	t.Parallel()
	provider := programme.Partner{TenantID: "provider", MPNID: "4000009", Programs: programme.Enrolled(programme.IndirectProvider, programme.Active, true)}
	reseller := programme.Partner{TenantID: "reseller", MPNID: "4000009", Programs: programme.Enrolled(programme.IndirectReseller, programme.Active, true)}
	other := programme.Partner{TenantID: "other", MPNID: "4000001", Programs: programme.Enrolled(programme.IndirectReseller, programme.Active, true)}
	nameless := programme.Partner{TenantID: "nameless", Programs: programme.Enrolled(programme.IndirectReseller, programme.Active, true)}
	for name, c := range map[string]struct {
		among []programme.Partner
		mpnID string
		want  string
	}{
		"a reseller before the provider": {[]programme.Partner{reseller, provider, other}, "4000009", "reseller"},
		"a reseller after the provider":  {[]programme.Partner{other, provider, reseller}, "4000009", "reseller"},
		"a provider alone":               {[]programme.Partner{other, provider}, "4000009", "provider"},
		"nobody has it":                  {[]programme.Partner{other}, "4000009", ""},
		"no id is nobody's":              {[]programme.Partner{nameless}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := programme.Credited(c.among, c.mpnID, programme.Production)
			if c.want == "" {
				assert.Nil(t, found)
				return
			}
			require.NotNil(t, found)
			assert.Equal(t, c.want, found.TenantID)
		})
	}
}
