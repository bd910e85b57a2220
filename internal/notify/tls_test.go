package notify

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// lockedServer takes mail only from handover with the password "sesame", over TLS only.
type lockedServer struct{ taken chan []byte }

type lockedSession struct {
	server   *lockedServer
	admitted bool
}

func (s *lockedServer) NewSession(*smtp.Conn) (smtp.Session, error) {
	return &lockedSession{server: s}, nil
}

func (s *lockedSession) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *lockedSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		if username != "handover" || password != "sesame" {
			return errors.New("wrong user name or password")
		}
		s.admitted = true
		return nil
	}), nil
}

func (s *lockedSession) Mail(string, *smtp.MailOptions) error {
	if !s.admitted {
		return smtp.ErrAuthRequired
	}
	return nil
}

func (s *lockedSession) Rcpt(string, *smtp.RcptOptions) error { return nil }

func (s *lockedSession) Data(r io.Reader) error {
	message, err := io.ReadAll(r)
	s.server.taken <- message
	return err
}

func (s *lockedSession) Reset()        {}
func (s *lockedSession) Logout() error { return nil }

// startLocked serves with a certificate for 127.0.0.1, from the first byte or by STARTTLS.
func startLocked(t *testing.T, encryption string) (server *lockedServer, addr string, roots *x509.CertPool) {
	t.Helper()
	issuer := httptest.NewTLSServer(http.NotFoundHandler()) // comes with a certificate for 127.0.0.1
	issuer.Close()
	config := &tls.Config{Certificates: issuer.TLS.Certificates, MinVersion: tls.VersionTLS12}
	roots = x509.NewCertPool()
	roots.AddCert(issuer.Certificate())

	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server = &lockedServer{taken: make(chan []byte, 1)}
	s := smtp.NewServer(server)
	s.ErrorLog = log.New(io.Discard, "", 0) // a refused certificate is what the test wants
	switch encryption {
	case TLSStart:
		s.TLSConfig = config
	case TLSImplicit:
		l = tls.NewListener(l, config)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		assert.NoError(t, s.Close())
		assert.NoError(t, <-served)
	})
	return server, l.Addr().String(), roots
}

func TestEncryptionAndLogin(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, server, mailer, password string
		trusted, delivered             bool
	}{
		{"tls", TLSImplicit, TLSImplicit, "sesame", true, true},
		{"starttls", TLSStart, TLSStart, "sesame", true, true},
		{"wrong password", TLSImplicit, TLSImplicit, "simsim", true, false},
		{"unknown certificate", TLSImplicit, TLSImplicit, "sesame", false, false},
		{"unknown certificate at starttls", TLSStart, TLSStart, "sesame", false, false},
		{"starttls not offered", TLSNone, TLSStart, "sesame", true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server, addr, roots := startLocked(t, c.server)
			s := settingsFor(t, addr)
			s.TLS, s.Username, s.Password = c.mailer, "handover", c.password
			s.Timeout = 30 * time.Second
			m, err := NewMailer(s)
			require.NoError(t, err)
			if c.trusted {
				m.roots = roots
			}
			err = m.Send(t.Context(), sampleMail())
			if !c.delivered {
				require.Error(t, err)
				var final *PermanentError
				assert.NotErrorAs(t, err, &final, "an operator can put the settings right")
				assert.NotContains(t, err.Error(), c.password)
				assert.Empty(t, server.taken)
				return
			}
			require.NoError(t, err)
			assert.True(t, bytes.Contains(<-server.taken, []byte(testMessageID)))
		})
	}
}
