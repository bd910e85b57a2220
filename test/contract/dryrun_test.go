package contract

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Extension: a dry run and the create never disagree, whatever the create is refused for or accepted.
func TestADryRunAgreesWithTheCreate(t *testing.T) {
	t.Parallel()
	for _, c := range append(refusedCreates(), acceptedCreates()...) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := transfers(customerID(c.customer))
			rehearsed := c.by().post(t, path+"?dryRun=true", c.body())
			made := c.by().post(t, path, c.body())
			if rehearsed.status != http.StatusOK { // nothing that could be rehearsed
				same(t, made, rehearsed)
				return
			}
			said := as[object](t, rehearsed, http.StatusOK)
			refusals := objects(t, said["refusals"])
			assert.Equal(t, []string{"refusals", "wouldSucceed"}, fields(said))
			assert.Equal(t, made.status == http.StatusCreated, said["wouldSucceed"])
			assert.Equal(t, said["wouldSucceed"], len(refusals) == 0)
			if len(refusals) == 0 {
				return
			}
			e := as[object](t, made, made.status)
			assert.Equal(t, with(e, object{"isRetryable": nil, "source": nil}), refusals[0])
		})
	}
}

// A dry run tells every reason at once, in the order in which a create would meet them, and no more than a create tells.
func TestADryRunTellsEveryReason(t *testing.T) {
	t.Parallel()
	causes := func(c asking) []any {
		said := as[object](t, c.by().post(t, transfers(customerID(c.customer))+"?dryRun=1", c.body()), http.StatusOK)
		return values(objects(t, said["refusals"]), "errorName")
	}
	assert.Equal(t, []any{"PartnerOnRecordNotAllowed", "AzurePlanMissing"},
		causes(between("", "03", "01", "03", with(azure, object{"partnerOnRecord": "4000009"}), 0, "", "")))
	assert.Equal(t, []any{"CustomerAgreementMissing", "PartnerOnRecordUnknown", "AzurePlanMissing"},
		causes(between("", "07", "03", "02", with(azure, object{"partnerOnRecord": "4999999"}), 0, "", "")))
	assert.Equal(t, []any{"RelationshipMissing"}, causes(between("", "02", "03", "02", with(azure, object{"partnerOnRecord": "4999999"}), 0, "", "")),
		"about a customer of others no more is told")
}

// A dry run creates nothing and leaves no trace.
func TestADryRunDoesNothing(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	as[object](t, target.post(t, transfers(customer)+"?dryRun=true", request()), http.StatusOK)
	require.Empty(t, as[[]object](t, target.get(t, transfers(customer)), http.StatusOK))
	require.Empty(t, logOf(t, target, customer))
	as[object](t, target.post(t, transfers(customer)+"?dryRun=false", request()), http.StatusCreated)
}
