package transfer

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// PartnerType says how a partner stands in the programme (domain section 1.1).
type PartnerType string

// The partner types. Only the first two may take part in a transfer.
const (
	DirectBill       PartnerType = "direct-bill"
	IndirectProvider PartnerType = "indirect-provider"
	IndirectReseller PartnerType = "indirect-reseller"
)

// ProgramStatus is a partner's standing in the programme.
type ProgramStatus string

// The programme statuses. A restricted partner may transfer out but not in (OQ-9).
const (
	ProgramActive     ProgramStatus = "active"
	ProgramRestricted ProgramStatus = "restricted"
	ProgramInactive   ProgramStatus = "inactive"
)

// AdminAgent is a user of a partner who may create, submit, cancel and decline, and who gets the partner's e-mail.
type AdminAgent struct {
	UserID string `json:"userId" yaml:"userId"`
	Email  string `json:"email" yaml:"email"`
}

// Partner is a tenant enrolled in the programme.
type Partner struct {
	TenantID    string
	Name        string
	Type        PartnerType
	Status      ProgramStatus
	MPASigned   bool
	MPNID       string
	Market      string // ISO 3166-1 alpha-2
	Currency    string // ISO 4217
	Locale      string // BCP 47
	AdminAgents []AdminAgent
}

// transacts tells whether the partner is billed by the platform and so can be a source or a target.
func (p Partner) transacts() bool { return p.Type == DirectBill || p.Type == IndirectProvider }

// Admits tells whether the user may act for the partner. No user means an application acts, which is allowed.
func (p Partner) Admits(userID string) bool {
	if userID == "" {
		return true
	}
	for _, a := range p.AdminAgents {
		if SameID(a.UserID, userID) {
			return true
		}
	}
	return false
}

// Customer is the tenant that uses the services. It takes no decision about a transfer.
type Customer struct {
	TenantID string
	Name     string
	Domain   string
	Email    string
	Market   string
	Locale   string
}

// AgreementMode says how the customer accepted the Microsoft Customer Agreement.
type AgreementMode string

// The two ways to accept. Only a direct acceptance carries over to an indirect provider.
const (
	Attestation AgreementMode = "attestation"
	DirectSign  AgreementMode = "direct"
)

// Agreement is one customer's acceptance with one partner. Only an attestation names a contact and who attested it.
type Agreement struct {
	CustomerTenantID string
	PartnerTenantID  string
	Mode             AgreementMode
	DateAgreed       time.Time // zero when nobody told
	TemplateID       string    // which text was agreed to; empty when nobody told
	Contact          Contact
	AttestedBy       string // user id
}

// ProductType names what a subscription is. The first four move by transfer.
type ProductType string

// UnmarshalJSON takes the bare number 5 as well, which some clients send for licences (OQ-16). Numbers become text, for
// CheckSelection to judge; a whole one has one form, however it was written.
func (p *ProductType) UnmarshalJSON(data []byte) error {
	var number json.Number
	if err := json.Unmarshal(data, &number); err == nil {
		if whole, err := ParseWhole(number.String()); err == nil {
			number = json.Number(strconv.Itoa(whole))
		}
		*p = ProductType(number)
		return nil
	}
	return json.Unmarshal(data, (*string)(p))
}

// The product types of a world (domain section 3.3).
const (
	OnlineServicesNCE  ProductType = "OnlineServicesNCE"
	AzureSubscription  ProductType = "AzureSubscription"
	AzureReservation   ProductType = "AzureReservation"
	AzureSavingsPlan   ProductType = "AzureSavingsPlan"
	AzurePlan          ProductType = "AzurePlan"
	OnlineServices     ProductType = "OnlineServices" // traditional licence-based, legacy transfers only
	Software           ProductType = "Software"
	PerpetualSoftware  ProductType = "PerpetualSoftware"
	SaaS               ProductType = "SaaS" // third-party, from the marketplace
	TermBasedLicensing ProductType = "TermBased"
)

// MovableProductTypes are the types that R-60 allows in targetProductTypes.
func MovableProductTypes() []ProductType {
	return []ProductType{OnlineServicesNCE, AzureSubscription, AzureReservation, AzureSavingsPlan}
}

// ProductTypes lists every product type a world may hold.
func ProductTypes() []ProductType {
	return append(MovableProductTypes(), AzurePlan, OnlineServices, Software, PerpetualSoftware, SaaS, TermBasedLicensing)
}

// azure tells whether moving the type needs the customer's Azure plan at the target.
func (p ProductType) azure() bool {
	return p == AzureSubscription || p == AzureReservation || p == AzureSavingsPlan
}

// The offers that speak of.
const (
	LegacyAzureOffer = "MS-AZR-0145P"
	AzurePlanOffer   = "MS-AZR-0017G"
)

// SubscriptionStatus is the state of a subscription. Only an active one moves.
type SubscriptionStatus string

// The subscription states, spelled as on the wire.
const (
	SubscriptionActive    SubscriptionStatus = "active"
	SubscriptionPending   SubscriptionStatus = "pending"
	SubscriptionSuspended SubscriptionStatus = "suspended"
	SubscriptionExpired   SubscriptionStatus = "expired"
	SubscriptionDisabled  SubscriptionStatus = "disabled"
	SubscriptionDeleted   SubscriptionStatus = "deleted"
)

// BillingCycle says how often the owner is invoiced.
type BillingCycle string

// The billing cycles, spelled as on the wire (domain section 4.3).
const (
	Monthly      BillingCycle = "monthly"
	Annual       BillingCycle = "annual"
	OneTime      BillingCycle = "one_time"
	NoCycle      BillingCycle = "none"
	UnknownCycle BillingCycle = "unknown"
)

// Subscription is something a partner bills a customer for.
type Subscription struct {
	ID                string
	LineageID         string // id of the first subscription in the chain of moves; one live subscription per lineage (I-1)
	CustomerTenantID  string
	PartnerTenantID   string // the billing owner
	ProductType       ProductType
	OfferID           string
	FriendlyName      string
	Quantity          int
	UnitPriceMinor    int64 // in hundredths of the owner's billing currency, per billing cycle and unit
	BillingCycle      BillingCycle
	TermDuration      string // ISO 8601, "P1Y"; empty without a term
	CreationDate      time.Time
	CommitmentEndDate time.Time // zero without a term
	Status            SubscriptionStatus
	AutoRenew         bool
	ParentID          string    // the base of an add-on, or the subscription a reservation is scoped to; empty otherwise
	PartnerOnRecord   string    // MPN id of the credited indirect reseller
	CancelAt          time.Time // when the platform cancels it by itself; zero for never
	Locked            bool      // neither cancellable nor exchangeable
	SandboxFault      string    // scripted fault of a sandbox world, see ParseFault
}

// addon tells whether the subscription moves with its base. A reservation or savings plan under an Azure
// subscription is not one: it is selected for itself.
func (s Subscription) addon() bool {
	return s.ParentID != "" && s.ProductType != AzureReservation && s.ProductType != AzureSavingsPlan
}

// SameID compares two GUIDs as R-105 wants it: case does not matter.
func SameID(a, b string) bool { return strings.EqualFold(a, b) }
