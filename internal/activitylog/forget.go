package activitylog

import (
	"time"

	"handover/internal/kernel"
)

// leastForgetting is the least age of what can be forgotten by its age: as long as partners can read of it in their logs.
const leastForgetting = logKept * 24 * time.Hour

// ForgettingOf is what is forgotten of a customer, or of whatever ended longer ago than the age, as one of them is given. Refusal:
// InvalidInput for both, neither, and an age of less than 90 days.
func ForgettingOf(customerTenantID string, olderThan time.Duration, now time.Time) (kernel.Forgetting, error) {
	switch {
	case (customerTenantID == "") == (olderThan == 0):
		return kernel.Forgetting{}, kernel.Refuse(kernel.InvalidInput, "Name a customer or an age, one of them, to have forgotten what is personal.")
	case customerTenantID != "":
		return kernel.Forgetting{CustomerTenantID: customerTenantID}, nil
	case olderThan < leastForgetting:
		return kernel.Forgetting{}, kernel.Refuse(kernel.InvalidInput, "What ended less than %d days ago can be forgotten by naming the customer only: that long partners read of it in their logs.", logKept)
	}
	return kernel.Forgetting{Before: now.Add(-olderThan)}, nil
}

// A Forgotten record is what stays of one whose personal parts are forgotten.
type Forgotten struct {
	UserID, UserPrincipalName, OldValue, NewValue string
}

// Forget is what stays of the record at the time. Ids stay.
func (f Forgotten) Forget(about ResourceType, at time.Time) Forgotten {
	var besides []string
	if about == CustomerResource {
		besides = append(besides, "name")
	}
	return Forgotten{
		UserID: kernel.BuryID(f.UserID, at), UserPrincipalName: kernel.BuryID(f.UserPrincipalName, at),
		OldValue: kernel.Bury(f.OldValue, at, besides...), NewValue: kernel.Bury(f.NewValue, at, besides...),
	}
}
