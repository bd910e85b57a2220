package contract

// Who may call what. Every operation of the description has at least one row here, and a row that nothing describes is
// wrong: whoever adds a route writes down who may call it, and what somebody hears who may not see what is asked for.

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/google/uuid"

	"handover/internal/webhook"
)

// outcome is what somebody hears whom the operation lets in.
type outcome struct {
	status int
	code   string // of a refusal
	unseen bool   // word for word what is said of something that does not exist
}

var (
	fine    = outcome{status: http.StatusOK}
	made    = outcome{status: http.StatusCreated}
	nothing = outcome{status: http.StatusOK, unseen: true} // an empty list

	noTransfer     = outcome{http.StatusNotFound, "900100", true}
	noCustomer     = outcome{http.StatusNotFound, "60003", true}
	noSubscription = outcome{http.StatusNotFound, "20003", true}
	noRecord       = outcome{http.StatusNotFound, "1000", true}
	noWebhook      = outcome{http.StatusNotFound, "1000", false}
	noDelivery     = outcome{http.StatusNotFound, "1000", true}
	noPartner      = outcome{http.StatusNotFound, "60003", true}
	noRelation     = outcome{http.StatusForbidden, "20002", true}
	noOrder        = outcome{http.StatusNotFound, "20000", true}
	noInvoice      = outcome{http.StatusNotFound, "1000", true}
	noLineItems    = outcome{http.StatusNotFound, "1000", false} // of an invoice that nobody has

	noSourceOfOwn   = outcome{http.StatusBadRequest, "900148", false}
	notTarget       = outcome{http.StatusBadRequest, "800002", false}
	notTheirs       = outcome{http.StatusForbidden, "900150", false}
	onlyInSandboxes = outcome{http.StatusBadRequest, "900127", false}
	neverResellers  = outcome{http.StatusForbidden, "900137", false}
	// a create tells that the customer exists, so that its relationship can be asked for.
	notAccepted = outcome{http.StatusForbidden, "20002", false}
)

// What somebody hears whom the operation does not let in at all.
var (
	roleMissing = outcome{status: http.StatusForbidden, code: "900150"}
	userMissing = outcome{status: http.StatusForbidden, code: "900329"}
	notPartner  = outcome{status: http.StatusForbidden, code: "900137"}
)

// The roles that have access, by what they are for.
var (
	admins   = []string{"AdminAgent"}
	sellers  = []string{"AdminAgent", "SalesAgent"}
	readers  = []string{"AdminAgent", "SalesAgent", "HelpdeskAgent"}
	hearers  = []string{"BillingAdmin", "AdminAgent", "SalesAgent", "HelpdeskAgent", "GlobalAdmin"} // of webhooks
	auditors = []string{"AdminAgent", "SalesAgent", "GlobalAdmin"}                                  // of the partner agreement
	globals  = []string{"GlobalAdmin"}
)

// attempt is one way to call an operation.
type attempt struct {
	operation string
	how       string   // tells the attempts at one operation apart
	roles     []string // one of them is needed; nil: nothing is, not even a token
	users     bool     // an application alone is refused
	agents    bool     // a user must be an admin agent in the ledger too
	changes   bool     // something, when it succeeds

	path  map[string]string // what stands for the parameters of the path
	query url.Values
	body  any

	says []outcome // to partners, each as an admin agent
}

// forAll is the same for every partner.
func forAll(o outcome) []outcome { return []outcome{o, o, o, o, o} }

// forBilling is the same for every partner that bills.
func forBilling(o outcome) []outcome { return []outcome{o, o, o, o, neverResellers} }

// access are the attempts on a scene. The outcomes stand in the order of partners: source, target, stranger, outsider,
// reseller. What changes something comes last, so that lists are not longer than the scene.
func access(s *scene) []attempt {
	return slices.Concat(transferReads(s), s.searches(), customerReads(s), subscriptionReads(s), billReads(s), partnerReads(s), logReads(s), webhookReads(), transferWrites(s),
		otherWrites(s), webhookWrites(), operatorsOnly(s))
}

// operatorsOnly is for who runs the platform: no partner has the role, whatever its tokens name.
func operatorsOnly(s *scene) []attempt {
	none, operators := forAll(roleMissing), []string{"Operator"}
	return []attempt{
		{operation: "applyWorld", roles: operators, changes: true, body: object{}, says: none},
		{operation: "endTies", roles: operators, changes: true, body: object{}, says: none},
		{operation: "getPartnerAsOperator", roles: operators, path: map[string]string{"partnerId": s.of[isSource].TenantID}, says: none},
		{operation: "getCustomerAsOperator", roles: operators, path: map[string]string{"customerId": s.customer}, says: none},
		{operation: "getSubscriptionAsOperator", roles: operators, path: map[string]string{"subscriptionId": s.spare}, says: none},
	}
}

