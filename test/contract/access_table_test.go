package contract

// What is answered to whom. Who may call an operation stands in the table of apitest; every operation there has at least one row here,
// with what somebody hears who may not see what is asked for, and a row that nothing describes is wrong.

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

// attempt is one way to call an operation.
type attempt struct {
	operation string
	how       string // tells the attempts at one operation apart
	agents    bool   // a user must be an admin agent in the ledger too
	changes   bool   // something, when it succeeds

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
	none := forAll(roleMissing)
	return []attempt{
		{operation: "applyWorld", changes: true, body: object{}, says: none},
		{operation: "endTies", changes: true, body: object{}, says: none},
		{operation: "getPartnerAsOperator", path: map[string]string{"partnerId": s.of[isSource].TenantID}, says: none},
		{operation: "getCustomerAsOperator", path: map[string]string{"customerId": s.customer}, says: none},
		{operation: "getSubscriptionAsOperator", path: map[string]string{"subscriptionId": s.spare}, says: none},
	}
}

// transferReads: a transfer exists for its two parties only.
func transferReads(s *scene) []attempt {
	ofCustomer := map[string]string{"customerId": s.customer}
	all := []attempt{
		{operation: "listTransfers", path: ofCustomer, says: []outcome{fine, fine, nothing, nothing, neverResellers}},
		{operation: "getTransferEligibility", path: ofCustomer, query: url.Values{"transferType": {"3"}},
			says: []outcome{fine, fine, fine, noCustomer, neverResellers}},
		{operation: "getTransferEligibility", how: "for a transfer", path: ofCustomer,
			query: url.Values{"transferType": {"3"}, "transferId": {s.pending}}, says: []outcome{fine, noTransfer, noTransfer, noCustomer, neverResellers}},
	}
	partiesOnly := []outcome{fine, fine, noTransfer, noTransfer, neverResellers}
	for how, id := range map[string]string{"complete": s.complete, "partial": s.partial, "pending": s.pending} {
		path := map[string]string{"customerId": s.customer, "transferId": id}
		all = append(all,
			attempt{operation: "getTransfer", how: how, path: path, says: partiesOnly},
			attempt{operation: "listTransferEvents", how: how, path: path, says: partiesOnly},
			attempt{operation: "getTransferReport", how: how, path: path, says: partiesOnly},
			attempt{operation: "getTransferReport", how: how + " as CSV", path: path, query: url.Values{"format": {"csv"}}, says: partiesOnly},
		)
		if how != "pending" { // the stream of one that goes on does not end
			all = append(all, attempt{operation: "followTransfer", how: how, path: path, says: partiesOnly})
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
		{operation: "createTransfer", how: "for oneself", agents: true, changes: true, path: ofCustomer, body: s.request(),
			says: []outcome{noSourceOfOwn, made, made, notAccepted, neverResellers}},
		{operation: "createTransfer", how: "for the target", agents: true, changes: true, path: ofCustomer, body: forTarget,
			says: []outcome{notTarget, made, notTarget, notTarget, neverResellers}},
		{operation: "createTransfer", how: "as a dry run", path: ofCustomer, body: s.request(), query: url.Values{"dryRun": {"true"}},
			says: forBilling(fine)},
		{operation: "updateTransfer", how: "submit", agents: true, changes: true, path: path, says: bySource,
			body: object{"lineItems": []object{{"subscriptionId": s.spare, "productType": "OnlineServicesNCE"}}}},
		{operation: "updateTransfer", how: "submit everything", agents: true, changes: true, path: path, body: everything, says: bySource},
		{operation: "updateTransfer", how: "decline", agents: true, changes: true, path: path, body: object{"status": "Reject"}, says: bySource},
		{operation: "updateTransfer", how: "cancel", agents: true, changes: true, path: path, body: object{"status": "Cancel"}, says: byTarget},
		{operation: "updateTransfer", how: "label", changes: true, path: path, body: object{"externalReference": "another"},
			says: []outcome{fine, fine, noTransfer, noTransfer, neverResellers}},
	}
}

// aCertificate is one that something was signed with.
var aCertificate = []byte("a certificate")

// webhookReads: each partner has a registration and deliveries of its own. Receivers need no token for certificates.
func webhookReads() []attempt {
	return []attempt{
		{operation: "listWebhookEvents", says: forBilling(fine)},
		{operation: "listWebhookDeliveries", says: forBilling(fine)},
		{operation: "getWebhookDelivery", path: map[string]string{"deliveryId": uuid.NewString()}, says: forBilling(noDelivery)},
		{operation: "getWebhookTest", path: map[string]string{"correlationId": uuid.NewString()}, says: forBilling(noDelivery)},
		{operation: "getWebhookCertificate", path: map[string]string{"certificate": webhook.CertificateID(aCertificate) + ".cer"}, says: forAll(fine)},
	}
}

// webhookWrites: nobody is registered until somebody registers.
func webhookWrites() []attempt {
	wish := object{"WebhookUrl": "https://hooks.example/", "WebhookEvents": []string{"create-transfer"}}
	return []attempt{
		{operation: "getWebhook", says: forBilling(noWebhook)},
		{operation: "testWebhook", says: forBilling(noWebhook)},
		{operation: "redeliverWebhook", path: map[string]string{"deliveryId": uuid.NewString()}, says: forBilling(noWebhook)},
		{operation: "redeliverDeadWebhooks", says: forBilling(noWebhook)},
		{operation: "deleteWebhook", says: forBilling(noWebhook)},
		{operation: "replaceWebhook", body: wish, says: forBilling(noWebhook)},
		{operation: "createWebhook", changes: true, body: wish, says: forBilling(fine)},
	}
}

// otherWrites: whoever bills a subscription changes it, and whoever sells to a customer attests its agreement.
func otherWrites(s *scene) []attempt {
	return []attempt{
		{operation: "updateSubscription", changes: true, path: s.subscription(s.spare),
			body: object{"friendlyName": "another"}, says: []outcome{fine, noSubscription, noSubscription, noSubscription, neverResellers}},
		{operation: "attestAgreement", changes: true, path: map[string]string{"customerId": s.customer}, body: s.attestation(),
			says: []outcome{made, made, made, noRelation, neverResellers}},
		{operation: "makeSandboxRelationship", changes: true, body: object{"customerId": s.customer}, says: forAll(onlyInSandboxes)},
	}
}

// subscription is the path of a subscription of the customer.
func (s *scene) subscription(id string) map[string]string {
	return map[string]string{"customerId": s.customer, "subscriptionId": id}
}

// searches find what the caller takes part in, by what the caller itself calls it.
func (s *scene) searches() []attempt {
	search := func(how string, query url.Values, says ...outcome) attempt {
		return attempt{operation: "searchTransfers", how: how, query: query, says: says}
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
		{operation: "listCustomers", says: forAll(fine)},
		{operation: "listCustomers", how: "by name", query: byName, says: []outcome{fine, fine, fine, nothing, fine}},
		{operation: "getCustomer", path: ofCustomer, says: itsPartners},
		{operation: "listSubscriptions", path: ofCustomer, says: whoBills},
		{operation: "getCompanyProfile", path: ofCustomer, says: itsPartners},
		{operation: "getBillingProfile", path: ofCustomer, says: itsPartners},
		{operation: "listAgreementTemplates", says: forAll(fine)},
		{operation: "listAgreements", path: ofCustomer, says: whoBills},
		{operation: "getDirectSignStatus", path: ofCustomer, says: whoBills},
		{operation: "listCustomerRelationships", path: ofCustomer, says: itsPartners},
	}
}

// subscriptionReads: a subscription exists for whoever bills it, or did.
func subscriptionReads(s *scene) []attempt {
	sources := []outcome{fine, noSubscription, noSubscription, noSubscription, neverResellers}
	targets := []outcome{noSubscription, fine, noSubscription, noSubscription, neverResellers}
	return []attempt{
		{operation: "getSubscription", how: "of the source", path: s.subscription(s.kept), says: sources},
		{operation: "listAddons", how: "of the source", path: s.subscription(s.kept), says: sources},
		{operation: "listAddons", how: "that the target has now", path: s.subscription(s.moved), says: targets},
		{operation: "getSubscription", how: "that the source had", path: s.subscription(s.old), says: sources},
		{operation: "getSubscription", how: "that the target has now", path: s.subscription(s.moved), says: targets},
	}
}

// billReads: an order exists for whoever placed it, an invoice for whoever pays it.
func billReads(s *scene) []attempt {
	ofInvoice := map[string]string{"invoiceId": "1234567890", "provider": "OneTime", "lineItemType": "BillingLineItems"}
	return []attempt{
		{operation: "listOrders", path: map[string]string{"customerId": s.customer}, says: []outcome{fine, fine, fine, noCustomer, neverResellers}},
		{operation: "getOrder", path: map[string]string{"customerId": s.customer, "orderId": s.order},
			says: []outcome{noOrder, fine, noOrder, noOrder, neverResellers}},
		{operation: "listInvoices", says: forBilling(fine)},
		{operation: "getInvoice", path: map[string]string{"invoiceId": "1234567890"}, says: forBilling(noInvoice)},
		{operation: "listInvoiceLineItems", path: ofInvoice, says: forBilling(noLineItems)},
		{operation: "listUnbilledLineItems", says: forBilling(fine)},
	}
}

// partnerReads: what partners signed and whom they work with.
func partnerReads(s *scene) []attempt {
	in := func(capacity string) url.Values { return url.Values{"relationship_type": {capacity}} }
	ofReseller := []outcome{noPartner, fine, noPartner, noPartner, fine}
	return []attempt{
		{operation: "listRelationships", how: "as a provider", query: in("IsIndirectCloudSolutionProviderOf"), says: forAll(fine)},
		{operation: "listRelationships", how: "as a reseller", query: in("IsIndirectResellerOf"), says: forAll(fine)},
		{operation: "listPrograms", says: forAll(fine)},
		{operation: "getRelationshipRequest", says: []outcome{fine, fine, fine, fine, fine}},
		{operation: "getAgreementStatus", how: "of the source", query: url.Values{"tenantId": {s.of[isSource].TenantID}},
			says: []outcome{fine, noPartner, noPartner, noPartner, noPartner}},
		{operation: "getAgreementStatus", how: "of the reseller", query: url.Values{"tenantId": {s.of[isReseller].TenantID}}, says: ofReseller},
		{operation: "getAgreementStatus", how: "of the reseller's PartnerID", query: url.Values{"mpnId": {s.of[isReseller].MPNID}}, says: ofReseller},
	}
}

// logReads: each partner reads its own log. The operator's probes need nothing.
func logReads(s *scene) []attempt {
	all := []attempt{
		{operation: "listAuditRecords", says: forAll(fine)},
		{operation: "listAuditRecords", how: "of the customer", says: []outcome{fine, fine, nothing, nothing, nothing},
			query: url.Values{"filter": {`{"Field":"CustomerId","Value":"` + s.customer + `","Operator":"equals"}`}}},
		{operation: "isAlive", says: forAll(fine)},
		{operation: "isReady", says: forAll(fine)},
	}
	for _, operation := range []string{"getAuditRecord", "getAuditRecordByUri"} {
		all = append(all,
			attempt{operation: operation, how: "of the source", path: map[string]string{"recordId": s.records[isSource]},
				says: []outcome{fine, noRecord, noRecord, noRecord, noRecord}},
			attempt{operation: operation, how: "of the target", path: map[string]string{"recordId": s.records[isTarget]},
				says: []outcome{noRecord, fine, noRecord, noRecord, noRecord}},
		)
	}
	return all
}
