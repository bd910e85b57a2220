package subscription

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"handover/internal/kernel"
)

// Status is the state of a subscription. Only an active one moves.
type Status string

// The subscription states, spelled as on the wire.
const (
	Active    Status = "active"
	Pending   Status = "pending"
	Suspended Status = "suspended"
	Expired   Status = "expired"
	Disabled  Status = "disabled"
	Deleted   Status = "deleted"
)

// Statuses are all of them.
func Statuses() []Status { return []Status{Active, Pending, Suspended, Expired, Disabled, Deleted} }

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

// BillingCycles are all of them.
func BillingCycles() []BillingCycle {
	return []BillingCycle{Monthly, Annual, OneTime, NoCycle, UnknownCycle}
}

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
	BilledSince       time.Time // from when the owner pays for it: for what a transfer moved, the day of its submit; zero for CreationDate
	CyclesFrom        time.Time // of what a transfer moved: a day on which a billing cycle began; zero where CyclesStart derives it
	Status            Status
	Billed            bool // somebody pays for it. A fact apart from the status: what moved away may stay suspended, unbilled
	Listed            bool // the owner finds it among its own: moved Azure is not there any more
	AutoRenew         bool
	ParentID          string    // the base of an add-on, or the subscription a reservation is scoped to; empty otherwise
	PartnerOnRecord   string    // MPN id of the credited indirect reseller
	CancelAt          time.Time // when the platform cancels it by itself; zero for never
	Locked            bool      // neither cancellable nor exchangeable
	SandboxFault      string    // scripted fault of a sandbox world, see ParseFault
}

// Addon tells whether the subscription moves with its base. A reservation or savings plan under an Azure
// subscription is not one: it is selected for itself.
func (s Subscription) Addon() bool {
	return s.ParentID != "" && s.ProductType != AzureReservation && s.ProductType != AzureSavingsPlan
}

// IsCommitment tells whether the subscription is a reservation or savings plan. Of who takes part in a move only a commitment
// depends on more than the ids.
func (s Subscription) IsCommitment() bool {
	return s.ProductType == AzureReservation || s.ProductType == AzureSavingsPlan
}

// PaidUpFront tells whether the whole term was invoiced at once.
func (s Subscription) PaidUpFront() bool {
	return s.BillingCycle == OneTime || (s.BillingCycle == Annual && s.TermDuration == "P1Y")
}

// BillingStart is from when on the owner pays for it.
func (s Subscription) BillingStart() time.Time {
	if s.BilledSince.IsZero() {
		return s.CreationDate
	}
	return s.BilledSince
}

// NextCycle is the first start of a billing cycle after the given time: counted from where a transfer says that its cycles began, and
// otherwise from the day on which the owner began to pay.
func NextCycle(s Subscription, after time.Time) time.Time {
	months := 1
	if s.BillingCycle == Annual {
		months = 12
	}
	start := kernel.Day(s.BillingStart())
	if !s.CyclesFrom.IsZero() {
		start = s.CyclesFrom
	}
	for n := months; ; n += months {
		if next := kernel.AddMonths(start, n); next.After(after) {
			return next
		}
	}
}

// Gone tells whether the subscription has ended: it is deleted, expired or disabled.
func Gone(s Subscription) bool {
	return s.Status == Deleted || s.Status == Expired || s.Status == Disabled
}

// Titled spells a state as the wire's reason texts do: "Suspended".
func Titled(s Status) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(string(s[:1])) + string(s[1:])
}

// licenceWithTerm tells what is bought for a term from what goes on until it is cancelled: Azure, and everything without
// a term.
func (s Subscription) licenceWithTerm() bool {
	return s.TermDuration != "" && !s.ProductType.Azure() && s.ProductType != AzurePlan
}

// termStart is when the term that CommitmentEndDate closes began. For a first term that is the purchase, to the second; a
// subscription that was transferred was created by that, so only the calendar tells.
func (s Subscription) termStart() time.Time {
	start := termBefore(kernel.Day(s.CommitmentEndDate).AddDate(0, 0, 1), s.TermDuration)
	bought := s.LineageID == "" || kernel.SameID(s.LineageID, s.ID)
	if bought && s.CreationDate.After(start) {
		return s.CreationDate
	}
	return start
}

// termBefore goes back by a term such as P1M, P3Y or P30D; the zero time for any other text.
func termBefore(end time.Time, term string) time.Time {
	length := parsePeriod(term)
	if length == (period{}) {
		return time.Time{}
	}
	return length.from(end, -1)
}

// tagged is what an entity tag is made of. It is a list of its own, so that a new property of a subscription changes the tags of
// none that is there: who bills follows from the status, and since when never changes.
type tagged struct {
	ID                string
	LineageID         string
	CustomerTenantID  string
	PartnerTenantID   string
	ProductType       ProductType
	OfferID           string
	FriendlyName      string
	Quantity          int
	UnitPriceMinor    int64
	BillingCycle      BillingCycle
	TermDuration      string
	CreationDate      time.Time
	CommitmentEndDate time.Time
	Status            Status
	AutoRenew         bool
	ParentID          string
	PartnerOnRecord   string
	CancelAt          time.Time
	Locked            bool
	SandboxFault      string
}

// ETag is the strong entity tag of the subscription as it is, without quotes: the same content has the same tag, on every
// server and after a restart (section 4.1).
func (s Subscription) ETag() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%+v", tagged{ // whatever the types are called, and wherever they live
		ID: s.ID, LineageID: s.LineageID, CustomerTenantID: s.CustomerTenantID, PartnerTenantID: s.PartnerTenantID, ProductType: s.ProductType,
		OfferID: s.OfferID, FriendlyName: s.FriendlyName, Quantity: s.Quantity, UnitPriceMinor: s.UnitPriceMinor, BillingCycle: s.BillingCycle,
		TermDuration: s.TermDuration, CreationDate: s.CreationDate.UTC(), CommitmentEndDate: s.CommitmentEndDate.UTC(), Status: s.Status,
		AutoRenew: s.AutoRenew, ParentID: s.ParentID, PartnerOnRecord: s.PartnerOnRecord, CancelAt: s.CancelAt.UTC(), Locked: s.Locked,
		SandboxFault: s.SandboxFault,
	}))
	return hex.EncodeToString(sum[:16])
}
