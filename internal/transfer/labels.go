package transfer

import (
	"slices"
	"strings"

	"handover/internal/kernel"
)

// Labels are what one party of a transfer calls it: a reference into its own systems and words to find it by. They are an
// extension of the wire contract. Each party has its own and never sees the other's.
type Labels struct {
	ExternalReference string   `json:"externalReference,omitempty" doc:"Extension: your own reference; the other partner never sees it."`
	Tags              []string `json:"tags,omitempty" doc:"Extension: your own words to find the transfer by; the other partner never sees them."`
}

// CheckLabeller tells whether the partner may label the transfer: each of its parties may, in any state of it, and nobody else.
// Refusal: NotFound.
func (s State) CheckLabeller(partnerTenantID string) error {
	switch s.RoleOf(kernel.Actor{PartnerTenantID: partnerTenantID}) {
	case kernel.RoleSource, kernel.RoleTarget:
		return nil
	default:
		return NoSuchTransfer()
	}
}

// NormalizeLabels trims the labels, orders the tags and drops repeated ones. Refusal: InvalidInput for what is too long, too many,
// empty or not printable.
func NormalizeLabels(l Labels) (Labels, error) {
	if err := kernel.CheckText("externalReference", l.ExternalReference); err != nil {
		return l, err
	}
	if err := kernel.CheckCount("tags", len(l.Tags)); err != nil {
		return l, err
	}
	l.ExternalReference = strings.TrimSpace(l.ExternalReference)
	tags := make([]string, 0, len(l.Tags))
	for _, tag := range l.Tags {
		if err := kernel.CheckText("tags", tag); err != nil {
			return l, err
		}
		if tag = strings.TrimSpace(tag); tag == "" {
			return l, kernel.Refuse(kernel.InvalidInput, "Each of the tags must be 1 to %d printable characters.", longestTag)
		}
		tags = append(tags, tag)
	}
	slices.Sort(tags)
	if l.Tags = slices.Compact(tags); len(l.Tags) == 0 {
		l.Tags = nil
	}
	return l, nil
}
