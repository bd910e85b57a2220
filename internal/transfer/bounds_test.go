package transfer_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/programme"
	"handover/internal/subscription"
	"handover/internal/transfer"
)

// filled is a text of exactly that many characters, or octets where the bound counts those.
func filled(b kernel.Bound, most int) string {
	if b.Octets {
		return strings.Repeat("x", most)
	}
	return strings.Repeat("ü", most)
}

// refusedFor checks that the refusal names the field and its bound, and repeats next to nothing of what was said.
func refusedFor(t *testing.T, err error, field string, bound int) {
	t.Helper()
	r := refused(t, err, kernel.InvalidInput)
	assert.Contains(t, r.Message, field)
	assert.Contains(t, r.Message, strconv.Itoa(bound))
	assert.Less(t, len(r.Message), 300)
}

// Every field takes what its bound says and no more.
func TestBounds(t *testing.T) {
	for field, b := range kernel.Bounds() {
		require.True(t, b.Most > 0 || b.Elements > 0, "%s has no bound", field)
		require.Equal(t, b, kernel.BoundOf(field))
		if b.Most > 0 {
			assert.NoError(t, kernel.CheckText(field, filled(b, b.Most)), field)
			refusedFor(t, kernel.CheckText(field, filled(b, b.Most+1)), field, b.Most)
			refusedFor(t, kernel.CheckText(field, strings.Repeat("x", 2_150_000)), field, b.Most)
			refusedFor(t, kernel.CheckText(field, "a\x1b[2Jb"), field, b.Most)
		}
		if b.Elements > 0 {
			assert.NoError(t, kernel.CheckCount(field, b.Elements), field)
			refusedFor(t, kernel.CheckCount(field, b.Elements+1), field, b.Elements)
		}
	}
}

// A field that nobody gave a bound takes nothing, so that it shows.
func TestFieldWithoutBound(t *testing.T) {
	refused(t, kernel.CheckText("nickname", "x"), kernel.InvalidInput)
	refused(t, kernel.CheckCount("nicknames", 1), kernel.InvalidInput)
}

func TestReadable(t *testing.T) {
	for text, ok := range map[string]bool{
		"": true, "  ": true, "Büro 1": true, "株式会社": true, "a\u00a0b": true, "👩‍🚀": true,
		"می\u200cخواهم": true, "שלום\u200f": true, "e\u0301": true, "🏴": true,
		"two\nlines": false, "two\rlines": false, "two\u2028lines": false, "two\u2029lines": false, "a\tb": false,
		"zero\x00byte": false, "\x1b[31mred": false, "\u009b31m": false, "del\x7f": false,
		"exe\u202egpj": false, "\u202aa": false, "\u2066a\u2069": false, "a\u200bb": false, "\u200b": false, "\ufeffa": false,
		"soft\u00adhyphen": false, "\u200d": false, "\u200e\u200f": false, "\u3164": false, "\u115f \u1160": false, "\ufe0f": false,
		"\U000e0041": false, "\xff": false, "\xed\xa0\x80": false,
	} {
		assert.Equal(t, ok, kernel.Readable(text), "%+q", text)
		if !ok {
			refusedFor(t, kernel.CheckText("reason", text), "reason", 1000)
		}
	}
}

// said are the ways in which a text reaches the domain, by the field whose bound it must keep.
var said = map[string]func(string) error{
	"requestId": requesting(func(r *transfer.Request, s string) { r.RequestID = s }),
	"sourcePartnerName": requesting(func(r *transfer.Request, s string) {
		r.SourcePartnerName = s
	}),
	"customerName":         requesting(func(r *transfer.Request, s string) { r.CustomerName = s }),
	"targetPartnerEmailId": requesting(func(r *transfer.Request, s string) { r.TargetPartnerEmailID = s }),
	"partnerOnRecord":      requesting(func(r *transfer.Request, s string) { r.PartnerOnRecord = s }),
	"externalReference":    requesting(func(r *transfer.Request, s string) { r.ExternalReference = s }),
	"tags":                 requesting(func(r *transfer.Request, s string) { r.Tags = []string{s} }),
	"friendlyName": func(s string) error {
		_, err := rules.ChangeSubscription(changing(), named(s))
		return err
	},
	"primaryContact.firstName":   attesting(func(c *programme.Contact, s string) { c.FirstName = s }),
	"primaryContact.lastName":    attesting(func(c *programme.Contact, s string) { c.LastName = s }),
	"primaryContact.phoneNumber": attesting(func(c *programme.Contact, s string) { c.PhoneNumber = s }),
	"reason": func(s string) error {
		_, _, err := policy.Decide(stateIn(transfer.Pending, transfer.ItemCounts{}), transfer.Decline{Reason: s}, actor(kernel.RoleSource), submitted)
		return err
	},
}

