package subscription

import (
	"encoding/json"
	"strconv"

	"handover/internal/kernel"
)

// ProductType names what a subscription is. The first four move by transfer.
type ProductType string

// UnmarshalJSON takes the bare number 5 as well, which some clients send for licences (OQ-16), and names in any case. Numbers become text, for
// CheckSelection to judge; a whole one has one form, however it was written.
func (p *ProductType) UnmarshalJSON(data []byte) error {
	var number json.Number
	if err := json.Unmarshal(data, &number); err == nil {
		if whole, err := kernel.ParseWhole(number.String()); err == nil {
			number = json.Number(strconv.Itoa(whole))
		}
		*p = ProductType(number)
		return nil
	}
	var name ProductType
	err := json.Unmarshal(data, (*string)(&name))
	*p, _ = kernel.Named(name, ProductTypes()...)
	return err
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

// Azure tells whether moving the type needs the customer's Azure plan at the target.
func (p ProductType) Azure() bool {
	return p == AzureSubscription || p == AzureReservation || p == AzureSavingsPlan
}

// The offers that speak of.
const (
	LegacyAzureOffer = "MS-AZR-0145P"
	AzurePlanOffer   = "MS-AZR-0017G"
)
