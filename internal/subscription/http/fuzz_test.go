package subscriptionhttp

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/subscription"
)

// known tells whether an error is one that becomes a proper answer.
func known(err error) bool {
	var refusal *kernel.Refusal
	return err == nil || errors.As(err, &refusal)
}

// wire-notes 13: whatever body comes, only what it names changes.
func FuzzUpdateSubscription(f *testing.F) {
	f.Add([]byte(`{"id":"x","quantity":3,"status":"deleted","autoRenewEnabled":false,"partnerId":"1","friendlyName":"n"}`))
	f.Add([]byte(`{"Quantity":-1,"Status":"?"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var in UpdateSubscription
		if json.Unmarshal(body, &in) != nil {
			return
		}
		old := subscription.Subscription{ID: "s", FriendlyName: "n", Quantity: 1, Status: subscription.Active}
		next, err := subscription.DefaultRules().ChangeSubscription(subscription.ChangeFacts{Subscription: old}, subscription.Change{
			FriendlyName: in.FriendlyName, Quantity: (*int)(in.Quantity), AutoRenew: in.AutoRenewEnabled, Status: in.Status, PartnerOnRecord: in.PartnerID,
		})
		require.True(t, known(err), "%v", err)
		if err != nil {
			require.Equal(t, old, next)
		}
	})
}