func requesting(set func(*transfer.Request, string)) func(string) error {
	return func(s string) error {
		r := request()
		set(&r, s)
		_, err := policy.Normalize(r)
		return err
	}
}

func attesting(set func(*programme.Contact, string)) func(string) error {
	return func(s string) error {
		a := attestation()
		set(&a.Contact, s)
		_, err := programme.CheckAttestation(a, attestable())
		return err
	}
}

// The rules ask the one table: whichever way a text comes, the same bound holds.
func TestRulesKeepTheBounds(t *testing.T) {
	for field, say := range said {
		b := kernel.BoundOf(field)
		assert.NoError(t, say(filled(b, b.Most)), field)
		refusedFor(t, say(filled(b, b.Most+1)), field, b.Most)
		for _, bad := range []string{"a\x1b[2Jb", "a\nb", "a\u202eb", "\u200b", "a\x00"} {
			refusedFor(t, say(bad), field, b.Most)
		}
	}
}

// An address is counted in octets and must be one, too.
func TestLongestAddress(t *testing.T) {
	atLabel := "a@" + strings.Repeat("b", 248) + ".com"
	for field, say := range map[string]func(string) error{
		"customerEmailId":      requesting(func(r *transfer.Request, s string) { r.CustomerEmail = s }),
		"primaryContact.email": attesting(func(c *programme.Contact, s string) { c.Email = s }),
	} {
		require.Len(t, atLabel, kernel.BoundOf(field).Most)
		assert.NoError(t, say(atLabel), field)
		refusedFor(t, say("a"+atLabel), field, 254)
	}
}

func TestLists(t *testing.T) {
	many := func(n int) []subscription.ProductType {
		types := make([]subscription.ProductType, n)
		for i := range types {
			types[i] = subscription.OnlineServicesNCE
		}
		return types
	}
	asking := request()
	asking.TargetProductTypes = many(21)
	_, err := policy.Normalize(asking)
	refusedFor(t, err, "targetProductTypes", 20)
	_, err = policy.CheckSelection(transfer.Selection{AllEligible: true, ProductTypes: many(21)})
	refusedFor(t, err, "productTypes", 20)
	_, err = policy.CheckSelection(transfer.Selection{AllEligible: true, ProductTypes: many(20)})
	assert.NoError(t, err)
	_, err = transfer.NormalizeLabels(transfer.Labels{Tags: strings.Split(strings.Repeat("a ", 20)+"a", " ")})
	refusedFor(t, err, "tags", 20)
	assert.NoError(t, policy.CheckListed(10_000))
	refused(t, policy.CheckListed(10_001), transfer.TooManyLineItems)
}

// an operator's reason is shown to the source like any other text.
func TestReasonToGiveUp(t *testing.T) {
	giving := func(reason string) error {
		_, _, err := policy.Decide(running(1), transfer.GiveUp{Item: transfer.ItemInProgress, Reason: reason}, actor(kernel.RoleOperator), submitted)
		return err
	}
	assert.NoError(t, giving(strings.Repeat("ü", 1000)))
	refusedFor(t, giving(strings.Repeat("ü", 1001)), "reason", 1000)
	refused(t, giving("  "), transfer.ReasonMissing)
}

func TestParseWhole(t *testing.T) {
	for text, want := range map[string]int{"3": 3, "3.0": 3, "30e-1": 3, "0.3E1": 3, "-7.00": -7, "1e6": 1_000_000, "0": 0} {
		got, err := kernel.ParseWhole(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "3.5", "x", "1e999999999", "1e17", "NaN", "Inf", "0x3p0", "1_0.0", "3.0 ", `"3"`, strings.Repeat("9", 1<<20)} {
		_, err := kernel.ParseWhole(text)
		require.Error(t, err)
		assert.Less(t, len(err.Error()), 200)
	}
}

// OQ-16: the number 5 is one type, however it is written.
func TestNumberOfAProductType(t *testing.T) {
	for _, text := range []string{`5`, `5.0`, `"5"`, `0.5e1`} {
		var got subscription.ProductType
		require.NoError(t, got.UnmarshalJSON([]byte(text)))
		assert.Equal(t, subscription.ProductType("5"), got, text)
	}
}
