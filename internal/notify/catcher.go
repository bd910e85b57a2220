package notify

// An SMTP server that delivers to a folder instead of to people: for trying Handover out, and for tests that want to know
// what was really sent.

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/emersion/go-smtp"
)

// What the catcher accepts. A mail of ours has one recipient and a few kilobytes.
const (
	catcherMaxBytes      = 1 << 20
	catcherMaxRecipients = 20
	catcherPatience      = time.Minute // with a client that says nothing
)

// Catcher is a running SMTP server. It takes every mail for every recipient, without authentication, and keeps one file
// per recipient in its folder.
type Catcher struct {
	mailbox  mailbox
	listener net.Listener
	server   *smtp.Server
	served   chan error
	refuse   atomic.Pointer[func(recipient string) error]

	delivering sync.RWMutex // held for reading while a mail is being written
	closed     bool
}

// StartCatcher listens on addr ("127.0.0.1:0" for any free port) and keeps mail in dir, which it creates. Give it a
// loopback address: whoever reaches it can write to the folder.
func StartCatcher(dir, addr string) (*Catcher, error) {
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("the mail catcher cannot listen on %s; choose another address: %w", addr, err)
	}
	return serveCatcher(dir, listener, nil)
}

// serveCatcher serves on the listener, and offers STARTTLS when it gets a certificate.
func serveCatcher(dir string, listener net.Listener, startTLS *tls.Config) (*Catcher, error) {
	box, err := openMailbox(dir)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	c := &Catcher{mailbox: box, listener: listener, served: make(chan error, 1)}
	c.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &delivery{catcher: c}, nil
	}))
	c.server.Domain = "localhost"
	c.server.MaxMessageBytes = catcherMaxBytes
	c.server.MaxRecipients = catcherMaxRecipients
	c.server.ReadTimeout, c.server.WriteTimeout = catcherPatience, catcherPatience
	c.server.EnableSMTPUTF8 = true
	c.server.TLSConfig = startTLS
	c.server.ErrorLog = log.New(io.Discard, "", 0) // broken connections; whatever concerns a mail is answered to the client
	go func() { c.served <- c.server.Serve(listener) }()
	return c, nil
}

// Addr is the host:port it listens on.
func (c *Catcher) Addr() string { return c.listener.Addr().String() }

// Refuse makes every later recipient for whom the function returns an error be refused: with the code of a
// *smtp.SMTPError, with 451 for any other error. Nil accepts everybody again.
func (c *Catcher) Refuse(recipient func(recipient string) error) {
	if recipient == nil {
		c.refuse.Store(nil)
		return
	}
	c.refuse.Store(&recipient)
}

// Close stops the server, cuts its connections and waits for the mail that is being written. Its folder stays.
func (c *Catcher) Close() error {
	err := c.server.Close()
	if errors.Is(err, smtp.ErrServerClosed) {
		return nil
	}
	// A server closed before it began to serve does not know its listener yet.
	if again := c.listener.Close(); !errors.Is(again, net.ErrClosed) {
		err = errors.Join(err, again)
	}
	c.delivering.Lock()
	c.closed = true
	c.delivering.Unlock()
	return errors.Join(err, <-c.served)
}

// Messages is everything in the folder, oldest first, also from earlier runs.
func (c *Catcher) Messages() ([]Caught, error) { return c.mailbox.messages() }

// delivery is one mail on its way in.
type delivery struct {
	catcher    *Catcher
	from       string
	recipients []string
}

func (d *delivery) Mail(from string, _ *smtp.MailOptions) error {
	d.from = from
	return checkPath(from)
}

func (d *delivery) Rcpt(to string, _ *smtp.RcptOptions) error {
	if err := checkPath(to); err != nil {
		return err
	}
	if refuse := d.catcher.refuse.Load(); refuse != nil {
		if err := (*refuse)(to); err != nil {
			return err
		}
	}
	d.recipients = append(d.recipients, to)
	return nil
}

func (d *delivery) Data(r io.Reader) error {
	message, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	d.catcher.delivering.RLock()
	defer d.catcher.delivering.RUnlock()
	if d.catcher.closed {
		return temporary("The catcher is closing.")
	}
	for _, to := range d.recipients {
		if err := d.catcher.mailbox.keep(d.from, to, message); err != nil {
			return err
		}
	}
	return nil
}

func (d *delivery) Reset() { d.from, d.recipients = "", nil }

func (d *delivery) Logout() error { return nil }

// checkPath refuses what could start a header line of the file.
func checkPath(address string) error {
	if strings.ContainsFunc(address, unicode.IsControl) {
		return &smtp.SMTPError{Code: 553, EnhancedCode: smtp.EnhancedCode{5, 1, 3}, Message: "The address has control characters."}
	}
	return nil
}

func temporary(message string) error {
	return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: message}
}
