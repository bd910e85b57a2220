package api

import (
	"encoding/json"
	"net/http"
	"path"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	activityloghttp "handover/internal/activitylog/http"
	"handover/internal/world"
)

// Domain section 7, R-190: the log names the user as the token did, in the log of the user's own partner; the other party reads the object
// id, as it does of a user whose token says no name. It stands nowhere else.
func TestLogNamesOnesOwnUsers(t *testing.T) {
	t.Parallel()
	s := setStage(t, 2, 2)
	at := s.pending(0)
	s.gets(deciding(bySource, at, listing(0, 1), "k"), http.StatusOK)
	s.gets(deciding(bySource, customerPath(1)+"/subscriptions/"+licence(1, 0), `{"friendlyName":"Mail"}`, "c"), http.StatusOK)
	records := func(by string) map[string]activityloghttp.AuditRecord {
		answer := s.gets(ask{by: by, method: http.MethodGet, path: "/v1/auditrecords"}, http.StatusOK)
		var page activityloghttp.AuditRecords
		require.NoError(t, json.Unmarshal([]byte(answer.complete), &page))
		found := map[string]activityloghttp.AuditRecord{}
		for _, r := range page.Items {
			found[string(r.OperationType)] = r
		}
		if by != bySource {
			assert.NotContains(t, answer.complete, "sam@")
		}
		return found
	}
	own, others := records(bySource), records(byTarget)
	for _, operation := range []string{"update_transfer", "update_subscription"} {
		assert.Equal(t, "sam@source.example", own[operation].UserPrincipalName, operation)
		assert.Contains(t, own[operation].CustomizedData, activityloghttp.KeyValue{Key: "UserId", Value: world.LargeSourceUser}, operation)
		assert.NotContains(t, own[operation].ResourceNewValue, "sam@", operation)
	}
	assert.Equal(t, world.LargeSourceUser, others["update_transfer"].UserPrincipalName)
	assert.Equal(t, world.LargeTargetUser, own["create_transfer"].UserPrincipalName)
	assert.Equal(t, []activityloghttp.KeyValue{{Key: "ResourceId", Value: path.Base(at)}}, own["create_transfer"].CustomizedData)
	for _, other := range []string{at, at + "/events"} {
		for _, by := range []string{bySource, byTarget} {
			assert.NotContains(t, s.gets(ask{by: by, method: http.MethodGet, path: other}, http.StatusOK).complete, "sam@", other)
		}
	}
}
