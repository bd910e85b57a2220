package transfer_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"handover/internal/subscription"
	"handover/internal/transfer"
)

// What comes from outside as text: ids, scripted faults and selections. Nothing of it may crash us, and what is accepted
// must be what it claims to be.

func FuzzCheckSelection(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"allEligible":true}`, `{"allEligible":true,"productTypes":["AzureSubscription"]}`,
		`{"lineItems":[{"subscriptionId":"` + sourceID + `","productType":"5"},{"subscriptionId":"` + upper(sourceID) + `"}]}`,
		`{"lineItems":[{"subscriptionId":"` + sourceID + `","productType":"SaaS"}],"productTypes":[]}`,
		`{"lineItems":[{}]}`, `{"lineItems":null,"allEligible":false}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var s transfer.Selection
		if json.Unmarshal(body, &s) != nil {
			return
		}
		checked, err := policy.CheckSelection(s)
		if err != nil {
			refused(t, err, causeOf(err))
			return
		}
		require.True(t, checked.AllEligible != (len(checked.LineItems) > 0), "a list or everything")
		picked := map[string]bool{}
		for _, pick := range checked.LineItems {
			require.NoError(t, uuid.Validate(pick.SubscriptionID))
			require.Equal(t, strings.ToLower(pick.SubscriptionID), pick.SubscriptionID)
			require.False(t, picked[pick.SubscriptionID], "a double")
			picked[pick.SubscriptionID] = true
			require.Contains(t, append(subscription.ProductTypes(), ""), pick.ProductType)
		}
		again, err := policy.CheckSelection(checked)
		require.NoError(t, err)
		require.Equal(t, checked, again, "checking twice changes nothing")
	})
}
