package kernel

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"
)

const (
	tombstoneStart = "forgotten-"
	tombstoneEnd   = "@forgotten.invalid"

	// TombstonePattern is what every tombstone is like, as SQL says it.
	TombstonePattern = tombstoneStart + "________T______Z%" + tombstoneEnd
)

var tombstone = regexp.MustCompile(`^` + tombstoneStart + `\d{8}T\d{6}Z(-\d+)?` + regexp.QuoteMeta(tombstoneEnd) + `$`)

// Forgetting says what is forgotten: what is personal about a customer, or else of whatever ended before.
type Forgetting struct {
	CustomerTenantID string    // empty for any
	Before           time.Time // without a customer: nothing that ended later
	DryRun           bool      // it is counted only
}

// Tombstone is what stands in the place of an address, a name or a text that was forgotten at the time, such as
// forgotten-20310303T110203Z@forgotten.invalid. It is an address that no mail reaches (RFC 2606), so that who reads addresses takes it.
func Tombstone(at time.Time) string {
	return tombstoneStart + at.UTC().Format("20060102T150405Z") + tombstoneEnd
}

// AroundNumber is what stands before and after the number in one of several tombstones that have to differ.
func AroundNumber(at time.Time) (before, after string) {
	return strings.TrimSuffix(Tombstone(at), tombstoneEnd) + "-", tombstoneEnd
}

// IsTombstone tells whether the text is all that is left of another.
func IsTombstone(text string) bool {
	return tombstone.MatchString(text)
}

// personalNames are the names, in small letters, under which the log and answers to clients have what is personal, or was typed by people.
var personalNames = map[string]bool{
	"email": true, "customeremailid": true, "targetpartneremailid": true, "recipient": true, "customername": true, "firstname": true, "middlename": true,
	"lastname": true, "phonenumber": true, "primarycontact": true, "contactname": true, "contactemail": true, "contact": true, "acceptedby": true,
	"reason": true, "rejectreason": true, "declinereason": true, "endingreason": true, "transfererror": true, "lasterror": true, "message": true,
	"messages": true, "operator": true, "userprincipalname": true, "userid": true, "lastmodifieduser": true, "requestedby": true, "attestedby": true,
	"appliedby": true, "decidedby": true, "resentby": true, "sourcepartnername": true, "webhookurl": true,
}

// IsPersonal tells whether what stands under the name in JSON is personal, or was typed by people, in whatever letters it is written.
func IsPersonal(name string) bool { return personalNames[strings.ToLower(name)] }

// chosenNames are those, in small letters, under which clients' own ids of requests stand.
var chosenNames = map[string]bool{"requestid": true, "correlation": true, "correlationid": true}

var opaque = regexp.MustCompile(`^[A-Za-z0-9._:-]*$`)

// IsOpaque tells whether an id that a client chose is made like ids are, of letters, digits and . _ : - only; an address or a sentence is not.
func IsOpaque(id string) bool { return opaque.MatchString(id) }

// Bury puts tombstones into a JSON value in the places of what is personal, by the names of its fields and by those that are named
// besides, and of clients' own ids that are not opaque. Other ids stay, and so does an empty text. Of what is no JSON nothing is left but a tombstone.
func Bury(text string, at time.Time, besides ...string) string {
	if text == "" {
		return text
	}
	b := burial{tombstone: Tombstone(at), besides: map[string]bool{}}
	for _, name := range besides {
		b.besides[name] = true
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) != nil || decoder.More() {
		value = b.in(text, true)
	} else if value = b.in(value, false); !b.changed {
		return text
	}
	var written bytes.Buffer
	encoder := json.NewEncoder(&written)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(value) != nil {
		return `"` + b.tombstone + `"`
	}
	return strings.TrimSuffix(written.String(), "\n")
}

// burial is one value on its way.
type burial struct {
	tombstone string
	besides   map[string]bool
	changed   bool
}

func (b *burial) in(value any, personal bool) any {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			id, isText := member.(string)
			chosen := isText && chosenNames[strings.ToLower(name)] && !IsOpaque(id)
			value[name] = b.in(member, personal || chosen || IsPersonal(name) || b.besides[name])
		}
	case []any:
		for i, item := range value {
			value[i] = b.in(item, personal)
		}
	case string:
		if buried := buriedText(value, b.tombstone); personal && buried != value {
			b.changed = true
			return buried
		}
	}
	return value
}

// BuryID is the id of a user, which stays when it is one, and otherwise, because it is a name or an address, a tombstone.
func BuryID(id string, at time.Time) string { return buriedText(id, Tombstone(at)) }

func buriedText(text, tombstone string) string {
	if _, notID := uuid.Parse(text); text == "" || notID == nil || IsTombstone(text) {
		return text
	}
	return tombstone
}
