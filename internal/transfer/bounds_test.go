package transfer_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/kernel/kerneltest"
	"handover/internal/subscription"
	"handover/internal/transfer"
)

// Every field takes what its bound says and no more.
func TestBounds(t *testing.T) {
	for field, b := range kernel.Bounds() {
		require.True(t, b.Most > 0 || b.Elements > 0, "%s has no bound", field)
		require.Equal(t, b, kernel.BoundOf(field))
		if b.Most > 0 {
			assert.NoError(t, kernel.CheckText(field, kerneltest.Filled(b, b.Most)), field)
			refusedFor(t, kernel.CheckText(field, kerneltest.Filled(b, b.Most+1)), field, b.Most)
			refusedFor(t, kernel.CheckText(field, strings.Repeat("x", 2_150_000)), field, b.Most)
			refusedFor(t, kernel.CheckText(field, "a\x1b[2Jb"), field, b.Most)
		}
		if b.Elements > 0 {
			assert.NoError(t, kernel.CheckCount(field, b.Elements), field)
			refusedFor(t, kernel.CheckCount(field, b.Elements+1), field, b.Elements)
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

// The rules ask the one table: whichever way a text comes, the same bound holds.
func TestRulesKeepTheBounds(t *testing.T) {
	for field, say := range said {
		kerneltest.KeepsBound(t, field, say)
	}
	kerneltest.KeepsLongestAddress(t, "customerEmailId", requesting(func(r *transfer.Request, s string) { r.CustomerEmail = s }))
}
