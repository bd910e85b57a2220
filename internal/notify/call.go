package notify

// The connection to the mail server. It is ours, not the library's, so that the caller's context ends it at any point and
// not only while dialling, and so that it is closed when a conversation fails early.

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"time"

	"github.com/wneessen/go-mail"
)

type call struct {
	settings Settings
	roots    *x509.CertPool
	conn     net.Conn
	unwatch  func() bool
}

// client is a fresh SMTP client whose connection closes when ctx ends, until it is let off.
func (c *call) client(ctx context.Context) (*mail.Client, error) {
	options := []mail.Option{
		mail.WithPort(c.settings.Port),
		mail.WithTimeout(c.patience()),
		mail.WithTLSConfig(c.tlsConfig()),
		mail.WithTLSPolicy(mail.NoTLS),
		mail.WithoutNoop(), // RSET before the next mail says as much, and is sent by the session
		mail.WithoutRset(),
		mail.WithDSNRcptNotifyType(mail.DSNRcptNotifyFailure),
		mail.WithDialContextFunc(func(dialling context.Context, network, address string) (net.Conn, error) {
			return c.dial(dialling, ctx, network, address)
		}),
	}
	if c.settings.TLS == TLSStart {
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if c.settings.Username != "" {
		// The mechanisms are named because the library does not look whether a connection it did not make is encrypted.
		// PLAIN and LOGIN themselves refuse one that is not.
		options = append(options,
			mail.WithUsername(c.settings.Username), mail.WithPassword(c.settings.Password),
			mail.WithOpportunisticSMTPAuth(mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthSCRAMSHA1, mail.SMTPAuthPlain, mail.SMTPAuthLogin))
	}
	return mail.NewClient(c.settings.Host, options...)
}

// dial connects within dialling, which ends with the greeting; whole lasts as long as the conversation may.
func (c *call) dial(dialling, whole context.Context, network, address string) (net.Conn, error) {
	conn, err := c.connect(dialling, network, address)
	if err != nil {
		return nil, err
	}
	c.conn = conn
	c.unwatch = context.AfterFunc(whole, c.close)
	return conn, nil
}

func (c *call) connect(ctx context.Context, network, address string) (net.Conn, error) {
	if c.settings.TLS == TLSImplicit {
		return (&tls.Dialer{Config: c.tlsConfig()}).DialContext(ctx, network, address)
	}
	return (&net.Dialer{}).DialContext(ctx, network, address)
}

func (c *call) tlsConfig() *tls.Config {
	return &tls.Config{ServerName: c.settings.Host, RootCAs: c.roots, MinVersion: tls.VersionTLS12}
}

// patience is later than the contexts, which are what ends a conversation.
func (c *call) patience() time.Duration { return 2 * c.settings.Timeout }

func (c *call) hangUp() {
	if c.conn != nil {
		c.unwatch()
		c.close()
	}
}

// close has no error to report: by now the conversation has said what came of the mail, and closing twice is an error.
func (c *call) close() { _ = c.conn.Close() }
