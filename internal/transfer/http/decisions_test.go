package transferhttp

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"handover/internal/httpapi"
	"handover/internal/kernel"
)

const item = `{"subscriptionId":"a1b2c3d4-0001-4000-8000-0000000000f1","productType":"OnlineServicesNCE"}`

// which bodies mean what.
func TestVerbs(t *testing.T) {
	for body, want := range map[string]string{
		`{"lineItems":[` + item + `]}`:                                               "submit",
		`{"status":"InProgress","lineItems":[` + item + `]}`:                         "submit",
		`{"status":"ACCEPT","lineItems":[` + item + `]}`:                             "submit",
		`{"Status":"inprogress","LineItems":[` + item + `]}`:                         "submit",
		`{"allEligible":true}`:                                                       "submit",
		`{"status":"Accept","allEligible":true,"productTypes":["AzureReservation"]}`: "submit",
		`{"status":"Pending","lineItems":[` + item + `]}`:                            "submit", // C14
		`{"status":"in_progress","lineItems":[` + item + `]}`:                        "submit", // C1
		`{"status":"Pending"}`:                                                       "800042",
		`{"status":"Cancel"}`:                                                        "cancel",
		`{"status":"cancel","lineItems":[]}`:                                         "cancel",
		`{"status":"CANCEL","lineItems":null}`:                                       "cancel",
		`{"status":"Reject","reason":"no"}`:                                          "decline",
		`{"externalReference":"x"}`:                                                  "label",
		`{"tags":[]}`:                                                                "label",
		`{"status":"Cancel","lineItems":[` + item + `]}`:                             "800042",
		`{"status":"Reject","allEligible":true}`:                                     "800042",
		`{"status":"Complete"}`:                                                      "800042",
		`{"status":"Pending","tags":["x"]}`:                                          "800042",
		`{}`:                                                                         "800042",
		`{"status":"InProgress"}`:                                                    "800002",
		`{"status":"Accept","lineItems":[]}`:                                         "800002",
		`{"lineItems":[{"subscriptionId":"x"}]}`:                                     "800002",
		`{"lineItems":[{"productType":"OnlineServicesNCE"}]}`:                        "800002",
	} {
		t.Run(body, func(t *testing.T) {
			var in UpdateTransfer
			require.NoError(t, json.Unmarshal([]byte(body), &in))
			verb, err := in.verb()
			if err == nil {
				require.Equal(t, want, string(verb))
				return
			}
			require.Equal(t, want, codeOf(t, err))
		})
	}
}

// codeOf is the wire contract's code of an error.
func codeOf(t *testing.T, err error) string {
	t.Helper()
	var refusal *kernel.Refusal
	if errors.As(err, &refusal) {
		return refusal.Code
	}
	var own *httpapi.Error
	require.ErrorAs(t, err, &own)
	return own.Code
}

// 3 and 5, as number or as text; anything else is refused by the domain.
func TestTransferTypes(t *testing.T) {
	for body, want := range map[string]int{`3`: 3, `5`: 5, `"3"`: 3, `"5"`: 5, `4`: 4, `0`: -1, `"NewCommerce"`: -1, `3.5`: -1, `{}`: -1, `[3]`: -1, `null`: 0} {
		var got TransferType
		require.NoError(t, json.Unmarshal([]byte(body), &got), body)
		require.Equal(t, want, int(got), body)
	}
}

// a body without transferType is legacy when it has line items, and wrong otherwise.
func TestLegacyCreateIsTold(t *testing.T) {
	for body, code := range map[string]string{`{"lineItems":[{"subscriptionId":"x"}]}`: "900137", `{}`: "800002"} {
		var in CreateTransfer
		require.NoError(t, json.Unmarshal([]byte(body), &in))
		_, err := in.request("c", &httpapi.Request{})
		require.Equal(t, code, codeOf(t, err))
	}
}

// wire-notes 3: participants are another spelling of partnerOnRecord.
func TestParticipants(t *testing.T) {
	for body, want := range map[string]string{
		`{"transferType":3,"participants":[{"Key":"TransactionReseller","Value":"4711001"}]}`:                                 "4711001",
		`{"transferType":3,"participants":null,"partnerOnRecord":"4711001"}`:                                                  "4711001",
		`{"transferType":3,"participants":[{"key":"Other","value":"1"}]}`:                                                     "refused",
		`{"transferType":3,"participants":[{"key":"TransactionReseler","value":"4711001"}]}`:                                  "refused",
		`{"transferType":3,"participants":[{"key":"transaction_reseller","value":"4711001"}]}`:                                "4711001",
		`{"transferType":3,"participants":[{"key":"TransactionReseller","value":""},{}]}`:                                     "",
		`{"transferType":3,"participants":[{"key":"transactionreseller","value":"4711001"}],"partnerOnRecord":"4711001"}`:     "4711001",
		`{"transferType":3,"participants":[{"key":"TransactionReseller","value":"4711001"}],"partnerOnRecord":"another one"}`: "refused",
	} {
		var in CreateTransfer
		require.NoError(t, json.Unmarshal([]byte(body), &in))
		r, err := in.request("c", &httpapi.Request{})
		if want == "refused" {
			require.Error(t, err)
			require.Contains(t, []string{"800002", "900126"}, codeOf(t, err))
			continue
		}
		require.NoError(t, err)
		require.Equal(t, want, r.PartnerOnRecord)
	}
}
