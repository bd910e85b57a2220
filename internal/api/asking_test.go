package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"handover/internal/transfer"
)

// E4: over the API, invented addresses are refused with their cause, a dry run says the same, and of one customer a target asks a few
// times.
func TestWhatATargetMayAskFor(t *testing.T) {
	s := setStage(t, 2, 1)
	invented := creating(0, "invented")
	invented.body = strings.Replace(invented.body, "it@customer0.example", "victim@elsewhere.example", 1)
	got := s.hears(t.Context(), invented)
	assert.Equal(t, http.StatusBadRequest, got.status)
	assert.Contains(t, got.complete, `"errorName":"AddressNotOfCustomer"`)
	dry := invented
	dry.path, dry.key = dry.path+"?dryRun=true", ""
	got = s.hears(t.Context(), dry)
	assert.Equal(t, http.StatusOK, got.status)
	assert.Contains(t, got.complete, "AddressNotOfCustomer")

	most := transfer.DefaultPolicy().Asking.PerCustomer
	for n := range most {
		assert.Equal(t, http.StatusCreated, s.hears(t.Context(), creating(0, fmt.Sprint("k", n))).status)
	}
	got = s.hears(t.Context(), creating(0, "one more"))
	assert.Equal(t, http.StatusConflict, got.status)
	assert.Contains(t, got.complete, `"errorName":"TooManyRequestsOfCustomer"`)
	assert.Equal(t, http.StatusCreated, s.hears(t.Context(), creating(1, "another customer")).status)
}
