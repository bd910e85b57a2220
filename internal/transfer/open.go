package transfer

import (
	"net/mail"
	"strings"
	"time"
)

// Request is what the target asks for: a transfer without line items.
type Request struct {
	RequestID              string        `json:"requestId"` // idempotency key, scoped to the target
	Actor                  Actor         `json:"actor"`
	CustomerTenantID       string        `json:"customerTenantId"`
	CustomerEmail          string        `json:"customerEmailId"`
	CustomerName           string        `json:"customerName,omitempty"`
	SourcePartnerTenantID  string        `json:"sourcePartnerTenantId"`
	SourcePartnerName      string        `json:"sourcePartnerName"`
	TargetPartnerTenantID  string        `json:"targetPartnerTenantId,omitempty"`
	TargetPartnerEmailID   string        `json:"targetPartnerEmailId,omitempty"` // opaque, R-123
	TargetProductTypes     []ProductType `json:"targetProductTypes,omitempty"`
	PartnerOnRecord        string        `json:"partnerOnRecord,omitempty"`
	TransferType           int           `json:"transferType"`
	IgnoreEligibilityCheck bool          `json:"ignoreEligibilityCheck,omitempty"`
	Labels                               // the target's (an extension)
}

// Normalize checks what can be checked without facts, fills the defaults and lowers the case of ids.
//
// Refusals: InvalidInput (R-43, R-122, R-140, OQ-21), SourceMissing, SourceIsTarget, UnknownEnum (R-60,
// R-120), OperatorOnly.
func (p Policy) Normalize(r Request) (Request, error) {
	if strings.TrimSpace(r.SourcePartnerTenantID) == "" {
		return r, Refuse(SourceMissing, "Name the source partner by its Microsoft ID (sourcePartnerTenantId).")
	}
	if r.TargetPartnerTenantID == "" {
		r.TargetPartnerTenantID = r.Actor.PartnerTenantID
	}
	for _, id := range []struct {
		field string
		value *string
	}{
		{"customerTenantId", &r.CustomerTenantID},
		{"sourcePartnerTenantId", &r.SourcePartnerTenantID},
		{"targetPartnerTenantId", &r.TargetPartnerTenantID},
		{"actor.partnerTenantId", &r.Actor.PartnerTenantID},
	} {
		var err error
		if *id.value, err = ParseID(id.field, *id.value); err != nil {
			return r, err
		}
	}
	if r.TargetPartnerEmailID == "" {
		r.TargetPartnerEmailID = r.TargetPartnerTenantID
	}
	var err error
	if r.Labels, err = r.Labels.Normalize(); err != nil {
		return r, err
	}
	return r, p.checkRequest(r)
}

func (p Policy) checkRequest(r Request) error {
	switch {
	case r.TargetPartnerTenantID != r.Actor.PartnerTenantID:
		return Refuse(InvalidInput, "targetPartnerTenantId must be the partner that makes the request; only the target can create a transfer.")
	case r.SourcePartnerTenantID == r.TargetPartnerTenantID:
		return Refuse(SourceIsTarget, "Source and target are the same partner. Name the partner who bills the customer today as the source.")
	case strings.TrimSpace(r.SourcePartnerName) == "":
		return Refuse(InvalidInput, "sourcePartnerName is required.")
	case r.TransferType != 3 && r.TransferType != 5:
		return Refuse(UnknownEnum, "transferType must be 3 (new commerce), not %d.", r.TransferType)
	case r.IgnoreEligibilityCheck:
		return Refuse(OperatorOnly, "ignoreEligibilityCheck is reserved for operators of the platform; leave it out.")
	case r.RequestID == "":
		return Refuse(InvalidInput, "requestId is required; it makes a repeated request safe.")
	}
	if address, err := mail.ParseAddress(r.CustomerEmail); err != nil || address.Address != r.CustomerEmail {
		return Refuse(InvalidInput, "customerEmailId must be one plain e-mail address such as it@contoso.example.")
	}
	for _, t := range r.TargetProductTypes {
		if !p.moves(t) {
			return Refuse(UnknownEnum, "targetProductTypes does not know %q; allowed are %s.", clip(string(t)), join(p.ProductTypes))
		}
	}
	return nil
}

