package replay

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	historypb "go.temporal.io/api/history/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protopath"
	"google.golang.org/protobuf/reflect/protorange"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Names, addresses, reasons and lists belong into the ledger, where a party's data can be found and ended. A history keeps ids
// and counts: in its payloads, its memo, its summaries, its search attributes, everywhere. Only what a client itself puts
// into a command through Temporal stands there.
func TestHistoriesHoldNothingPrivate(t *testing.T) {
	t.Parallel()
	words := Private()
	require.Greater(t, len(words), 100)
	each(t, func(t *testing.T, of recorded, h *historypb.History) {
		if SecondDoor(of.history) {
			t.Skip("clients bring what they like")
		}
		for _, event := range h.Events {
			text := plain(t, event)
			for _, word := range words {
				assert.NotContains(t, text, word, "event %d, %s", event.GetEventId(), event.GetEventType())
			}
		}
	})
}

// The search finds what there is to find: in payloads of signals, in lists, in what a run was begun with, and in summaries.
func TestPrivateWordsAreFound(t *testing.T) {
	t.Parallel()
	for name, word := range map[string]string{
		"door-declined": DeclineReason, "door-approved": SubscriptionMark, "door-cancelled": "contoso bakery", "door-refused": "contoso bakery",
	} {
		found := false
		for _, event := range load(t, name).Events {
			found = found || bytes.Contains([]byte(plain(t, event)), bytes.ToLower([]byte(word)))
		}
		assert.True(t, found, "%s in %s", word, name)
	}
	event := load(t, "complete").Events[0]
	event.UserMetadata.Summary.Data = []byte(`"Contoso Bakery moves"`)
	assert.Contains(t, plain(t, event), "contoso bakery")
}

// plain is an event with all that it holds, in lower case: its wire form has every text and every payload as it is, as long
// as the payloads are not packed in a way of their own.
func plain(t *testing.T, event *historypb.HistoryEvent) string {
	t.Helper()
	err := protorange.Range(event.ProtoReflect(), func(p protopath.Values) error {
		if payload, is := p.Index(-1).Value.Interface().(protoreflect.Message); is {
			if one, is := payload.Interface().(*commonpb.Payload); is {
				assert.Contains(t, []string{"json/plain", "binary/null", "json/protobuf"}, string(one.GetMetadata()["encoding"]))
			}
		}
		return nil
	})
	require.NoError(t, err)
	wire, err := proto.Marshal(event)
	require.NoError(t, err)
	return string(bytes.ToLower(wire))
}
