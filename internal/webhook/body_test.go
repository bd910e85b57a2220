package webhook_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/activitylog"
	"handover/internal/kernel/kerneltest"
	"handover/internal/webhook"
)

const (
	customer = "cccccccc-0000-4000-8000-000000000001"
	resource = "8c2e4d10-77aa-4f52-b0de-0d3f7b9c0001"
)

var (
	bases    = webhook.Bases{Resources: "https://api.partnercenter.microsoft.com/", Certificates: "https://handover.example"}
	happened = kerneltest.At("2031-03-03T11:02:03.123456Z")
)

func event(name webhook.EventName) webhook.Event {
	operation := strings.ReplaceAll(string(name), "-", "_")
	return webhook.Event{
		ID: activitylog.AuditID(partner, customer, resource, operation, happened), PartnerTenantID: partner, Name: name,
		CustomerTenantID: customer, ResourceID: resource, At: happened,
	}
}

func TestBodiesOfPartnerCenter(t *testing.T) {
	t.Parallel()
	kerneltest.Rule(t, "R-210 exactly these five fields", func(t *testing.T) {
		body, err := event(webhook.CompleteTransfer).Body(webhook.PartnerCenter, bases)
		require.NoError(t, err)
		assert.Equal(t, `{"EventName":"complete-transfer",`+
			`"ResourceUri":"https://api.partnercenter.microsoft.com/v1/customers/`+customer+`/transfers/`+resource+`",`+
			`"ResourceName":"Transfer",`+
			`"AuditUri":"https://api.partnercenter.microsoft.com/auditactivity/v1/auditrecords/`+partner+`_`+customer+`_`+resource+`_completetransfer_640658989231234560",`+
			`"ResourceChangeUtcDate":"2031-03-03T11:02:03.1234560+00:00"}`, string(body))
	})
	kerneltest.Rule(t, "R-211 consumers take customer and transfer from the audit record's address", func(t *testing.T) {
		parts := strings.Split(said(t, event(webhook.CreateTransfer))["AuditUri"].(string), "_")
		assert.Equal(t, []string{customer, resource}, parts[1:3])
	})
	kerneltest.Rule(t, "R-212 the resource's address ends in its id", func(t *testing.T) {
		for _, name := range []webhook.EventName{webhook.CreateTransfer, webhook.UpdateTransfer, webhook.CompleteTransfer, webhook.FailTransfer, webhook.SubscriptionUpdated} {
			assert.True(t, strings.HasSuffix(said(t, event(name))["ResourceUri"].(string), "/"+resource), name)
		}
	})
	kerneltest.Rule(t, "R-460 the resource is a Transfer", func(t *testing.T) {
		for name, want := range map[webhook.EventName]string{
			webhook.CreateTransfer: "Transfer", webhook.UpdateTransfer: "Transfer", webhook.CompleteTransfer: "Transfer", webhook.FailTransfer: "Transfer",
			webhook.SubscriptionUpdated: "subscription", webhook.RelationshipAccepted: "customer", webhook.IndirectAccepted: "customer",
		} {
			assert.Equal(t, want, said(t, event(name))["ResourceName"], name)
		}
	})
	kerneltest.Rule(t, "R-231 a test says where its result is, and has no audit record", func(t *testing.T) {
		test := webhook.Event{ID: resource, PartnerTenantID: partner, Name: webhook.TestCreated, ResourceID: resource, At: happened}
		assert.Equal(t, map[string]any{
			"EventName": "test-created", "ResourceName": "test", "AuditUri": nil, "ResourceChangeUtcDate": "2031-03-03T11:02:03.1234560+00:00",
			"ResourceUri": "https://api.partnercenter.microsoft.com/webhooks/v1/registration/validationEvents/" + resource,
		}, said(t, test))
	})
}

func said(t *testing.T, e webhook.Event) map[string]any {
	t.Helper()
	body, err := e.Body(webhook.PartnerCenter, bases)
	require.NoError(t, err)
	assert.Less(t, len(body), webhook.MostBody)
	var fields map[string]any
	require.NoError(t, json.Unmarshal(body, &fields))
	assert.Len(t, fields, 5)
	return fields
}

func TestBodiesOfStandardWebhooks(t *testing.T) {
	t.Parallel()
	body, err := event(webhook.FailTransfer).Body(webhook.Standard, bases)
	require.NoError(t, err)
	assert.JSONEq(t, `{"type":"transfer.failed","timestamp":"2031-03-03T11:02:03.123456Z","data":{"eventName":"fail-transfer","customerId":"`+customer+`",
		"resourceId":"`+resource+`","resourceUri":"https://api.partnercenter.microsoft.com/v1/customers/`+customer+`/transfers/`+resource+`",
		"auditUri":"https://api.partnercenter.microsoft.com/auditactivity/v1/auditrecords/`+event(webhook.FailTransfer).ID+`"}}`, string(body))
	kinds := map[string]bool{}
	for _, name := range webhook.EventNames() {
		body, err := event(name).Body(webhook.Standard, bases)
		require.NoError(t, err)
		var message struct{ Type string }
		require.NoError(t, json.Unmarshal(body, &message))
		assert.Regexp(t, `^[a-z_]+\.[a-z]+$`, message.Type)
		assert.False(t, kinds[message.Type], message.Type)
		kinds[message.Type] = true
		assert.NotContains(t, event(name).ID, ".", "the id is a part of what is signed")
	}
}

func TestBodiesThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, format := range []webhook.Format{webhook.PartnerCenter, webhook.Standard} {
		_, err := event("made-up").Body(format, bases)
		require.ErrorContains(t, err, "made-up")
		var unsaid *webhook.UnsaidError
		require.ErrorAs(t, err, &unsaid)
		require.True(t, unsaid.Later, "a newer program may know it")
		large := event(webhook.CreateTransfer)
		large.ResourceID = strings.Repeat("x", webhook.MostBody)
		_, err = large.Body(format, bases)
		require.ErrorContains(t, err, "more than 20480")
		require.ErrorAs(t, err, &unsaid)
		require.False(t, unsaid.Later)
	}
}
