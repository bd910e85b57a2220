package transferhttp

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"handover/internal/httpapi"
	"handover/internal/kernel"
	"handover/internal/transfer"
)

// known tells whether an error is one that becomes a proper answer.
func known(err error) bool {
	var own *httpapi.Error
	var refusal *kernel.Refusal
	return err == nil || errors.As(err, &refusal) || errors.As(err, &own)
}

// whatever body comes, a create is understood or refused, and never by accident legacy and new at once.
func FuzzCreateTransfer(f *testing.F) {
	for _, seed := range []string{
		`{"sourcePartnerTenantId":"aaaaaaaa-0000-4000-8000-000000000001","sourcePartnerName":"N","customerEmailId":"it@contoso.example","transferType":3}`,
		`{"SourcePartnerTenantId":"x","TransferType":"5","Participants":[{"Key":"TransactionReseller","Value":"1"}]}`,
		`{"lineItems":[{}]}`, `{"transferType":{}}`, `null`, `[]`, `{"tags":["a","a"],"targetProductTypes":null}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var in CreateTransfer
		if json.Unmarshal(body, &in) != nil {
			return
		}
		request, err := in.request("cccccccc-0000-4000-8000-000000000001", &httpapi.Request{})
		require.True(t, known(err), "%v", err)
		if err != nil {
			return
		}
		require.NotZero(t, request.TransferType)
		request.RequestID = "r"
		_, err = transfer.DefaultPolicy().Normalize(request)
		require.True(t, known(err), "%v", err)
	})
}

// whatever body comes, a PATCH is exactly one verb or refused; a submit always has something to move.
func FuzzUpdateTransfer(f *testing.F) {
	for _, seed := range []string{
		`{"status":"Cancel"}`, `{"status":"InProgress","lineItems":[{"id":0,"subscriptionId":"x","productType":"OnlineServicesNCE"}]}`,
		`{"Status":"ACCEPT","AllEligible":true}`, `{"status":"Reject","reason":"no"}`, `{"lineItems":[{"subscriptionId":"x","productType":5}]}`,
		`{"tags":[]}`, `{"lineItems":null}`, `{"id":1}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var in UpdateTransfer
		if json.Unmarshal(body, &in) != nil {
			return
		}
		verb, err := in.verb()
		require.True(t, known(err), "%v", err)
		if err == nil {
			require.Contains(t, []string{"submit", "cancel", "decline", "label"}, string(verb))
			require.Equal(t, verb == verbSubmit, len(in.LineItems) > 0 || in.AllEligible)
		}
		_, err = transfer.DefaultPolicy().CheckSelection(transfer.Selection{LineItems: in.selection().LineItems})
		require.True(t, known(err), "%v", err)
	})
}