// OpenFacts is what the ledger knows that decides whether a transfer may be opened. A nil pointer means unknown.
type OpenFacts struct {
	Customer        *Customer
	Source          *Partner
	Target          *Partner
	Relationship    bool           // the customer accepted the target as reseller
	Agreement       bool           // the customer accepted the agreement with the target
	DirectAgreement bool           // the customer accepted it directly, with any partner
	AzureAtTarget   []Subscription // Azure plans and legacy Azure subscriptions of the customer at the target
	PartnerOnRecord *Partner       // the partner with the MPN id of the request
}

// CheckOpen checks everything that must be true before a transfer is opened, in a fixed order: who asks, who takes part,
// what they signed, where they are, what they ask for. Before its relationship with the target is shown, nothing is told
// about a customer but that it is known here; what the source holds is never told (R-44, OQ-23).
//
// Refusals: PartnerUnknown and CustomerUnknown, PartnerNotEnabled, NotAdminAgent,
// ProgramNotActive, MPAMissing, RelationshipMissing, AgreementMissing, MarketMismatch
// the five of partnerOnRecord and, when Azure types are asked for by name, the four of the Azure
// plan.
func (p Policy) CheckOpen(r Request, f OpenFacts) error {
	if err := checkParties(r, f); err != nil {
		return err
	}
	if asksForAzure(r.TargetProductTypes) {
		return CheckAzurePlan(f)
	}
	return nil
}

// checkParties is the part of CheckOpen that must still hold at submit, whatever is selected then (OQ-24).
func checkParties(r Request, f OpenFacts) error {
	for _, check := range []func(Request, OpenFacts) error{
		checkTarget, checkSource, checkCustomer, checkSigned, checkMarkets, checkPartnerOnRecord,
	} {
		if err := check(r, f); err != nil {
			return err
		}
	}
	return nil
}

func checkTarget(r Request, f OpenFacts) error {
	switch {
	case f.Target == nil:
		return Refuse(PartnerUnknown, "The target partner is not known here. Check its Microsoft ID.").About(r.TargetPartnerTenantID)
	case !f.Target.transacts():
		return Refuse(PartnerNotEnabled, "An indirect reseller cannot take over billing; its indirect provider must create the transfer.")
	case !f.Target.Admits(r.Actor.UserID):
		return Refuse(NotAdminAgent, "The user is not an admin agent of the target. Ask one of its admin agents to create the transfer.")
	case f.Target.Status != ProgramActive:
		return Refuse(ProgramNotActive, "The target's programme status is %s; only an active partner can take over billing.", f.Target.Status)
	}
	return nil
}

func checkSource(r Request, f OpenFacts) error {
	switch {
	case f.Source == nil:
		return Refuse(PartnerUnknown, "The source partner is not known here. Check its Microsoft ID.").About(r.SourcePartnerTenantID)
	case !f.Source.transacts():
		return Refuse(PartnerNotEnabled, "The source is an indirect reseller, which bills nothing itself; name its indirect provider as the source.")
	case f.Source.Status != ProgramActive && f.Source.Status != ProgramRestricted:
		return Refuse(ProgramNotActive, "The source's programme status is %s; its subscriptions cannot be transferred.", f.Source.Status)
	}
	return nil
}

func checkCustomer(r Request, f OpenFacts) error {
	if f.Customer == nil {
		return Refuse(CustomerUnknown, "The customer is not known here. Check its Microsoft ID.").About(r.CustomerTenantID)
	}
	return nil
}

func checkMarkets(_ Request, f OpenFacts) error {
	for _, p := range []*Partner{f.Source, f.Target} {
		if Region(p.Market) != Region(f.Customer.Market) {
			return Refuse(MarketMismatch, "Partner %s sells in %s and the customer is in %s; both partners must be in the customer's region.",
				p.Name, p.Market, f.Customer.Market)
		}
	}
	return nil
}

func checkSigned(_ Request, f OpenFacts) error {
	carriedOver := f.Target.Type == IndirectProvider && f.DirectAgreement
	switch {
	case !f.Target.MPASigned:
		return Refuse(MPAMissing, "The target has not signed the Microsoft Partner Agreement. Sign it, then create the transfer.")
	case !f.Relationship:
		return Refuse(RelationshipMissing, "The customer has not accepted a reseller relationship with the target. Send the customer a relationship request first.")
	case !f.Agreement && !carriedOver:
		return Refuse(AgreementMissing, "The customer has not accepted the Microsoft Customer Agreement with the target. Have it attested or signed first.")
	}
	return nil
}

