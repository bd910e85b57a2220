package activitylog

import (
	"fmt"
	"strings"
	"time"

	"handover/internal/kernel"
)

// AuditID is the id of an audit record: consumers split it at "_" and take customer and transfer from it,
// so the operation loses its own separators.
func AuditID(partnerTenantID, customerTenantID, transferID, operation string, at time.Time) string {
	return fmt.Sprintf("%s_%s_%s_%s_%d", partnerTenantID, customerTenantID, transferID, strings.ReplaceAll(operation, "_", ""), kernel.Ticks(at))
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
)

// By is who makes a change that is not a transfer's, for the log.
type By struct {
	PartnerTenantID string
	UserID          string // empty when an application acts by itself
	ApplicationID   string
	CorrelationID   string // MS-CorrelationId of the request
	SalesAgentOnly  bool   // a sales agent who is not an admin agent too
}
