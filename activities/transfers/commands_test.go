package transfers_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	activities "handover/activities/transfers"
	"handover/internal/activitylog"
	activitylogstore "handover/internal/activitylog/store"
	"handover/internal/kernel"
	"handover/internal/store"
	"handover/internal/transfer"
)

func (w *world) submit(requestID string, actor kernel.Actor) transfer.Message {
	return transfer.Message{TransferID: w.id, Verb: transfer.VerbSubmit, Approval: &transfer.Approval{RequestID: requestID, Actor: actor, Selection: transfer.Selection{AllEligible: true}}}
}

func (w *world) decide(verb transfer.Verb, requestID string, actor kernel.Actor) transfer.Message {
	return transfer.Message{TransferID: w.id, Verb: verb, Decision: &transfer.Decision{RequestID: requestID, Actor: actor, Reason: "no"}}
}

func (w *world) answered(c transfer.Message) transfer.Answer {
	w.t.Helper()
	a, err := w.Command(w.t.Context(), c)
	require.NoError(w.t, err)
	require.Equal(w.t, c.RequestID(), a.RequestID)
	require.Equal(w.t, c.Fingerprint(), a.Of)
	return a
}

// Each command is decided in the ledger, once, and answered the same when it comes again.
func TestCommand(t *testing.T) {
	r := request("create-1")
	for name, c := range map[string]struct {
		open    bool
		command func(*world) transfer.Message
		status  transfer.Status
	}{
		"create": {false, func(w *world) transfer.Message {
			return transfer.Message{TransferID: w.id, Verb: transfer.VerbCreate, Request: &r}
		}, transfer.Pending},
		"submit":  {true, func(w *world) transfer.Message { return w.submit("s", asSource) }, transfer.InProgress},
		"cancel":  {true, func(w *world) transfer.Message { return w.decide(transfer.VerbCancel, "c", asTarget) }, transfer.Cancelled},
		"decline": {true, func(w *world) transfer.Message { return w.decide(transfer.VerbDecline, "d", asSource) }, transfer.Rejected},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 2, nil)
			if c.open {
				w.opened()
			}
			command := c.command(w)
			first := w.answered(command)
			require.Nil(t, first.Refusal)
			require.Equal(t, c.status, first.Status)
			require.Equal(t, c.status == transfer.Pending, first.ExpirationTime != "")
			records, err := w.ledger.AuditOf(t.Context(), w.id)
			require.NoError(t, err)
			require.Contains(t, records[len(records)-1].NewValue, `"via":"`+string(kernel.BySignal)+`"`)

			require.Equal(t, first, w.answered(command))
			again, err := w.ledger.AuditOf(t.Context(), w.id)
			require.NoError(t, err)
			require.Equal(t, records, again)
		})
	}
}

// the same id with other content, in whatever door, is refused; another party's is its own.
func TestCommandUnderAUsedID(t *testing.T) {
	w := pending(t, 2)
	require.Nil(t, w.answered(w.submit("s", asSource)).Refusal)
	other := w.submit("s", asSource)
	other.Approval.AllEligible = false
	other.Approval.LineItems = []transfer.Pick{{SubscriptionID: subID(0)}}
	require.Equal(t, kernel.RequestIDReused, w.answered(other).Refusal.Cause)
	require.Equal(t, kernel.WrongParty, w.answered(w.submit("s", asTarget)).Refusal.Cause)
	require.Equal(t, transfer.AlreadyInProgress, w.answered(w.decide(transfer.VerbDecline, "s", asSource)).Refusal.Cause)

	loud := w.submit("s", asSource)
	loud.Approval.Actor.PartnerTenantID = strings.ToUpper(sourceID)
	require.Nil(t, w.answered(loud).Refusal)
}

