package billing

// The ways in which a move does not happen, one constructor each, so that both adapters fail alike.

import (
	"fmt"
	"time"

	"handover/internal/kernel"
	"handover/internal/transfer"
)

func unavailable(retryAfter time.Duration, format string, args ...any) *Unavailable {
	return &Unavailable{Cause: transfer.ProviderUnavailable, RetryAfter: retryAfter, Reason: fmt.Sprintf(format, args...)}
}

// away is a failure that other moves would share.
func away(retryAfter time.Duration, format string, args ...any) *Unavailable {
	u := unavailable(retryAfter, format, args...)
	u.Of = OfTheSystem
	return u
}

// syncing speaks the words of R-72.
func syncing(subscriptionID string, retryAfter time.Duration) *Unavailable {
	return &Unavailable{Cause: transfer.StillSyncing, RetryAfter: retryAfter, Reason: fmt.Sprintf(
		"Subscription SyncState must be SyncComplete for the Subscription to be a source in a Subscription Ownership Transfer. "+
			"Subscription: %s, current state: None", subscriptionID)}
}

// refused is the billing system's final no, under its own code.
func refused(subscriptionID, code, message string) *kernel.Refusal {
	r := kernel.Refuse(transfer.ProviderRefused, "The billing system refused to move the subscription: %s", message)
	r.Code = code
	return r.About(subscriptionID)
}
