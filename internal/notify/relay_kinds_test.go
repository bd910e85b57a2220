package notify

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"handover/internal/outbox"
	"handover/internal/store"
	transferstore "handover/internal/transfer/store"
)

// invitations are a kind of subject that nothing but this test knows.
type invitations map[string]Subject

func (k invitations) Subjects(_ context.Context, ids []string) (map[string]Subject, error) {
	found := map[string]Subject{}
	for _, id := range ids {
		if s, known := k[id]; known {
			found[id] = s
		}
	}
	return found, nil
}

// withdrawn is a subject of which nobody needs to hear any more, untold one of which nobody ever hears.
type (
	withdrawn struct{}
	untold    struct{}
)

func (withdrawn) Letter(outbox.Notification) (Letter, error) {
	return Letter{}, &WithdrawnError{Reason: "It was accepted."}
}

func (untold) Letter(n outbox.Notification) (Letter, error) {
	return Letter{}, Permanent("Nobody is told of %s.", n.Event)
}

// oweAbout owes an e-mail about each of the subjects, to an address made of its id, or to its id if that is one.
func (o *office) oweAbout(subjects ...outbox.Subject) {
	o.t.Helper()
	var mail []outbox.Notification
	for _, s := range subjects {
		recipient := s.ID
		if !strings.Contains(recipient, "@") {
			recipient += "@contoso.example"
		}
		mail = append(mail, outbox.Notification{Subject: s, Event: "sent", Audience: "invited", Recipient: recipient, OwedAt: officeOpens.Add(time.Duration(o.late.Load()))})
	}
	_, err := store.Write(o.t.Context(), o.DB, "owe", func(tx store.Tx) (bool, error) { return true, outbox.Queue(o.t.Context(), tx, officeTarget, mail...) })
	require.NoError(o.t, err)
}

// F-5: a relay tells of any kind of subject that it was given, in the same turn as of transfers. What nobody needs any more is withdrawn,
// what is gone or told to nobody is given up, and what this program does not know waits for one that does.
func TestRelayTellsOfAnyKindOfSubject(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 3, &post{})
	about := func(kind, id string) outbox.Subject { return outbox.Subject{Kind: kind, ID: id} }
	o.oweAbout(about("invitation", "open"), about("invitation", "accepted"), about("invitation", "quiet"), about("invitation", "gone"), about("riddle", "open"))
	kinds := o.kinds()
	kinds["invitation"] = invitations{"open": named("an invitation"), "accepted": withdrawn{}, "quiet": untold{}}
	registry := prometheus.NewRegistry()
	r, err := newRelay(RelayOptions{Outbox: o.Ledger, Kinds: kinds, Mailer: mailerTo(t, o.post.addr), Registry: registry}, quick())
	require.NoError(t, err)
	o.drain(r)
	mails, repeated := o.post.tally()
	require.Equal(t, []int{4, 0}, []int{mails, repeated})
	require.Equal(t, 1, o.waiting(), "the riddle")
	for subject, want := range map[outbox.Subject]string{
		about("invitation", "open"): "", about("invitation", "accepted"): "It was accepted.", about("invitation", "quiet"): "Nobody is told of sent.",
		about("invitation", "gone"): "The invitation that the mail is about is gone.", about("riddle", "open"): "this program has nothing to tell about a riddle",
	} {
		log, err := o.Notifications(t.Context(), subject)
		require.NoError(t, err)
		require.Len(t, log, 1)
		require.Equal(t, want, log[0].LastError)
		require.Equal(t, want == "", !log[0].SentAt.IsZero())
		require.Equal(t, want != "" && subject.Kind == "invitation", log[0].Ended)
	}

	kinds["riddle"] = invitations{"open": named("a riddle")}
	o.advance(time.Minute)
	o.drain(r)
	o.requireTaken(5, 0)
}

// A kind that cannot be read puts off its own mail and holds up no other.
func TestRelayThatCannotReadWhatMailIsAbout(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 5, &post{})
	o.oweAbout(outbox.Subject{Kind: "invitation", ID: "open"})
	kinds := Kinds{transferstore.SubjectKind: unread{}, "invitation": invitations{"open": named("an invitation")}}
	r, err := newRelay(RelayOptions{Outbox: o.Ledger, Kinds: kinds, Mailer: mailerTo(t, o.post.addr)}, quick())
	require.NoError(t, err)
	o.drain(r)
	mails, repeated := o.post.tally()
	require.Equal(t, []int{1, 0}, []int{mails, repeated})
	for _, n := range o.log() {
		require.Equal(t, "what mail about a transfer tells cannot be read: this program is gone", n.LastError)
	}
	o.advance(time.Minute)
	o.drain(o.relay(quick(), nil))
	o.requireTaken(6, 0)
}

type unread struct{}

func (unread) Subjects(context.Context, []string) (map[string]Subject, error) { return nil, errGone }
