package transfer_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/subscription"
	"handover/internal/transfer"
)

// What comes from outside as text: ids, scripted faults and selections. Nothing of it may crash us, and what is accepted
// must be what it claims to be.

func TestParseID(t *testing.T) {
	for _, text := range []string{sourceID, upper(sourceID)} {
		id, err := kernel.ParseID("customerTenantId", text)
		require.NoError(t, err)
		assert.Equal(t, sourceID, id)
	}
	for name, text := range map[string]string{
		"nothing": "", "a name": "contoso", "too short": sourceID[1:], "too long": sourceID + "0", "in braces": "{" + sourceID + "}",
		"as a URN": "urn:uuid:" + sourceID, "without hyphens": strings.ReplaceAll(sourceID, "-", ""), "with blanks": " " + sourceID[1:],
		"not hexadecimal": "g" + sourceID[1:],
	} {
		t.Run(name, func(t *testing.T) {
			_, err := kernel.ParseID("customerTenantId", text)
			assert.Contains(t, refused(t, err, kernel.InvalidInput).Message, "customerTenantId must be a GUID")
		})
	}
	_, err := kernel.ParseID("customerTenantId", strings.Repeat("ä", 10_000))
	assert.Less(t, len(refused(t, err, kernel.InvalidInput).Message), 250, "a long text is not repeated whole")
}

func TestParseFault(t *testing.T) {
	longest := "refuse:" + strings.Repeat("9", 32)
	for text, want := range map[string]subscription.Fault{
		"":                {},
		"transient:1":     {Transient: 1},
		"transient:1000":  {Transient: 1000},
		"sync:90s":        {Sync: 90 * time.Second},
		"slow:1h30m":      {Slow: 90 * time.Minute},
		"refuse:900130":   {Refuse: "900130"},
		"refuse:not:ours": {Refuse: "not:ours"},
		longest:           {Refuse: strings.Repeat("9", 32)},
	} {
		got, err := subscription.ParseFault(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	for _, text := range []string{
		"transient", "transient:", "transient:0", "transient:-1", "transient:1001", "transient:many", "sync:", "sync:90", "sync:0s", "sync:-1s",
		"slow:", "slow:soon", "slow:-5m", "refuse:", "refuse", longest + "9", "explode:1", ":", " transient:1", "Transient:1",
	} {
		got, err := subscription.ParseFault(text)
		assert.ErrorContains(t, err, "transient:N, sync:DURATION, refuse:CODE, slow:DURATION", text)
		assert.Empty(t, got, text)
	}
}

func FuzzParseID(f *testing.F) {
	for _, seed := range []string{"", sourceID, upper(targetID), "{" + sourceID + "}", "contoso", "\xff\xfe"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		id, err := kernel.ParseID("field", text)
		if err != nil {
			r := refused(t, err, kernel.InvalidInput)
			require.True(t, utf8.ValidString(r.Message))
			return
		}
		require.NoError(t, uuid.Validate(id))
		require.True(t, kernel.SameID(id, text))
		again, err := kernel.ParseID("field", id)
		require.NoError(t, err)
		require.Equal(t, id, again)
	})
}

func FuzzParseFault(f *testing.F) {
	for _, seed := range []string{"", "transient:3", "sync:2m", "refuse:900130", "slow:1h", "transient:-1", "slow:9999999h", ":::"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		fault, err := subscription.ParseFault(text)
		if err != nil || text == "" {
			require.Empty(t, fault)
			return
		}
		told := 0
		for _, set := range []bool{fault.Transient > 0, fault.Sync > 0, fault.Refuse != "", fault.Slow > 0} {
			if set {
				told++
			}
		}
		require.Equal(t, 1, told, "a fault is of one kind: %+v", fault)
		require.LessOrEqual(t, fault.Transient, 1000)
	})
}

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