// A refusal is an answer; it is logged in the name of who claimed to ask, once, and kept.
func TestRefusedCommand(t *testing.T) {
	w := pending(t, 1)
	for range 2 {
		require.Equal(t, kernel.WrongParty, w.answered(w.submit("s", asTarget)).Refusal.Cause)
		require.Equal(t, transfer.NotFound, w.answered(w.submit("s", asStranger)).Refusal.Cause)
	}
	var refused []string
	records, err := w.ledger.AuditOf(t.Context(), w.id)
	require.NoError(t, err)
	for _, r := range records {
		if strings.HasPrefix(r.EventKey, "refused:") {
			require.Contains(t, r.NewValue, `"via":"`+string(kernel.BySignal)+`"`)
			refused = append(refused, r.PartnerTenantID)
		}
	}
	require.ElementsMatch(t, []string{sourceID, targetID}, refused)
	unknown := transfer.Message{TransferID: w.id, Verb: "transmogrify", Decision: &transfer.Decision{RequestID: "x", Actor: asSource}}
	require.Equal(t, kernel.InvalidInput, w.answered(unknown).Refusal.Cause)
}

// The sentence of a refusal is cut short in an answer: runs keep answers.
func TestAnswersAreShort(t *testing.T) {
	w := pending(t, 1)
	long := kernel.Refuse(kernel.InvalidInput, "%s", strings.Repeat("ä", 1000))
	a := transfer.AnswerOf(w.submit("s", asSource), transfer.Transfer{}, long)
	require.Equal(t, 301, len([]rune(a.Refusal.Message)))
	require.Len(t, []rune(long.Message), 1000, "the refusal itself stays as it is")
	short := transfer.AnswerOf(w.submit("s", asSource), transfer.Transfer{}, transfer.NoSuchTransfer())
	require.Equal(t, transfer.NoSuchTransfer().Message, short.Refusal.Message)
}

// E6, row 35: a closed door answers, changes nothing, and stands in the log as what it refused, once per command.
func TestDoorClosed(t *testing.T) {
	w := pending(t, 1)
	w.DoorClosed = true
	for range 2 {
		require.Equal(t, kernel.DoorClosed, w.answered(w.submit("s", asSource)).Refusal.Cause)
	}
	refused := w.refusedInLog()
	require.Len(t, refused, 1)
	require.Equal(t, kernel.DoorClosed, refused[0].Cause)
	require.Equal(t, &kernel.Origin{Via: kernel.BySignal}, refused[0].Origin)
	r := request("create-2")
	create := transfer.Message{TransferID: transfer.NewID(r), Verb: transfer.VerbCreate, Request: &r}
	require.Equal(t, kernel.DoorClosed, w.answered(create).Refusal.Cause)
	_, err := w.ledger.Transfer(t.Context(), create.TransferID)
	require.ErrorIs(t, err, transfer.NotFound)
}

