package activitylog

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"handover/internal/kernel"
)

// NoCustomer stands in the id of a record that concerns no customer, so that the parts keep their places.
const NoCustomer = "00000000-0000-0000-0000-000000000000"

// AuditID is the id of an audit record: consumers split it at "_" and take customer and transfer from it,
// so the operation loses its own separators. The customer is empty for what concerns none.
func AuditID(partnerTenantID, customerTenantID, resourceID, operation string, at time.Time) string {
	return fmt.Sprintf("%s_%s_%s_%s_%d", partnerTenantID, cmp.Or(customerTenantID, NoCustomer), resourceID,
		strings.ReplaceAll(operation, "_", ""), kernel.Ticks(at))
}

// TimeAfter is when a record is written that follows one of that time about the same thing: now, or right after it where clocks
// disagree. The records of one thing have times that differ, in the order of events, because their ids are made of them.
func TimeAfter(last, now time.Time) time.Time {
	if now.After(last) {
		return now
	}
	return last.Add(time.Microsecond)
}

// Participants are the partners that have a record of the same event: source and target of what happened between two, only its own
// partner of what was refused or concerns nobody else.
func Participants(partnerTenantID, source, target, status string) []string {
	if source == target || status == Failed {
		return []string{partnerTenantID}
	}
	return []string{source, target}
}

// AuditOperation is the operationType of an audit record.
type AuditOperation string

// The operations that transfers write.
const (
	AuditCreate   AuditOperation = "create_transfer"
	AuditUpdate   AuditOperation = "update_transfer"
	AuditComplete AuditOperation = "complete_transfer"
	AuditFail     AuditOperation = "fail_transfer"
)

// The operations on what surrounds a transfer.
const (
	AuditUpdateSubscription AuditOperation = "update_subscription"
	AuditCreateAgreement    AuditOperation = "create_agreement"
	// AuditCreateRelationship is of a partner and a customer in a sandbox; in production the customer makes it.
	AuditCreateRelationship AuditOperation = "create_partner_customer_relationship"
)

// The operations of operators on partners and customers, by names that clients know.
const (
	AuditUpdateCompany         AuditOperation = "update_company_info" // ours: what the ledger says of a partner
	AuditUpdateMPNAssociation  AuditOperation = "update_mpn_association"
	AuditCreatePartnerUser     AuditOperation = "create_partner_user"
	AuditUpdatePartnerUser     AuditOperation = "update_partner_user"
	AuditRemovePartnerUser     AuditOperation = "remove_partner_user"
	AuditUpdateCustomer        AuditOperation = "update_customer_billing_profile"
	AuditAddCustomer           AuditOperation = "add_customer"
	AuditRemoveCustomer        AuditOperation = "remove_partner_customer_relationship"
	AuditCreatePartnerRelation AuditOperation = "create_partner_relationship"
	AuditRemovePartnerRelation AuditOperation = "remove_partner_relationship"
)

// The operations on a partner's webhook, by names of ours: clients know none.
const (
	AuditCreateWebhook    AuditOperation = "create_webhook_registration"
	AuditUpdateWebhook    AuditOperation = "update_webhook_registration"
	AuditRemoveWebhook    AuditOperation = "remove_webhook_registration"
	AuditSwitchOffWebhook AuditOperation = "switch_off_webhook_registration"
	AuditRedeliverWebhook AuditOperation = "redeliver_webhook_events"
)

// The values of an audit record's status.
const (
	Succeeded = "succeeded"
	Failed    = "failed"
)

// ResourceType names what an audit record is about (domain section 7).
type ResourceType string

// The resource types of the records that are written here.
const (
	TransferResource     ResourceType = "transfer"
	SubscriptionResource ResourceType = "subscription"
	AgreementResource    ResourceType = "agreement"

	PartnerResource      ResourceType = "mpn_association"
	PartnerUserResource  ResourceType = "partner_user"
	CustomerResource     ResourceType = "customer"
	RelationshipResource ResourceType = "partner_customer_relationship"
	PartnershipResource  ResourceType = "partner_relationship"

	WebhookResource ResourceType = "webhook_registration"
)

// ResourceTypes are those that the log has, in the order of the table of what stands in it.
func ResourceTypes() []ResourceType {
	var all []ResourceType
	for _, act := range Acts() {
		if act.Resource != "" && !slices.Contains(all, act.Resource) {
			all = append(all, act.Resource)
		}
	}
	return all
}

// ResourceNamed is the resource type that a client means, as it is written in the log; one that the log does not know in lower case,
// which finds nothing.
func ResourceNamed(text string) ResourceType {
	if named, known := kernel.Named(ResourceType(text), ResourceTypes()...); known {
		return named
	}
	return ResourceType(strings.ToLower(text))
}

// By is who makes a change that is not a transfer's, for the log.
type By struct {
	PartnerTenantID   string
	UserID            string // empty when an application acts by itself
	UserPrincipalName string // empty where the token has none
	ApplicationID     string
	CorrelationID     string // MS-CorrelationId of the request
	SalesAgentOnly    bool   // a sales agent who is not an admin agent too
}
