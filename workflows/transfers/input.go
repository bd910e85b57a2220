package transfers

import (
	"encoding/json"

	"handover/internal/transfer"
)

// Input starts a Transfer: with the id of a transfer that the ledger has, or, from a client that has Temporal and not the
// API, with a whole transfer.Request to be opened first. Its JSON is that of the one or the other.
type Input struct {
	TransferID string            // empty with a request
	Known      string            // newest record that an earlier run saw; a ledger that lacks it was restored
	Answers    []transfer.Answer // of commands that came through Temporal, from an earlier run
	Request    *transfer.Request
	Unreadable string // what is wrong with an input that is neither
}

// following is an Input without a request, as it is written.
type following struct {
	TransferID string            `json:"transferId"`
	Known      string            `json:"known,omitempty"`
	Answers    []transfer.Answer `json:"answers,omitempty"`
}

// MarshalJSON writes the one form or the other.
func (in Input) MarshalJSON() ([]byte, error) {
	if in.Request != nil {
		return json.Marshal(in.Request)
	}
	return json.Marshal(following{TransferID: in.TransferID, Known: in.Known, Answers: in.Answers})
}

// UnmarshalJSON reads either. Anybody who can start a workflow can send anything, so what cannot be read is no error but
// Unreadable, and the run answers with it.
func (in *Input) UnmarshalJSON(data []byte) error {
	*in = Input{}
	if len(data) > MostCommand {
		in.Unreadable = tooLarge
		return nil
	}
	var f following
	var r transfer.Request
	switch {
	case json.Unmarshal(data, &f) == nil && f.TransferID != "":
		in.TransferID, in.Known, in.Answers = f.TransferID, f.Known, f.Answers
	case json.Unmarshal(data, &r) == nil:
		in.Request = &r
	default:
		in.Unreadable = "The input is neither {\"transferId\": …} nor a request for a transfer."
	}
	return nil
}

// MostCommand bounds what a client may bring through Temporal, in bytes: it stands in a history.
const MostCommand = 128 << 10

const tooLarge = "The message is larger than 128 kB. Ask for everything eligible, which has no limit, or use the HTTP API."
