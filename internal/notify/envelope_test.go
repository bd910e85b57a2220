package notify

import (
	"strings"
	"testing"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/notify/bounce"
)

// RFC 3461: a server that knows how is asked to report failures, and nothing else, with the header alone and under the attempt's name.
// Another is asked for nothing.
func TestReportsOfFailuresAreAskedFor(t *testing.T) {
	t.Parallel()
	for _, offered := range []bool{true, false} {
		var mails []smtp.MailOptions
		var recipients []smtp.RcptOptions
		p := startPost(t, &post{
			dsn: offered, mail: func(_ string, o *smtp.MailOptions) { mails = append(mails, *o) },
			asks: func(o *smtp.RcptOptions) { recipients = append(recipients, *o) },
		})
		s, err := mailerTo(t, p.addr).open(t.Context())
		require.NoError(t, err)
		for attempt, id := range map[int]string{1: "1a+b=c%d@handover", 12: strings.Repeat("x", 100) + "@handover"} {
			told := sampleMail()
			told.MessageID, told.Attempt = id, attempt
			mails, recipients = nil, nil
			require.NoError(t, s.send(t.Context(), told))
			require.Len(t, mails, 1)
			require.Len(t, recipients, 1)
			if !offered {
				assert.Empty(t, mails[0].Return)
				assert.Empty(t, mails[0].EnvelopeID)
				assert.Empty(t, recipients[0].Notify)
				continue
			}
			assert.Equal(t, smtp.DSNReturnHeaders, mails[0].Return)
			assert.Equal(t, []smtp.DSNNotify{smtp.DSNNotifyFailure}, recipients[0].Notify)
			if attempt == 1 {
				assert.Equal(t, bounce.EnvelopeID(id, attempt), mails[0].EnvelopeID)
			} else {
				assert.Empty(t, mails[0].EnvelopeID, "longer than a server must take")
			}
		}
		s.end()
	}
}

// The header says which attempt a message is, and nothing of where bounces go.
func TestTheHeaderSaysTheAttempt(t *testing.T) {
	t.Parallel()
	s := settingsFor(t, "127.0.0.1:25")
	s.Bounces = "bounces@platform.example"
	m, err := NewMailer(s)
	require.NoError(t, err)
	told := sampleMail()
	assert.NotContains(t, strings.Join(headerLines(t, m, told), "\n"), bounce.AttemptHeader)
	told.Attempt = 3
	header := strings.Join(headerLines(t, m, told), "\n")
	assert.Contains(t, header, "\n"+bounce.AttemptHeader+": 3")
	assert.NotContains(t, header, "bounces")
}

// Bounces go to an address of their own, or else to the sender's.
func TestBouncesGoWhereTheyAreRead(t *testing.T) {
	t.Parallel()
	var senders []string
	p := startPost(t, &post{mail: func(from string, _ *smtp.MailOptions) { senders = append(senders, from) }})
	for _, bounces := range []string{"", "bounces@platform.example", "bounces@bücher.example"} {
		s := settingsFor(t, p.addr)
		s.Bounces = bounces
		m, err := NewMailer(s)
		require.NoError(t, err)
		require.NoError(t, m.Send(t.Context(), sampleMail()))
	}
	assert.Equal(t, []string{"handover@platform.example", "bounces@platform.example", "bounces@xn--bcher-kva.example"}, senders)
	for _, wrong := range []string{"bounces", "Bounces <bounces@platform.example>", "böunces@platform.example", "a@b.example, c@d.example"} {
		s := settingsFor(t, p.addr)
		s.Bounces = wrong
		_, err := NewMailer(s)
		require.ErrorContains(t, err, "the address for bounces", wrong)
	}
}
