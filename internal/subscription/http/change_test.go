package subscriptionhttp

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// C7: a model that was filled in from scratch says no to renewal only where nothing else is said; beside a status or a reseller its no is
// what the model has when nobody sets it.
func TestAModelFilledInSaysNoNoByItself(t *testing.T) {
	for body, renews := range map[string]bool{
		`{"quantity":0,"autoRenewEnabled":false,"status":"none"}`:                          true,
		`{"quantity":0,"autoRenewEnabled":false,"status":"suspended"}`:                     false,
		`{"quantity":0,"autoRenewEnabled":false,"partnerId":"4000009","status":"none"}`:    false,
		`{"friendlyName":"x","quantity":5,"autoRenewEnabled":false,"partnerId":"4000009"}`: true,
		`{"autoRenewEnabled":false,"partnerId":"4000009"}`:                                 true,
	} {
		var u UpdateSubscription
		require.NoError(t, json.Unmarshal([]byte(body), &u))
		assert.Equal(t, renews, u.change().AutoRenew != nil, body)
	}
}
