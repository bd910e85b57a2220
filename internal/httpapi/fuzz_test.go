package httpapi

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
)

// Filters, cursors and entity tags come from the address and the headers, not the body, and are as free.
func FuzzQueries(f *testing.F) {
	f.Add(`{"Field":"CompanyName","Value":"a","Operator":"starts_with"}`, "bm90aGluZw")
	f.Add(`{"Field":"CustomerId","Value":"a","Operator":"equals"}`, WriteCursor(time.Unix(0, 0), "x"))
	f.Fuzz(func(t *testing.T, filter, cursor string) {
		_, badFilter := ReadFilter(filter)
		require.True(t, badFilter == nil || errors.Is(badFilter, kernel.InvalidInput), "%v", badFilter)
		_, _, badCursor := ReadCursor(cursor)
		require.True(t, badCursor == nil || errors.Is(badCursor, kernel.InvalidInput), "%v", badCursor)
		require.NotPanics(t, func() { Matches(filter, cursor) })
		require.NotPanics(t, func() { Known(filter, cursor) })
	})
}

// whatever a refusal says, its answer is one JSON object with a description of bounded length.
func FuzzErrorShape(f *testing.F) {
	f.Add("it is wrong", "application/json")
	f.Add("\x00\xff", "application/problem+json")
	f.Fuzz(func(t *testing.T, said, accept string) {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		r.Header.Set("Accept", accept)
		Refuse(badRequest, "%s", Clip(said)).write(w, r)
		var body map[string]any
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
		require.NotEmpty(t, body["code"])
		require.LessOrEqual(t, utf8.RuneCountInString(Clip(said)), 1024)
	})
}
