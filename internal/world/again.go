package world

import (
	"strings"

	"github.com/google/uuid"

	"handover/internal/administration"
	"handover/internal/kernel"
	"handover/internal/transfer"
)

// Request is what the demonstration's target asks for.
func (d Demonstration) Request(requestID string) transfer.Request {
	return transfer.Request{
		RequestID:             requestID,
		Actor:                 kernel.Actor{PartnerTenantID: d.TargetTenantID, UserID: d.TargetUserID},
		CustomerTenantID:      d.CustomerTenantID,
		CustomerEmail:         d.CustomerEmail,
		CustomerName:          d.CustomerName,
		SourcePartnerTenantID: d.SourceTenantID,
		SourcePartnerName:     d.SourceName,
		TargetPartnerTenantID: d.TargetTenantID,
		TransferType:          3,
	}
}

// TargetName is the name of the demonstration's target.
func (d Demonstration) TargetName() string {
	for _, p := range Sample().Partners {
		if p.TenantID == d.TargetTenantID {
			return p.Name
		}
	}
	return d.TargetTenantID
}

// DemoCopy is the demonstration's customer once more, with everything it holds, under ids of its own made from the seed: a
// ledger that holds the sample can be extended with it, so that the demonstration can be played again. The partners stay.
func DemoCopy(seed string) (administration.World, Demonstration) {
	d := Demo()
	copied, customer := Copy(d.CustomerTenantID, seed)
	d.CustomerTenantID = customer
	return copied, d
}

// Copy is what DemoCopy is, of any customer of the sample; the second result is the id of the new one.
func Copy(customerTenantID, seed string) (administration.World, string) {
	w := Sample()
	fresh := func(id string) string { return uuid.NewSHA1(uuid.NameSpaceOID, []byte(seed+id)).String() }
	var copied administration.World
	for _, c := range w.Customers {
		if c.TenantID == customerTenantID {
			c.TenantID = fresh(c.TenantID)
			c.Domain = strings.ToLower(c.TenantID[:8]) + "." + c.Domain
			copied.Customers = append(copied.Customers, c)
		}
	}
	for _, r := range w.Relationships {
		if r.CustomerTenantID == customerTenantID {
			r.CustomerTenantID = fresh(r.CustomerTenantID)
			copied.Relationships = append(copied.Relationships, r)
		}
	}
	for _, a := range w.Agreements {
		if a.CustomerTenantID == customerTenantID {
			a.CustomerTenantID = fresh(a.CustomerTenantID)
			copied.Agreements = append(copied.Agreements, a)
		}
	}
	for _, s := range w.Subscriptions {
		if s.CustomerTenantID == customerTenantID {
			s.CustomerTenantID, s.ID, s.LineageID = fresh(s.CustomerTenantID), fresh(s.ID), fresh(s.LineageID)
			if s.ParentID != "" {
				s.ParentID = fresh(s.ParentID)
			}
			copied.Subscriptions = append(copied.Subscriptions, s)
		}
	}
	return copied, fresh(customerTenantID)
}