// transferReads: a transfer exists for its two parties only.
func transferReads(s *scene) []attempt {
	ofCustomer := map[string]string{"customerId": s.customer}
	all := []attempt{
		{operation: "listTransfers", roles: admins, path: ofCustomer, says: []outcome{fine, fine, nothing, nothing, neverResellers}},
		{operation: "getTransferEligibility", roles: admins, path: ofCustomer, query: url.Values{"transferType": {"3"}},
			says: []outcome{fine, fine, fine, noCustomer, neverResellers}},
		{operation: "getTransferEligibility", how: "for a transfer", roles: admins, path: ofCustomer,
			query: url.Values{"transferType": {"3"}, "transferId": {s.pending}}, says: []outcome{fine, noTransfer, noTransfer, noCustomer, neverResellers}},
	}
	partiesOnly := []outcome{fine, fine, noTransfer, noTransfer, neverResellers}
	for how, id := range map[string]string{"complete": s.complete, "partial": s.partial, "pending": s.pending} {
		path := map[string]string{"customerId": s.customer, "transferId": id}
		all = append(all,
			attempt{operation: "getTransfer", how: how, roles: admins, path: path, says: partiesOnly},
			attempt{operation: "listTransferEvents", how: how, roles: admins, path: path, says: partiesOnly},
			attempt{operation: "getTransferReport", how: how, roles: admins, path: path, says: partiesOnly},
			attempt{operation: "getTransferReport", how: how + " as CSV", roles: admins, path: path, query: url.Values{"format": {"csv"}}, says: partiesOnly},
		)
		if how != "pending" { // the stream of one that goes on does not end
			all = append(all, attempt{operation: "followTransfer", how: how, roles: admins, path: path, says: partiesOnly})
		}
	}
	return all
}

// transferWrites: the target asks and cancels, the source submits and declines, each labels for itself.
func transferWrites(s *scene) []attempt {
	ofCustomer := map[string]string{"customerId": s.customer}
	path := map[string]string{"customerId": s.customer, "transferId": s.pending}
	forTarget := with(s.request(), object{"targetPartnerTenantId": s.of[isTarget].TenantID})
	bySource, byTarget := []outcome{fine, notTheirs, noTransfer, noTransfer, neverResellers}, []outcome{notTheirs, fine, noTransfer, noTransfer, neverResellers}
	return []attempt{
		{operation: "createTransfer", how: "for oneself", roles: admins, agents: true, changes: true, path: ofCustomer, body: s.request(),
			says: []outcome{noSourceOfOwn, made, made, notAccepted, neverResellers}},
		{operation: "createTransfer", how: "for the target", roles: admins, agents: true, changes: true, path: ofCustomer, body: forTarget,
			says: []outcome{notTarget, made, notTarget, notTarget, neverResellers}},
		{operation: "createTransfer", how: "as a dry run", roles: admins, path: ofCustomer, body: s.request(), query: url.Values{"dryRun": {"true"}},
			says: forBilling(fine)},
		{operation: "updateTransfer", how: "submit", roles: admins, agents: true, changes: true, path: path, says: bySource,
			body: object{"lineItems": []object{{"subscriptionId": s.spare, "productType": "OnlineServicesNCE"}}}},
		{operation: "updateTransfer", how: "submit everything", roles: admins, agents: true, changes: true, path: path, body: everything, says: bySource},
		{operation: "updateTransfer", how: "decline", roles: admins, agents: true, changes: true, path: path, body: object{"status": "Reject"}, says: bySource},
		{operation: "updateTransfer", how: "cancel", roles: admins, agents: true, changes: true, path: path, body: object{"status": "Cancel"}, says: byTarget},
		{operation: "updateTransfer", how: "label", roles: admins, changes: true, path: path, body: object{"externalReference": "another"},
			says: []outcome{fine, fine, noTransfer, noTransfer, neverResellers}},
	}
}

// aCertificate is one that something was signed with.
var aCertificate = []byte("a certificate")