func checkPartnerOnRecord(r Request, f OpenFacts) error {
	if r.PartnerOnRecord == "" {
		return nil
	}
	reseller := f.PartnerOnRecord
	switch {
	case f.Target.Type != IndirectProvider:
		return Refuse(NotForDirectBill, "partnerOnRecord is only for an indirect provider as target; leave it out.")
	case reseller == nil:
		return Refuse(ResellerUnknown, "No partner has the PartnerID given as partnerOnRecord.").About(r.PartnerOnRecord)
	case reseller.Type != IndirectReseller:
		return Refuse(NotAReseller, "The PartnerID given as partnerOnRecord is not an indirect reseller's.").About(r.PartnerOnRecord)
	case reseller.Status != ProgramActive:
		return Refuse(ResellerInactive, "The PartnerID given as partnerOnRecord belongs to no active reseller tenant.").About(r.PartnerOnRecord)
	case !reseller.MPASigned:
		return Refuse(ResellerMPAMissing, "The reseller given as partnerOnRecord has not signed the Microsoft Partner Agreement.").About(r.PartnerOnRecord)
	}
	return nil
}

func asksForAzure(types []ProductType) bool {
	for _, t := range types {
		if t.azure() {
			return true
		}
	}
	return false
}

// CheckAzurePlan checks that the customer has an active Azure plan with the target, which Azure items need.
//
// Refusals: LegacyAzureAtTarget, AzurePlanUnpurchasable, AzurePlanMissing, AzurePlanInactive.
func CheckAzurePlan(f OpenFacts) error {
	inactive, legacy := false, false
	for _, s := range f.AzureAtTarget {
		switch {
		case s.ProductType == AzurePlan && s.Status == SubscriptionActive:
			return nil
		case s.ProductType == AzurePlan && s.Status != SubscriptionDeleted:
			inactive = true
		case s.OfferID == LegacyAzureOffer && s.Status == SubscriptionActive:
			legacy = true
		}
	}
	switch {
	case inactive:
		return Refuse(AzurePlanInactive, "The customer's Azure plan with the target is not active. Reactivate it, or leave the Azure types out.")
	case legacy:
		return Refuse(LegacyAzureAtTarget, "The customer is on legacy Azure with the target. Move it to an Azure plan first.")
	case f.Target != nil && f.Target.Status != ProgramActive:
		return Refuse(AzurePlanUnpurchasable, "The target cannot buy an Azure plan for the customer in its programme status.")
	default:
		return Refuse(AzurePlanMissing, "The customer has no Azure plan with the target. Buy one first, or leave the Azure types out.")
	}
}

// NewTransfer is the transfer that the request opens, before the state machine made it Pending.
func NewTransfer(r Request, f OpenFacts) Transfer {
	return Transfer{
		ID:      NewID(r),
		Request: r,
		State: State{
			CustomerTenantID: r.CustomerTenantID,
			SourceTenantID:   r.SourcePartnerTenantID,
			TargetTenantID:   r.TargetPartnerTenantID,
		},
		TargetPartnerName: f.Target.Name,
		LastModifiedUser:  r.Actor.UserID,
	}
}

// Transfer is a whole transfer without its line items, as the ledger keeps it.
type Transfer struct {
	ID string
	Request
	State
	TargetPartnerName string
	LastModifiedUser  string
	DeclineReason     string
	Overdue           bool
	DecisionRequestID string // request id of the submit, cancel or decline that was accepted
}

// Region is the area a partner of that market may sell in: the EU and EFTA countries and the United Kingdom are
// one, every other market is its own.
func Region(market string) string {
	m := strings.ToUpper(market)
	if contains(europe, m) {
		return "EU/EFTA"
	}
	return m
}

var europe = strings.Fields("AT BE BG CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK")

// Reminders are the times at which the source is reminded of a request that waits: a week and a day before it ends.
func Reminders(expiration time.Time) []time.Time {
	return []time.Time{expiration.AddDate(0, 0, -7), expiration.AddDate(0, 0, -1)}
}

func join(types []ProductType) string {
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = string(t)
	}
	return strings.Join(names, ", ")
}
