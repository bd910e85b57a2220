package subscriptionhttp

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/subscription"
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

// Section 4.1, C4: the entity tag that the client read counts in every form in which clients send it, and a stale one is told as such.
func TestStaleTagsAreTold(t *testing.T) {
	now := subscription.Subscription{ID: "s", Quantity: 5}
	for _, tag := range []string{"", "*", now.ETag(), `"` + now.ETag() + `"`, `"other", "` + now.ETag() + `"`} {
		inHeader, inBody := updateSubscription{IfMatch: tag}, updateSubscription{Body: UpdateSubscription{Attributes: AttributesGot{ETag: tag}}}
		for _, in := range []updateSubscription{inHeader, inBody} {
			if match := in.match(); tag != "" {
				require.NoError(t, match(now), tag)
			} else {
				require.Nil(t, match)
			}
		}
	}
	for _, stale := range []string{`"old"`, `""`, "old", `W/"` + now.ETag() + `"`} {
		var said *kernel.Refusal
		require.ErrorAs(t, (&updateSubscription{IfMatch: stale}).match()(now), &said, stale)
		require.Equal(t, "2055", said.Code)
		require.Equal(t, 400, said.HTTPStatus())
		require.Contains(t, said.Message, "Etag is no longer valid")
	}
	header := updateSubscription{IfMatch: now.ETag(), Body: UpdateSubscription{Attributes: AttributesGot{ETag: "old"}}}
	require.NoError(t, header.match()(now), "the header takes the place of the body's")
}