// E6: where the deployment has a key, a command through Temporal counts only when it is signed with it: as it is, for this transfer.
func TestSignedCommands(t *testing.T) {
	key, other := []byte(strings.Repeat("k", 32)), []byte(strings.Repeat("o", 32))
	forged := map[string]func(w *world) transfer.Message{
		"unsigned": func(w *world) transfer.Message { return w.decide(transfer.VerbDecline, "d", asSource) },
		"with another key": func(w *world) transfer.Message {
			return w.decide(transfer.VerbDecline, "d", asSource).Signed(other, "ann")
		},
		"with no key at all": func(w *world) transfer.Message {
			return w.decide(transfer.VerbDecline, "d", asSource).Signed(nil, "ann")
		},
		"by somebody else": func(w *world) transfer.Message {
			m := w.decide(transfer.VerbDecline, "d", asSource).Signed(key, "ann")
			m.Decision.Signature.Operator = "bob"
			return m
		},
		"as another verb": func(w *world) transfer.Message {
			m := w.decide(transfer.VerbCancel, "d", asSource).Signed(key, "ann")
			m.Verb = transfer.VerbDecline
			return m
		},
		"for another party": func(w *world) transfer.Message {
			m := w.decide(transfer.VerbDecline, "d", asTarget).Signed(key, "ann")
			m.Decision.Actor = asSource
			return m
		},
		"for another transfer": func(w *world) transfer.Message {
			m := w.decide(transfer.VerbDecline, "d", asSource)
			m.TransferID = transfer.NewID(request("other"))
			m = m.Signed(key, "ann")
			m.TransferID = w.id
			return m
		},
		"with a reason of another": func(w *world) transfer.Message {
			m := w.decide(transfer.VerbDecline, "d", asSource).Signed(key, "ann")
			m.Decision.Reason = "yes"
			return m
		},
		"with garbage": func(w *world) transfer.Message {
			m := w.decide(transfer.VerbDecline, "d", asSource)
			m.Decision.Signature = &transfer.Signature{Operator: "ann", MAC: "?"}
			return m
		},
	}
	for name, forge := range forged {
		t.Run(name, func(t *testing.T) {
			w := pending(t, 1)
			w.CommandKey = key
			answer := w.answered(forge(w))
			require.NotNil(t, answer.Refusal)
			require.Equal(t, kernel.DoorClosed, answer.Refusal.Cause)
			refused := w.refusedInLog()
			require.Len(t, refused, 1)
			require.Equal(t, &kernel.Origin{Via: kernel.BySignal}, refused[0].Origin)
		})
	}
	t.Run("signed", func(t *testing.T) {
		w := pending(t, 1)
		w.CommandKey = key
		signed := w.decide(transfer.VerbDecline, "wrong", asTarget).Signed(key, "ann")
		require.Equal(t, kernel.WrongParty, w.answered(signed).Refusal.Cause)
		require.Equal(t, &kernel.Origin{Via: kernel.BySignedSignal, Operator: "ann"}, w.refusedInLog()[0].Origin, "refused for another reason")
		signed = w.decide(transfer.VerbDecline, "d", asSource).Signed(key, "ann")
		text, err := json.Marshal(signed)
		require.NoError(t, err)
		var travelled transfer.Message
		require.NoError(t, json.Unmarshal(text, &travelled))
		require.Equal(t, transfer.Rejected, w.answered(travelled).Status)
		require.Equal(t, signed.Fingerprint(), w.decide(transfer.VerbDecline, "d", asSource).Fingerprint(), "the same command, whoever signed it")
		records, err := w.ledger.AuditOf(t.Context(), w.id)
		require.NoError(t, err)
		for _, r := range records {
			if r.EventKey == string(transfer.EventDeclined) && r.PartnerTenantID == asSource.PartnerTenantID {
				require.Equal(t, &kernel.Origin{Via: kernel.BySignedSignal, Operator: "ann"}, detailOf(t, r).Origin)
				return
			}
		}
		require.Fail(t, "the decline is not in the log")
	})
}

// refusedInLog are the refused commands that the transfer's log has.
func (w *world) refusedInLog() (refused []transfer.AuditDetail) {
	w.t.Helper()
	records, err := w.ledger.AuditOf(w.t.Context(), w.id)
	require.NoError(w.t, err)
	for _, r := range records {
		if r.Status == activitylog.Failed {
			refused = append(refused, detailOf(w.t, r))
		}
	}
	return refused
}

// A ledger that cannot be reached answers nothing: the command is to be taken there again.
func TestCommandWithoutLedger(t *testing.T) {
	w := pending(t, 1)
	w.Ledger = broken{err: store.ErrUnavailable}
	_, err := w.Command(t.Context(), w.submit("s", asSource))
	require.ErrorIs(t, err, store.ErrUnavailable)
	require.ErrorIs(t, w.RecordRefusal(t.Context(), activities.Refused{TransferID: w.id}), store.ErrUnavailable)
}

// What no repetition cures is final, and the history hears nothing of it: the run says that it has trouble, and goes on.
func TestCommandThatBreaks(t *testing.T) {
	w := pending(t, 1)
	w.Ledger = broken{err: errors.New("index row size 100008 exceeds maximum of somebody's name")}
	_, err := w.does(w.Command, w.submit("s", asSource))
	var final *temporal.ApplicationError
	require.ErrorAs(t, err, &final)
	require.True(t, final.NonRetryable())
	require.NotContains(t, err.Error(), "somebody")
}

func TestEmptyCommand(t *testing.T) {
	var c transfer.Message
	require.Empty(t, c.RequestID())
	require.Zero(t, c.Actor())
	require.NotEmpty(t, c.Fingerprint())
}

func detailOf(t *testing.T, r activitylogstore.AuditEntry) (d transfer.AuditDetail) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(r.NewValue), &d))
	return d
}
