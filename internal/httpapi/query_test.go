package httpapi_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/api"
	"handover/internal/httpapi"
)

// What is refused as unknown, what is described and what handlers get are the same parameters: one that only the first knew
// would be ignored.
func TestParametersAreThoseThatAreDescribed(t *testing.T) {
	a, err := api.New(api.Options{Version: "1"})
	require.NoError(t, err)
	all := 0
	for _, r := range a.Routes() {
		var described []string
		for _, p := range httpapi.OperationOf(a.Description(), r).Parameters {
			if p.In == "query" {
				described = append(described, p.Name)
			}
		}
		assert.ElementsMatch(t, described, r.Parameters(), r.ID)
		all += len(described)
	}
	assert.Greater(t, all, 25)
}

// Of every body and every object in it: a member that it does not have is refused by its name, unless it says nothing, and
// one that is there twice is refused, in whichever case.
func TestNoMemberIsIgnored(t *testing.T) {
	a, err := api.New(api.Options{Version: "1"})
	require.NoError(t, err)
	objects := 0
	for _, r := range writes(a) {
		for _, p := range r.Places() {
			if len(p.Members) == 0 {
				continue
			}
			objects++
			for _, known := range append([]string{"nobodyKnowsThis", ""}, p.Members...) {
				unknown := known + "s"
				if p.Has(unknown) {
					continue
				}
				refused := r.Scan(p.With(`{"` + unknown + `":1}`))
				assertCause(t, "UnknownMember", refused, r.ID+" "+p.Path+" "+unknown)
				assert.ErrorContains(t, refused, `"`+unknown+`"`)
				assert.ErrorContains(t, refused, p.Path)
				assert.NoError(t, r.Scan(p.With(`{"`+unknown+`":null}`)), "it says nothing")
			}
			for _, known := range p.Members {
				twice := r.Scan(p.With(`{"` + known + `":null,"` + shouted(known) + `":null}`))
				assertCause(t, "GivenTwice", twice, r.ID+" "+p.Path+" "+known)
				assert.ErrorContains(t, twice, known)
			}
			for _, always := range []string{"links", "Links", "attributes"} {
				assert.NoError(t, r.Scan(p.With(`{"`+always+`":{}}`)), r.ID)
			}
		}
	}
	assert.Greater(t, objects, 5)
}

// wire-notes 12, 13: what an answer has may come back in the body, whatever SDK spells it.
func TestWhatWasReadMayComeBack(t *testing.T) {
	a, err := api.New(api.Options{Version: "1"})
	require.NoError(t, err)
	for _, r := range writes(a) {
		require.NotNil(t, r.Resource, "%s: what do clients read there?", r.ID)
		for _, member := range httpapi.MembersOf(r.Resource) {
			assert.NoError(t, r.Scan(`{"`+shouted(member)+`":null}`), r.ID)
			assert.True(t, r.Places()[0].Has(member), "%s: %s", r.ID, member)
		}
	}
}
