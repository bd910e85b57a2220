package contract

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// events is an open stream of server-sent events.
type events struct {
	lines *bufio.Scanner
}

// follow opens the stream of a transfer's progress; it ends with the test.
func follow(t testing.TB, c client, path string) *events {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, stage.API+path+"/progress", nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+c.token(t))
	got, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	t.Cleanup(func() { _ = got.Body.Close() })
	require.Equal(t, http.StatusOK, got.StatusCode)
	require.Equal(t, "text/event-stream", got.Header.Get("Content-Type"))
	return &events{lines: bufio.NewScanner(got.Body)}
}

// next is the data of the next progress event, empty at the end of the stream.
func (e *events) next(t testing.TB) string {
	t.Helper()
	for e.lines.Scan() {
		line := e.lines.Text()
		if data, is := strings.CutPrefix(line, "data: "); is {
			return data
		}
		require.Contains(t, []string{"", "event: progress", ": still there"}, line)
	}
	require.NoError(t, e.lines.Err())
	return ""
}

// stand is what one event says.
type stand struct {
	ID           string
	Status       string
	LineItems    struct{ InProgress, Complete, Failed int }
	LastModified time.Time `json:"lastModifiedTime"`
}

func (e *events) stand(t testing.TB) (s stand, more bool) {
	t.Helper()
	data := e.next(t)
	if data == "" {
		return s, false
	}
	require.NoError(t, json.Unmarshal([]byte(data), &s), data)
	return s, true
}

// Extension: the stream says at once how the transfer stands, then each change, and ends when the transfer is over. The
// target hears of line items that are complete alone.
func TestProgressUntilComplete(t *testing.T) {
	t.Parallel()
	path, made := created(t, customer(t))
	streams := map[*events]client{follow(t, source, path): source, follow(t, target, path): target}
	for stream := range streams {
		s, more := stream.stand(t)
		require.True(t, more)
		assert.Equal(t, stand{ID: field[string](t, made, "id"), Status: "Pending", LastModified: s.LastModified}, s)
	}
	as[object](t, source.patch(t, path, everything), http.StatusOK)
	for stream, c := range streams {
		var last stand
		for s, more := stream.stand(t); more; s, more = stream.stand(t) {
			assert.NotEqual(t, last, s, "only changes are told")
			assert.GreaterOrEqual(t, s.LineItems.Complete, last.LineItems.Complete)
			if c.tenant == target.tenant {
				assert.Zero(t, s.LineItems.InProgress)
			}
			last = s
		}
		assert.Equal(t, "Complete", last.Status)
		assert.Equal(t, 12, last.LineItems.Complete)
	}
}

// Of a transfer that is over the stream says so and ends.
func TestProgressOfAFinalTransfer(t *testing.T) {
	t.Parallel()
	path, _ := created(t, customer(t))
	as[object](t, target.patch(t, path, cancel), http.StatusOK)
	stream := follow(t, source, path)
	s, _ := stream.stand(t)
	assert.Equal(t, "Cancel", s.Status)
	_, more := stream.stand(t)
	assert.False(t, more)
}