// webhookReads: each partner has a registration and deliveries of its own. Receivers need no token for certificates.
func webhookReads() []attempt {
	return []attempt{
		{operation: "listWebhookEvents", roles: hearers, says: forBilling(fine)},
		{operation: "listWebhookDeliveries", roles: hearers, says: forBilling(fine)},
		{operation: "getWebhookDelivery", roles: hearers, path: map[string]string{"deliveryId": uuid.NewString()}, says: forBilling(noDelivery)},
		{operation: "getWebhookTest", roles: hearers, path: map[string]string{"correlationId": uuid.NewString()}, says: forBilling(noDelivery)},
		{operation: "getWebhookCertificate", path: map[string]string{"certificate": webhook.CertificateID(aCertificate) + ".cer"}, says: forAll(fine)},
	}
}

// webhookWrites: nobody is registered until somebody registers.
func webhookWrites() []attempt {
	wish := object{"WebhookUrl": "https://hooks.example/", "WebhookEvents": []string{"create-transfer"}}
	return []attempt{
		{operation: "getWebhook", roles: hearers, says: forBilling(noWebhook)},
		{operation: "testWebhook", roles: hearers, says: forBilling(noWebhook)},
		{operation: "redeliverWebhook", roles: hearers, path: map[string]string{"deliveryId": uuid.NewString()}, says: forBilling(noWebhook)},
		{operation: "redeliverDeadWebhooks", roles: hearers, says: forBilling(noWebhook)},
		{operation: "deleteWebhook", roles: hearers, says: forBilling(noWebhook)},
		{operation: "replaceWebhook", roles: hearers, body: wish, says: forBilling(noWebhook)},
		{operation: "createWebhook", roles: hearers, changes: true, body: wish, says: forBilling(fine)},
	}
}

// otherWrites: whoever bills a subscription changes it, and whoever sells to a customer attests its agreement.
func otherWrites(s *scene) []attempt {
	return []attempt{
		{operation: "updateSubscription", roles: sellers, changes: true, path: s.subscription(s.spare),
			body: object{"friendlyName": "another"}, says: []outcome{fine, noSubscription, noSubscription, noSubscription, neverResellers}},
		{operation: "attestAgreement", roles: sellers, users: true, changes: true, path: map[string]string{"customerId": s.customer}, body: s.attestation(),
			says: []outcome{made, made, made, noRelation, neverResellers}},
		{operation: "makeSandboxRelationship", roles: sellers, users: true, changes: true, body: object{"customerId": s.customer}, says: forAll(onlyInSandboxes)},
	}
}

// subscription is the path of a subscription of the customer.
func (s *scene) subscription(id string) map[string]string {
	return map[string]string{"customerId": s.customer, "subscriptionId": id}
}

// searches find what the caller takes part in, by what the caller itself calls it.
func (s *scene) searches() []attempt {
	search := func(how string, query url.Values, says ...outcome) attempt {
		return attempt{operation: "searchTransfers", how: how, roles: admins, query: query, says: says}
	}
	return []attempt{
		search("everything", nil, fine, fine, fine, fine, neverResellers),
		search("of the customer", url.Values{"customerId": {s.customer}}, fine, fine, nothing, nothing, neverResellers),
		search("by the source's reference", url.Values{"externalReference": {s.reference[isSource]}}, fine, nothing, nothing, nothing, neverResellers),
		search("by the target's reference", url.Values{"externalReference": {s.reference[isTarget]}}, nothing, fine, nothing, nothing, neverResellers),
	}
}

// customerReads: a customer exists for the partners that it accepted and those that bill it.
func customerReads(s *scene) []attempt {
	ofCustomer := map[string]string{"customerId": s.customer}
	byName := url.Values{"filter": {`{"Field":"CompanyName","Value":"` + s.name + `","Operator":"starts_with"}`}}
	itsPartners, whoBills := []outcome{fine, fine, fine, noCustomer, fine}, []outcome{fine, fine, fine, noCustomer, neverResellers}
	return []attempt{
		{operation: "listCustomers", roles: readers, says: forAll(fine)},
		{operation: "listCustomers", how: "by name", roles: readers, query: byName, says: []outcome{fine, fine, fine, nothing, fine}},
		{operation: "getCustomer", roles: readers, path: ofCustomer, says: itsPartners},
		{operation: "listSubscriptions", roles: readers, path: ofCustomer, says: whoBills},
		{operation: "getCompanyProfile", roles: readers, path: ofCustomer, says: itsPartners},
		{operation: "getBillingProfile", roles: readers, path: ofCustomer, says: itsPartners},
		{operation: "listAgreementTemplates", roles: readers, says: forAll(fine)},
		{operation: "listAgreements", roles: readers, path: ofCustomer, says: whoBills},
		{operation: "getDirectSignStatus", roles: readers, path: ofCustomer, says: whoBills},
		{operation: "listCustomerRelationships", roles: sellers, path: ofCustomer, says: itsPartners},
	}
}

