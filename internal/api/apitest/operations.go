// Package apitest is the one table of what the API has: who may call each operation, and in how many ways it changes something. The
// suites that walk over the API read it, each for the part that it plays: test/contract tries everybody at everything, internal/api does
// every write twice, test/integration does so through crashes. A route without a row fails in all of them, and so does a row that one
// of them has nothing for.
package apitest

import "slices"

// The roles that have access, by what they are for.
var (
	admins    = []string{"AdminAgent"}
	sellers   = []string{"AdminAgent", "SalesAgent"}
	readers   = []string{"AdminAgent", "SalesAgent", "HelpdeskAgent"}
	hearers   = []string{"BillingAdmin", "AdminAgent", "SalesAgent", "HelpdeskAgent", "GlobalAdmin"} // of webhooks
	auditors  = []string{"AdminAgent", "SalesAgent", "GlobalAdmin"}                                  // of the partner agreement
	globals   = []string{"GlobalAdmin"}
	operators = []string{"Operator"} // of the platform: no partner has the role, whatever its tokens name
	anybody   []string               // without a token
)

// Operation is one operation of the API.
type Operation struct {
	ID     string
	Roles  []string // one of them is needed; nil: nothing is, not even a token
	Users  bool     // an application alone is refused
	Writes []Write  // in how many ways it changes something; none for a read
}

// Write is one way in which an operation changes something.
type Write struct {
	Name   string
	Killed bool // it is also sent to gateways that are killed, restarted and cut off, by test/integration
}

// Operations are all of them.
func Operations() []Operation {
	return slices.Concat(ofTransfers, ofCustomers, ofSubscriptions, ofBills, ofPartners, ofTheLog, ofWebhooks, ofOperators)
}

var ofTransfers = []Operation{
	{ID: "listTransfers", Roles: admins},
	{ID: "searchTransfers", Roles: admins},
	{ID: "getTransfer", Roles: admins},
	{ID: "getTransferEligibility", Roles: admins},
	{ID: "listTransferEvents", Roles: admins},
	{ID: "getTransferReport", Roles: admins},
	{ID: "followTransfer", Roles: admins},
	{ID: "createTransfer", Roles: admins, Writes: []Write{{Name: "create", Killed: true}}},
	{ID: "updateTransfer", Roles: admins, Writes: []Write{
		{Name: "submit", Killed: true}, {Name: "submit everything"}, {Name: "cancel", Killed: true}, {Name: "decline", Killed: true}, {Name: "label", Killed: true},
	}},
}

var ofCustomers = []Operation{
	{ID: "listCustomers", Roles: readers},
	{ID: "getCustomer", Roles: readers},
	{ID: "getCompanyProfile", Roles: readers},
	{ID: "getBillingProfile", Roles: readers},
	{ID: "listAgreementTemplates", Roles: readers},
	{ID: "listAgreements", Roles: readers},
	{ID: "getDirectSignStatus", Roles: readers},
	{ID: "attestAgreement", Roles: sellers, Users: true, Writes: []Write{{Name: "attestation", Killed: true}}},
	{ID: "listCustomerRelationships", Roles: sellers},
}

var ofSubscriptions = []Operation{
	{ID: "listSubscriptions", Roles: readers},
	{ID: "getSubscription", Roles: readers},
	{ID: "listAddons", Roles: readers},
	{ID: "updateSubscription", Roles: sellers, Writes: []Write{{Name: "subscription", Killed: true}}},
}

var ofBills = []Operation{
	{ID: "listOrders", Roles: readers},
	{ID: "getOrder", Roles: readers},
	{ID: "listInvoices", Roles: admins},
	{ID: "getInvoice", Roles: admins},
	{ID: "listInvoiceLineItems", Roles: admins},
	{ID: "listUnbilledLineItems", Roles: admins},
}

var ofPartners = []Operation{
	{ID: "listRelationships", Roles: sellers},
	{ID: "listPrograms", Roles: globals, Users: true},
	{ID: "getRelationshipRequest", Roles: sellers, Users: true},
	{ID: "getAgreementStatus", Roles: auditors},
	{ID: "makeSandboxRelationship", Roles: sellers, Users: true, Writes: []Write{{Name: "sandbox relationship"}}},
}

var ofTheLog = []Operation{
	{ID: "listAuditRecords", Roles: admins},
	{ID: "getAuditRecord", Roles: admins},
	{ID: "getAuditRecordByUri", Roles: admins},
	{ID: "isAlive", Roles: anybody},
	{ID: "isReady", Roles: anybody},
}

var ofWebhooks = []Operation{
	{ID: "listWebhookEvents", Roles: hearers},
	{ID: "listWebhookDeliveries", Roles: hearers},
	{ID: "getWebhookDelivery", Roles: hearers},
	{ID: "getWebhookTest", Roles: hearers},
	{ID: "getWebhookCertificate", Roles: anybody},
	{ID: "getWebhook", Roles: hearers},
	{ID: "createWebhook", Roles: hearers, Writes: []Write{{Name: "webhook"}}},
	{ID: "replaceWebhook", Roles: hearers, Writes: []Write{{Name: "another webhook"}}},
	{ID: "deleteWebhook", Roles: hearers, Writes: []Write{{Name: "no webhook"}}},
	{ID: "testWebhook", Roles: hearers, Writes: []Write{{Name: "test of a webhook"}}},
	{ID: "redeliverWebhook", Roles: hearers, Writes: []Write{{Name: "redelivery"}}},
	{ID: "redeliverDeadWebhooks", Roles: hearers, Writes: []Write{{Name: "redelivery of dead letters"}}},
}

var ofOperators = []Operation{
	{ID: "applyWorld", Roles: operators, Writes: []Write{{Name: "world"}}},
	{ID: "endTies", Roles: operators, Writes: []Write{{Name: "endings"}}},
	{ID: "getPartnerAsOperator", Roles: operators},
	{ID: "getCustomerAsOperator", Roles: operators},
	{ID: "getSubscriptionAsOperator", Roles: operators},
}

// Named is the operation with the id, and whether there is one.
func Named(id string) (Operation, bool) {
	all := Operations()
	i := slices.IndexFunc(all, func(o Operation) bool { return o.ID == id })
	if i < 0 {
		return Operation{}, false
	}
	return all[i], true
}

// Writes are the names of all ways to change something for which the condition holds.
func Writes(which func(Write) bool) []string {
	var names []string
	for _, o := range Operations() {
		for _, w := range o.Writes {
			if which(w) {
				names = append(names, w.Name)
			}
		}
	}
	return names
}
