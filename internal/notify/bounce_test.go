package notify

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net"
	netmail "net/mail"
	"os"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/ledger"
	"handover/internal/notify/bounce"
	"handover/internal/outbox"
)

// reporter is a mail server that takes everything and afterwards reports that it could not deliver it, as RFC 3464 has it, to the
// envelope's sender.
type reporter struct {
	t       *testing.T
	mailbox string // the mail server of the sender
}

func (r reporter) NewSession(*smtp.Conn) (smtp.Session, error) { return &reported{reporter: r}, nil }

type reported struct {
	reporter
	from, id string
	to       []string
}

func (r *reported) Mail(from string, o *smtp.MailOptions) error {
	r.from, r.id = from, o.EnvelopeID
	return nil
}

func (r *reported) Rcpt(to string, o *smtp.RcptOptions) error {
	assert.Equal(r.t, []smtp.DSNNotify{smtp.DSNNotifyFailure}, o.Notify)
	r.to = append(r.to, to)
	return nil
}

func (r *reported) Reset()        { *r = reported{reporter: r.reporter} }
func (r *reported) Logout() error { return nil }

func (r *reported) Data(in io.Reader) error {
	text, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	header, _, _ := bytes.Cut(text, []byte("\r\n\r\n"))
	report := fmt.Sprintf("From: <mailer-daemon@relay.example>\r\nTo: <%s>\r\nSubject: Undelivered\r\nMessage-ID: <%s.report@relay.example>\r\n"+
		"MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n"+
		"--x\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; relay.example\r\nOriginal-Envelope-Id: %s\r\n\r\n"+
		"Final-Recipient: rfc822; %s\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 %s is unknown\r\n\r\n"+
		"--x\r\nContent-Type: text/rfc822-headers\r\n\r\n%s\r\n--x--\r\n", r.from, r.id, r.id, r.to[0], r.to[0], header)
	sender, err := smtp.Dial(r.mailbox)
	if err != nil {
		return err
	}
	defer sender.Close()
	return sender.SendMail("", []string{r.from}, strings.NewReader(report))
}

// reports starts the mail server.
func reports(t *testing.T, mailbox string) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := smtp.NewServer(reporter{t, mailbox})
	server.Domain, server.EnableDSN, server.ErrorLog = "localhost", true, log.New(io.Discard, "", 0)
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	t.Cleanup(func() {
		assert.NoError(t, server.Close())
		<-served
	})
	return l.Addr().String()
}

// R-204, RFC 3461, RFC 3464: a mail server takes a mail and reports afterwards that it failed. The report comes to the address for bounces,
// is found to be about this mail and this attempt, and makes it undelivered; sent again it bounces again, and the first report is then
// about another attempt.
func TestMailServersReportWhatTheyCouldNotDeliver(t *testing.T) {
	t.Parallel()
	catcher := startCatcher(t)
	o := newOffice(t, 2, &post{})
	settings := settingsFor(t, reports(t, catcher.Addr()))
	settings.Bounces = "bounces@platform.example"
	mailer, err := NewMailer(settings)
	require.NoError(t, err)
	r := o.relay(quick(), nil)
	r.mailer = mailer
	read := func(n int) (all []outbox.Change) {
		t.Helper()
		got := caught(t, catcher)
		require.Len(t, got, n)
		for _, c := range got {
			require.Equal(t, "bounces@platform.example", c.To)
			text, err := os.ReadFile(c.Path)
			require.NoError(t, err)
			message, err := netmail.ReadMessage(bytes.NewReader(text))
			require.NoError(t, err)
			require.Equal(t, "<>", message.Header.Get("Return-Path"), "nobody reports about reports")
			report, err := bounce.Read(bytes.NewReader(text))
			require.NoError(t, err)
			require.Len(t, report.Failed(), 1)
			require.NotZero(t, report.Attempt)
			done, err := o.MailBounced(t.Context(), outbox.Bounce{
				MessageIDs: report.MessageIDs, Attempt: report.Attempt,
				Failed: []outbox.Undeliverable{{Addresses: report.Failed()[0].Addresses, Says: report.Failed()[0].Why()}},
			})
			require.NoError(t, err)
			all = append(all, done.Changed)
		}
		return all
	}
	o.drain(r)
	require.Equal(t, []outbox.Change{outbox.NowUndelivered, outbox.NowUndelivered}, read(2))
	for _, n := range o.log() {
		require.Equal(t, "A mail server took it, and one reported afterwards: 5.1.1, 550 5.1.1 (recipient) is unknown", n.LastError)
	}
	_, err = o.ResendMail(t.Context(), outbox.Which{}, kernel.Actor{Operator: true, UserID: "root"}, command.Terms[ledger.Resent]{})
	require.NoError(t, err)
	require.Equal(t, []outbox.Change{outbox.OtherAttempt, outbox.OtherAttempt}, read(2))
	o.drain(r)
	require.Equal(t, []outbox.Change{outbox.OtherAttempt, outbox.OtherAttempt, outbox.NowUndelivered, outbox.NowUndelivered}, read(4))
}
