package transfers_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"handover/internal/transfer"
	"handover/workflows/transfers"
)

func TestInputIsReadAsItWasWritten(t *testing.T) {
	r := request("create-1")
	for name, in := range map[string]transfers.Input{
		"an id":         {TransferID: "t"},
		"begun afresh":  {TransferID: "t", Known: "record", Answers: []transfer.Answer{{RequestID: "a", Of: "f", Refusal: transfer.NoSuchTransfer()}}},
		"a request":     {Request: &r},
		"empty request": {Request: &transfer.Request{}},
	} {
		t.Run(name, func(t *testing.T) {
			data, err := json.Marshal(in)
			require.NoError(t, err)
			var read transfers.Input
			require.NoError(t, json.Unmarshal(data, &read))
			require.Equal(t, in, read)
		})
	}
}

// What the dispatcher starts a run with is an id and nothing else.
func TestInputOfTheDispatcher(t *testing.T) {
	require.JSONEq(t, `{"transferId":"t"}`, asJSON(transfers.Input{TransferID: "t"}))
}

func TestInputsThatAnybodyCanSend(t *testing.T) {
	for name, c := range map[string]struct {
		data       string
		unreadable bool
		request    bool
	}{
		"an id with more":      {`{"transferId":"t","later":1}`, false, false},
		"a request":            {`{"requestId":"a","customerTenantId":"c"}`, false, true},
		"an object":            {`{"apples":3}`, false, true},
		"no id":                {`{"transferId":""}`, false, true},
		"id of another type":   {`{"transferId":3}`, false, true},
		"a text":               {`"start"`, true, false},
		"a list":               {`[1]`, true, false},
		"wrong type in it":     {`{"requestId":3}`, true, false},
		"too large":            {`{"transferId":"` + strings.Repeat("x", 128<<10) + `"}`, true, false},
		"just not too large":   {`{"transferId":"` + strings.Repeat("x", 127<<10) + `"}`, false, false},
		"nothing in an object": {`{}`, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			var in transfers.Input
			require.NoError(t, json.Unmarshal([]byte(c.data), &in))
			require.Equal(t, c.unreadable, in.Unreadable != "", in.Unreadable)
			require.Equal(t, c.request, in.Request != nil)
			require.Equal(t, !c.unreadable && !c.request, in.TransferID != "")
		})
	}
}

// Whatever the bytes, they are one of an id, a request and unreadable, and never an error: an input that cannot be decoded
// would fail the workflow task again and again.
func FuzzInput(f *testing.F) {
	for _, seed := range []string{"", "null", "[]", "{}", `"x"`, `{"transferId":"t"}`, `{"TRANSFERID":"t"}`, `{"requestId":"a"}`, `{"transferId":"t","answers":[{"refusal":{}}]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var in transfers.Input
		require.NoError(t, in.UnmarshalJSON(data))
		forms := 0
		for _, is := range []bool{in.TransferID != "", in.Request != nil, in.Unreadable != ""} {
			if is {
				forms++
			}
		}
		require.Equal(t, 1, forms)
	})
}