// subscriptionReads: a subscription exists for whoever bills it, or did.
func subscriptionReads(s *scene) []attempt {
	sources := []outcome{fine, noSubscription, noSubscription, noSubscription, neverResellers}
	targets := []outcome{noSubscription, fine, noSubscription, noSubscription, neverResellers}
	return []attempt{
		{operation: "getSubscription", how: "of the source", roles: readers, path: s.subscription(s.kept), says: sources},
		{operation: "listAddons", how: "of the source", roles: readers, path: s.subscription(s.kept), says: sources},
		{operation: "listAddons", how: "that the target has now", roles: readers, path: s.subscription(s.moved), says: targets},
		{operation: "getSubscription", how: "that the source had", roles: readers, path: s.subscription(s.old), says: sources},
		{operation: "getSubscription", how: "that the target has now", roles: readers, path: s.subscription(s.moved), says: targets},
	}
}

// billReads: an order exists for whoever placed it, an invoice for whoever pays it.
func billReads(s *scene) []attempt {
	ofInvoice := map[string]string{"invoiceId": "1234567890", "provider": "OneTime", "lineItemType": "BillingLineItems"}
	return []attempt{
		{operation: "listOrders", roles: readers, path: map[string]string{"customerId": s.customer}, says: []outcome{fine, fine, fine, noCustomer, neverResellers}},
		{operation: "getOrder", roles: readers, path: map[string]string{"customerId": s.customer, "orderId": s.order},
			says: []outcome{noOrder, fine, noOrder, noOrder, neverResellers}},
		{operation: "listInvoices", roles: admins, says: forBilling(fine)},
		{operation: "getInvoice", roles: admins, path: map[string]string{"invoiceId": "1234567890"}, says: forBilling(noInvoice)},
		{operation: "listInvoiceLineItems", roles: admins, path: ofInvoice, says: forBilling(noLineItems)},
		{operation: "listUnbilledLineItems", roles: admins, says: forBilling(fine)},
	}
}

// partnerReads: what partners signed and whom they work with.
func partnerReads(s *scene) []attempt {
	in := func(capacity string) url.Values { return url.Values{"relationship_type": {capacity}} }
	ofReseller := []outcome{noPartner, fine, noPartner, noPartner, fine}
	return []attempt{
		{operation: "listRelationships", how: "as a provider", roles: sellers, query: in("IsIndirectCloudSolutionProviderOf"), says: forAll(fine)},
		{operation: "listRelationships", how: "as a reseller", roles: sellers, query: in("IsIndirectResellerOf"), says: forAll(fine)},
		{operation: "listPrograms", roles: globals, users: true, says: forAll(fine)},
		{operation: "getRelationshipRequest", roles: sellers, users: true, says: []outcome{fine, fine, fine, fine, fine}},
		{operation: "getAgreementStatus", how: "of the source", roles: auditors, query: url.Values{"tenantId": {s.of[isSource].TenantID}},
			says: []outcome{fine, noPartner, noPartner, noPartner, noPartner}},
		{operation: "getAgreementStatus", how: "of the reseller", roles: auditors, query: url.Values{"tenantId": {s.of[isReseller].TenantID}}, says: ofReseller},
		{operation: "getAgreementStatus", how: "of the reseller's PartnerID", roles: auditors, query: url.Values{"mpnId": {s.of[isReseller].MPNID}}, says: ofReseller},
	}
}

// logReads: each partner reads its own log. The operator's probes need nothing.
func logReads(s *scene) []attempt {
	all := []attempt{
		{operation: "listAuditRecords", roles: admins, says: forAll(fine)},
		{operation: "listAuditRecords", how: "of the customer", roles: admins, says: []outcome{fine, fine, nothing, nothing, nothing},
			query: url.Values{"filter": {`{"Field":"CustomerId","Value":"` + s.customer + `","Operator":"equals"}`}}},
		{operation: "isAlive", says: forAll(fine)},
		{operation: "isReady", says: forAll(fine)},
	}
	for _, operation := range []string{"getAuditRecord", "getAuditRecordByUri"} {
		all = append(all,
			attempt{operation: operation, how: "of the source", roles: admins, path: map[string]string{"recordId": s.records[isSource]},
				says: []outcome{fine, noRecord, noRecord, noRecord, noRecord}},
			attempt{operation: operation, how: "of the target", roles: admins, path: map[string]string{"recordId": s.records[isTarget]},
				says: []outcome{noRecord, fine, noRecord, noRecord, noRecord}},
		)
	}
	return all
}
