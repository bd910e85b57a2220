package notify

// Mails one after the other on one connection to the mail server.

import (
	"context"
	"time"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// session is a connection that is greeted, encrypted and authenticated. It serves one mail at a time, and after a
// *ConnectionError it serves none.
type session struct {
	mailer *Mailer
	call   *call
	client *mail.Client
	server *smtp.Client
	mails  int // begun on it
}

// open connects to the mail server. Every failure is a *ConnectionError.
func (m *Mailer) open(ctx context.Context) (*session, error) {
	ctx, cancel := context.WithTimeout(ctx, m.settings.Timeout)
	defer cancel()
	s := &session{mailer: m, call: &call{settings: m.settings, roots: m.roots}}
	var err error
	if s.client, err = s.call.client(ctx); err != nil {
		return nil, unreached(ctx, err)
	}
	if s.server, err = s.client.DialToSMTPClientWithContext(ctx); err != nil {
		s.call.hangUp()
		return nil, unreached(ctx, err)
	}
	s.call.unwatch()
	return s, nil
}

// send delivers the mail within the mailer's timeout. Nil and the errors are those of Mailer.Send.
func (s *session) send(ctx context.Context, told Mail) error {
	told.To = mailable(told.To)
	message, err := s.mailer.message(told)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.mailer.settings.Timeout)
	defer cancel()
	return s.deliver(ctx, message, told)
}

// deliver hands the message over before ctx ends, which closes the connection.
func (s *session) deliver(ctx context.Context, message *mail.Msg, told Mail) error {
	recipient := told.To
	if !s.takes(recipient) {
		return Permanent("The recipient's address has more than ASCII before the @, which this mail server does not take (SMTPUTF8).")
	}
	unwatch := context.AfterFunc(ctx, s.call.close)
	defer unwatch()
	if err := s.reset(); err != nil {
		return unreached(ctx, err)
	}
	s.mails++
	s.asksForReports(told)
	err := s.client.SendWithSMTPClient(s.server, message)
	if err == nil || message.IsDelivered() {
		return nil
	}
	return classify(ctx, err, recipient)
}

// takes tells whether the server can be told that address. SMTPUTF8 is asked for where it is needed and nowhere else, because a
// server may have to refuse such mail later, when the next one does not have it (RFC 6531).
func (s *session) takes(recipient string) bool {
	plain := ascii(recipient)
	s.server.SkipSMTPUTF8(plain)
	offered, _ := s.server.Extension("SMTPUTF8")
	return plain || offered
}

// reset leaves nothing of the mail before, whatever became of it, and notices a connection that is gone.
func (s *session) reset() error {
	if s.mails == 0 {
		return nil
	}
	if err := s.server.UpdateDeadline(s.call.patience()); err != nil {
		return err
	}
	return s.server.Reset()
}

// end takes leave, briefly. Whatever the server has to say to that, the mails are with it.
func (s *session) end() {
	const farewell = 2 * time.Second
	if s.server.UpdateDeadline(farewell) == nil {
		_ = s.server.Quit()
	}
	s.call.hangUp()
}
