package integration

// A mail server as the mail of a company: it wants STARTTLS and a login, knows no SMTPUTF8, and does to recipients what a test says.

import (
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	netmail "net/mail"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"handover/internal/notify"
)

const (
	postUser     = "handover"
	postPassword = "sesame"
)

// post is the mail server. It can go away and come back at the same address.
type post struct {
	address     string
	certificate string // file that whoever sends must trust
	config      *tls.Config
	recipient   func(to string) error // refuses; nil takes everybody
	coming      func()                // while a message is on its way; nil for nothing
	server      *smtp.Server
	served      chan error

	lock  sync.Mutex
	taken []notify.Caught // every message for every recipient, a repeated one again
	plain []string        // what was sent without encryption or login
}

// opensPost is a mail server that is not there yet.
func opensPost(t *testing.T, recipient func(to string) error) *post {
	t.Helper()
	certificate, key := selfSigned(t)
	pair, err := tls.LoadX509KeyPair(certificate, key)
	require.NoError(t, err)
	p := &post{
		address: freeAddress(t), certificate: certificate, recipient: recipient,
		config: &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12},
	}
	t.Cleanup(func() { p.stop(t) })
	return p
}

// sends are the settings of a worker that sends through it.
func (p *post) sends() []string {
	host, port, _ := strings.Cut(p.address, ":")
	return []string{
		"HANDOVER_SMTP_HOST=" + host, "HANDOVER_SMTP_PORT=" + port, "HANDOVER_SMTP_TLS=starttls", "HANDOVER_SMTP_USERNAME=" + postUser,
		"HANDOVER_SMTP_PASSWORD=" + postPassword, "SSL_CERT_FILE=" + p.certificate,
	}
}

func (p *post) start(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", p.address)
	require.NoError(t, err)
	p.server, p.served = smtp.NewServer(p), make(chan error, 1)
	p.server.TLSConfig, p.server.Domain, p.server.ErrorLog = p.config, "post.example", log.New(io.Discard, "", 0)
	go func() { p.served <- p.server.Serve(listener) }()
	eventually(t, "the mail server answers", func() bool {
		connection, err := net.Dial("tcp", p.address)
		if err == nil {
			_ = connection.Close()
		}
		return err == nil
	})
}

// stop cuts everybody off.
func (p *post) stop(t *testing.T) {
	t.Helper()
	if p.server != nil {
		require.NoError(t, p.server.Close())
		<-p.served
		p.server = nil
	}
}

// caught is everything that was taken.
func (p *post) caught() []notify.Caught {
	p.lock.Lock()
	defer p.lock.Unlock()
	return append([]notify.Caught(nil), p.taken...)
}

// ofSubject is what was taken under a subject.
func (p *post) ofSubject(subject string) (all []notify.Caught) {
	for _, one := range p.caught() {
		if one.Subject == subject {
			all = append(all, one)
		}
	}
	return all
}

func (p *post) NewSession(c *smtp.Conn) (smtp.Session, error) { return &posting{post: p, conn: c}, nil }

type posting struct {
	post     *post
	conn     *smtp.Conn
	admitted bool
	to       []string
}

func (s *posting) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *posting) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != postUser || password != postPassword {
			return errors.New("wrong user name or password")
		}
		s.admitted = true
		return nil
	}), nil
}

func (s *posting) Mail(from string, _ *smtp.MailOptions) error {
	if _, encrypted := s.conn.TLSConnectionState(); !encrypted || !s.admitted {
		s.post.lock.Lock()
		defer s.post.lock.Unlock()
		s.post.plain = append(s.post.plain, from)
		return smtp.ErrAuthRequired
	}
	return nil
}

func (s *posting) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.post.recipient != nil {
		if err := s.post.recipient(to); err != nil {
			return err
		}
	}
	s.to = append(s.to, to)
	return nil
}

func (s *posting) Data(r io.Reader) error {
	if s.post.coming != nil {
		s.post.coming()
	}
	message, err := netmail.ReadMessage(r)
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, message.Body); err != nil {
		return err
	}
	s.post.lock.Lock()
	defer s.post.lock.Unlock()
	for _, to := range s.to {
		s.post.taken = append(s.post.taken, notify.Caught{To: to, MessageID: message.Header.Get("Message-ID"), Subject: message.Header.Get("Subject")})
	}
	return nil
}

func (s *posting) Reset() { s.to = nil }

func (s *posting) Logout() error { return nil }
