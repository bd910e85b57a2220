package webhook

import (
	"net/http"
	"time"

	"handover/internal/kernel"
)

// Why a wish about webhooks is refused.
const (
	AlreadyRegistered kernel.Cause = "WebhookAlreadyRegistered"
	NotRegistered     kernel.Cause = "WebhookNotRegistered"
	AddressRefused    kernel.Cause = "WebhookAddressRefused"
	TestsNotWanted    kernel.Cause = "WebhookTestsNotWanted"
	TestsTooOften     kernel.Cause = "WebhookTestsTooOften"
	DeliveryUnknown   kernel.Cause = "WebhookDeliveryUnknown"
	NothingToSend     kernel.Cause = "WebhookNothingToSend"
)

var _ = kernel.Register(map[kernel.Cause]kernel.Meaning{
	AlreadyRegistered: {Code: "900101", Status: http.StatusConflict, Rule: "R-230"},
	NotRegistered:     {Code: "1000", Status: http.StatusNotFound, Rule: "R-230"},
	AddressRefused:    {Code: "800002", Status: http.StatusBadRequest, Rule: "R-220"},
	TestsNotWanted:    {Code: "800002", Status: http.StatusBadRequest, Rule: "R-231"},
	TestsTooOften:     {Code: "429", Status: http.StatusTooManyRequests, Rule: "R-231", Again: time.Minute},
	DeliveryUnknown:   {Code: "1000", Status: http.StatusNotFound, Rule: "R-223"},
	NothingToSend:     {Code: "900101", Status: http.StatusConflict, Rule: "R-223"},
})
