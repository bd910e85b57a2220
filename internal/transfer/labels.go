package transfer

import (
	"slices"
	"strings"
	"unicode"
)

// Labels are what one party of a transfer calls it: a reference into its own systems and words to find it by. They are an
// extension of the wire contract. Each party has its own and never sees the other's.
type Labels struct {
	ExternalReference string   `json:"externalReference,omitempty" doc:"Extension: your own reference; the other partner never sees it."`
	Tags              []string `json:"tags,omitempty" doc:"Extension: your own words to find the transfer by; the other partner never sees them."`
}

// The bounds of labels, in characters and in number.
const (
	longestReference = 256
	longestTag       = 64
	mostTags         = 20
)

// Normalize trims the labels, orders the tags and drops repeated ones. Refusal: InvalidInput for what is too long, too many,
// empty or not printable.
func (l Labels) Normalize() (Labels, error) {
	l.ExternalReference = strings.TrimSpace(l.ExternalReference)
	if !printable(l.ExternalReference, longestReference) {
		return l, Refuse(InvalidInput, "externalReference must be at most %d printable characters.", longestReference)
	}
	tags := make([]string, 0, len(l.Tags))
	for _, tag := range l.Tags {
		tag = strings.TrimSpace(tag)
		if tag == "" || !printable(tag, longestTag) {
			return l, Refuse(InvalidInput, "Each of the tags must be 1 to %d printable characters.", longestTag)
		}
		tags = append(tags, tag)
	}
	slices.Sort(tags)
	if l.Tags = slices.Compact(tags); len(l.Tags) > mostTags {
		return l, Refuse(InvalidInput, "%d tags are more than the %d that a transfer may have.", len(l.Tags), mostTags)
	}
	if len(l.Tags) == 0 {
		l.Tags = nil
	}
	return l, nil
}

func printable(text string, most int) bool {
	length := 0
	for _, r := range text {
		if length++; length > most || !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}
