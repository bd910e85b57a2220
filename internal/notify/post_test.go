package notify

// A mail server that does as the test says and counts what it was told.

import (
	"bytes"
	"errors"
	"io"
	"log"
	"net"
	netmail "net/mail"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
)

// post is the server. Its hooks are set before it is used.
type post struct {
	addr     string
	down     atomic.Bool                            // it hangs up on whoever comes
	utf8     bool                                   // it offers SMTPUTF8
	dsn      bool                                   // it offers reports of what became of mail
	mail     func(from string, o *smtp.MailOptions) // hears how a mail begins
	asks     func(*smtp.RcptOptions)                // hears what is asked of each recipient
	rcpt     func(to string) error                  // refuses recipients
	accepted func(taken int, cut func())            // after the n-th mail was taken and before the client hears of it
	coming   func(begun int, cut func())            // in the middle of the n-th mail

	connections, resets, begun atomic.Int64
	mu                         sync.Mutex
	taken                      map[string]int // by Message-ID
	total                      int
}

func startPost(t *testing.T, p *post) *post {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p.addr, p.taken = l.Addr().String(), map[string]int{}
	server := smtp.NewServer(p)
	server.Domain, server.ErrorLog = "localhost", log.New(io.Discard, "", 0)
	server.EnableSMTPUTF8, server.EnableDSN = p.utf8, p.dsn
	served := make(chan error, 1)
	go func() { served <- server.Serve(counted{l, p}) }()
	t.Cleanup(func() {
		_ = server.Close() // or the listener, when the server did not begin to serve
		_ = l.Close()
		<-served
	})
	return p
}

// counted counts connections, and the resets on them.
type counted struct {
	net.Listener
	post *post
}

func (c counted) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c.post.connections.Add(1)
	if c.post.down.Load() {
		_ = conn.Close()
	}
	return countedConn{conn, c.post}, nil
}

type countedConn struct {
	net.Conn
	post *post
}

func (c countedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.post.resets.Add(int64(bytes.Count(b[:n], []byte("RSET\r\n"))))
	return n, err
}

func (p *post) NewSession(c *smtp.Conn) (smtp.Session, error) {
	return &posting{post: p, conn: c.Conn()}, nil
}

type posting struct {
	post *post
	conn net.Conn
}

func (s *posting) Mail(from string, options *smtp.MailOptions) error {
	if s.post.mail != nil {
		s.post.mail(from, options)
	}
	return nil
}

func (s *posting) Rcpt(to string, options *smtp.RcptOptions) error {
	if s.post.asks != nil {
		s.post.asks(options)
	}
	if s.post.rcpt != nil {
		return s.post.rcpt(to)
	}
	return nil
}

func (s *posting) Data(r io.Reader) error {
	cut := func() { _ = s.conn.Close() }
	if begun := int(s.post.begun.Add(1)); s.post.coming != nil {
		s.post.coming(begun, cut)
	}
	message, err := netmail.ReadMessage(r)
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, message.Body); err != nil {
		return err
	}
	s.post.mu.Lock()
	s.post.taken[message.Header.Get("Message-ID")]++
	s.post.total++
	n := s.post.total
	s.post.mu.Unlock()
	if s.post.accepted != nil {
		s.post.accepted(n, cut)
	}
	return nil
}

func (s *posting) Reset() {}

func (s *posting) Logout() error { return nil }

// tally is how many different mails were taken, and how many copies besides.
func (p *post) tally() (mails, repeated int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.taken), p.total - len(p.taken)
}

var (
	busy    = &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "later"}
	denied  = &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "Relay access denied"}
	unknown = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox"}
	errGone = errors.New("this program is gone")
)
