package transfers

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/subscription"
	"handover/internal/transfer"
	"handover/workflows/run"
)

// reads are the forms of commands that signals take.
var reads = map[string]func([]byte) (transfer.Message, error){
	"request": readRequest, "approval": readApproval, "cancel": readDecision(transfer.VerbCancel), "decline": readDecision(transfer.VerbDecline),
}

func TestOpenReadsCommands(t *testing.T) {
	request := open([]byte(`{"requestId":"a","actor":{"partnerTenantId":"b"},"customerTenantId":"c"}`), readRequest)
	require.Nil(t, request.refusal)
	require.Equal(t, transfer.VerbCreate, request.command.Verb)
	require.Equal(t, "c", request.command.Request.CustomerTenantID)

	approval := open([]byte(`{"requestId":"a","lineItems":[{"subscriptionId":"s"}],"allEligible":true,"productTypes":[5]}`), readApproval)
	require.Nil(t, approval.refusal)
	require.Equal(t, transfer.Approval{
		RequestID: "a", Selection: transfer.Selection{
			LineItems: []transfer.Pick{{SubscriptionID: "s"}}, AllEligible: true, ProductTypes: []subscription.ProductType{"5"},
		},
	}, *approval.command.Approval)

	decline := open([]byte(`{"requestId":"a","reason":"no"}`), readDecision(transfer.VerbDecline))
	require.Nil(t, decline.refusal)
	require.Equal(t, transfer.VerbDecline, decline.command.Verb)
	require.Equal(t, "no", decline.command.Decision.Reason)
}

// What cannot be read is refused under an id made of its bytes, so that it is logged once.
func TestUnreadCommandsHaveAnID(t *testing.T) {
	id := func(payload string) string { return open([]byte(payload), readApproval).command.RequestID() }
	require.Equal(t, id("garbage"), id("garbage"))
	require.NotEqual(t, id("garbage"), id("rubbish"))
	require.NotEqual(t, id(`{"requestId":""}`), id(`{}`))
}

// Signals come from anybody: whatever the bytes, opening survives, and what it accepts can be logged and claims no authority
// that a signal cannot have.
func FuzzOpen(f *testing.F) {
	for _, seed := range []string{
		"", "null", "[]", "{}", `"text"`, `{"requestId":""}`, `{"requestId":"a","actor":{"platform":true}}`, `{"requestId":"a"}}`,
		`{"requestId":"` + strings.Repeat("a", 129) + `"}`, `{"REQUESTID":"a","actor":{"OPERATOR":true}}`, `{"requestId":"a","requestId":"b"}`,
		`{"requestId":"a","actor":{"partnerTenantId":"b"},"lineItems":[{"subscriptionId":"c","productType":"d"}],"allEligible":true}`,
		`{"requestId":"a","actor":{"partnerTenantId":"` + strings.Repeat("b", 129) + `"}}`, `{"requestId":"a","actor":{"userId":"` + strings.Repeat("b", 129) + `"}}`,
		`{"requestId":"a","transferType":3e0,"labels":{}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for form, read := range reads {
			l := open(data, read)
			require.NotEmpty(t, l.command.RequestID(), form)
			require.LessOrEqual(t, len(l.command.RequestID()), kernel.LongestRequestID, form)
			require.LessOrEqual(t, len(l.command.Actor().PartnerTenantID+l.command.Actor().UserID), 2*longestActor, form)
			require.False(t, l.command.Actor().Platform || l.command.Actor().Operator, form)
			require.Equal(t, l.command.Fingerprint(), l.command.Fingerprint())
			if l.refusal != nil {
				require.Equal(t, kernel.InvalidInput, l.refusal.Cause)
			}
			run.IsNudge(data)
		}
	})
}
