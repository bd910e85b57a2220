package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"handover/internal/ledger"
	"handover/internal/programme"
	"handover/internal/subscription"
	"handover/internal/transfer"
)

// known tells whether an error is one that becomes a proper answer.
func known(err error) bool {
	var own *Error
	_, refused := asRefusal(err)
	return err == nil || refused || errors.As(err, &own)
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
		request, err := in.request("cccccccc-0000-4000-8000-000000000001", &request{id: "r"})
		require.True(t, known(err), "%v", err)
		if err != nil {
			return
		}
		require.NotZero(t, request.TransferType)
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

func FuzzAttestAgreement(f *testing.F) {
	f.Add([]byte(`{"primaryContact":{"firstName":"A","lastName":"B","email":"a@b.example"},"dateAgreed":"2026-11-01","templateId":"998b88de-aa99-4388-a42c-1b3517d49490","type":"MicrosoftCustomerAgreement"}`))
	f.Add([]byte(`{"dateAgreed":"2026-11-01T10:00:00"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var in AttestAgreement
		if json.Unmarshal(body, &in) != nil {
			return
		}
		partner := &programme.Partner{Type: programme.DirectBill}
		_, err := programme.CheckAttestation(programme.AgreementAttestation{
			Type: in.Type, TemplateID: in.TemplateID, DateAgreed: in.DateAgreed.Time, Contact: in.PrimaryContact,
		}, programme.AttestationFacts{Partner: partner, Relationship: true, Now: time.Now()})
		require.True(t, known(err), "%v", err)
	})
}

// Filters, dates and cursors come from the address, not the body, and are as free.
func FuzzQueries(f *testing.F) {
	f.Add(`{"Field":"CompanyName","Value":"a","Operator":"starts_with"}`, "11/13/2026 23:32:46", "bm90aGluZw")
	f.Add(`{"Field":"CustomerId","Value":"a","Operator":"equals"}`, "2026-11-21", writeCursor(time.Unix(0, 0), "x"))
	f.Fuzz(func(t *testing.T, filter, date, cursor string) {
		require.True(t, known(customerFilter(filter, &ledger.CustomerSearch{})))
		require.True(t, known(auditFilter(filter, &ledger.AuditSearch{})))
		_, _, err := logDate("startDate", date)
		require.True(t, known(err))
		_, _, err = readCursor(cursor)
		require.True(t, known(err))
		require.NotPanics(t, func() { matches(filter, date) })
	})
}

// whatever a refusal says, its answer is one JSON object with a description of bounded length.
func FuzzErrorShape(f *testing.F) {
	f.Add("it is wrong", "application/json")
	f.Add("\x00\xff", "application/problem+json")
	f.Fuzz(func(t *testing.T, said, accept string) {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		r.Header.Set("Accept", accept)
		refuse(badRequest, "%s", clip(said)).write(w, r)
		var body map[string]any
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
		require.NotEmpty(t, body["code"])
		require.LessOrEqual(t, utf8.RuneCountInString(clip(said)), 1024)
	})
}
