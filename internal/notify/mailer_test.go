package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"os"
	"strconv"
	"strings"
	"testing"
	texttemplate "text/template"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/kernel/kerneltest"
)

const testMessageID = "<8c2e4d10.created.1@handover.example>"

func startCatcher(t *testing.T) *Catcher {
	t.Helper()
	c, err := StartCatcher(t.TempDir(), "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, c.Close()) })
	return c
}

func settingsFor(t *testing.T, addr string) Settings {
	t.Helper()
	host, text, err := net.SplitHostPort(addr)
	require.NoError(t, err)
	port, err := strconv.Atoi(text)
	require.NoError(t, err)
	return Settings{Host: host, Port: port, From: "Handover <handover@platform.example>", TLS: TLSNone, Timeout: time.Minute}
}

func mailerTo(t *testing.T, addr string) *Mailer {
	t.Helper()
	m, err := NewMailer(settingsFor(t, addr))
	require.NoError(t, err)
	return m
}

// asking is a letter in which a name stands wherever one can.
var asking = texttemplate.Must(texttemplate.New("").Parse("Subject: {{.}} asks\n\n{{.}} asks you.\n\n- By: {{.}}\n- Until: tomorrow"))

// letterOf is the letter of somebody of that name, as any text comes to a letter.
func letterOf(name string) Letter {
	l, err := Write(asking, kernel.ShortLine(name, 100), Around{Foot: "About " + kernel.ShortLine(name, 100)})
	if err != nil {
		panic(err)
	}
	return l
}

func sampleMail() Mail {
	return Mail{To: "agent@fabrikam.example", MessageID: testMessageID, Letter: letterOf("Northwind")}
}

func caught(t *testing.T, c *Catcher) []Caught {
	t.Helper()
	all, err := c.Messages()
	require.NoError(t, err)
	return all
}

// parts opens the one file and returns its header and its two decoded parts.
func parts(t *testing.T, c Caught) (header netmail.Header, text, html string) {
	t.Helper()
	raw, err := os.ReadFile(c.Path)
	require.NoError(t, err)
	m, err := netmail.ReadMessage(bytes.NewReader(raw))
	require.NoError(t, err)
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	require.NoError(t, err)
	require.Equal(t, "multipart/alternative", kind)
	var bodies []string
	for r := multipart.NewReader(m.Body, params["boundary"]); ; {
		part, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		require.Equal(t, "quoted-printable", part.Header.Get("Content-Transfer-Encoding"))
		body, err := io.ReadAll(quotedprintable.NewReader(part))
		require.NoError(t, err)
		bodies = append(bodies, string(bytes.ReplaceAll(body, []byte("\r\n"), []byte("\n"))))
	}
	require.Len(t, bodies, 2)
	return m.Header, bodies[0], bodies[1]
}

func TestMailArrivesAsTextAndHTML(t *testing.T) {
	t.Parallel()
	c := startCatcher(t)
	require.NoError(t, mailerTo(t, c.Addr()).Send(t.Context(), sampleMail()))

	all := caught(t, c)
	require.Len(t, all, 1)
	want := sampleMail().Letter
	assert.Equal(t, Caught{
		From: "handover@platform.example", To: "agent@fabrikam.example", Subject: want.Subject, MessageID: testMessageID, Path: all[0].Path,
	}, all[0])
	header, text, html := parts(t, all[0])
	assert.Equal(t, want.Text, text)
	assert.Equal(t, want.HTML, html)
	assert.Equal(t, "auto-generated", header.Get("Auto-Submitted"))
	assert.Equal(t, "<agent@fabrikam.example>", header.Get("To"))
	assert.Equal(t, "en", header.Get("Content-Language"))
	_, err := header.Date()
	assert.NoError(t, err)
}

// I-4: the copies of a repeated mail can be told apart from two mails.
func TestRepeatedMailHasTheSameMessageID(t *testing.T) {
	t.Parallel()
	c := startCatcher(t)
	m := mailerTo(t, c.Addr())
	bare := sampleMail()
	bare.MessageID = testMessageID[1 : len(testMessageID)-1]
	require.NoError(t, m.Send(t.Context(), sampleMail()))
	require.NoError(t, m.Send(t.Context(), bare))

	all := caught(t, c)
	require.Len(t, all, 2)
	assert.Equal(t, testMessageID, all[0].MessageID)
	assert.Equal(t, testMessageID, all[1].MessageID)
}

func TestNamesOfTheWorldArrive(t *testing.T) {
	t.Parallel()
	c := startCatcher(t)
	mail := sampleMail()
	mail.To = "jürgen@contoso.example"
	mail.Letter = letterOf("Müller & Søn 株式会社 🚀")
	require.NoError(t, mailerTo(t, c.Addr()).Send(t.Context(), mail))

	all := caught(t, c)
	require.Len(t, all, 1)
	assert.Equal(t, "jürgen@contoso.example", all[0].To)
	assert.Contains(t, all[0].Subject, "Müller & Søn 株式会社 🚀")
	_, text, html := parts(t, all[0])
	assert.Contains(t, text, "Müller & Søn 株式会社 🚀")
	assert.Contains(t, html, "Müller &amp; Søn 株式会社 🚀")
}

func TestHeadersCannotBeInjected(t *testing.T) {
	t.Parallel()
	c := startCatcher(t)
	mail := sampleMail()
	mail.Letter.Subject = "- <script>alert(1)</script>\r\nBcc: x@evil.example\r\n\r\n- \x00\u202Etxet\xff & \"co\""
	require.NoError(t, mailerTo(t, c.Addr()).Send(t.Context(), mail))

	all := caught(t, c)
	require.Len(t, all, 1)
	header, _, _ := parts(t, all[0])
	assert.Empty(t, header.Get("Bcc"))
	assert.Contains(t, all[0].Subject, "Bcc: x@evil.example")
}

// Every hostile name arrives as text: no header, no part and no line comes of it.
func TestHostileNamesArriveAsText(t *testing.T) {
	t.Parallel()
	c := startCatcher(t)
	m := mailerTo(t, c.Addr())
	for name, text := range kerneltest.Hostile() {
		mail := sampleMail()
		mail.Letter = letterOf(text)
		require.NoError(t, m.Send(t.Context(), mail), name)
	}
	all := caught(t, c)
	require.Len(t, all, len(kerneltest.Hostile()))
	for _, one := range all {
		header, text, html := parts(t, one)
		assert.Len(t, header["Subject"], 1)
		assert.Empty(t, header["Bcc"])
		for _, line := range strings.Split(one.Subject+"\n"+text+"\n"+html, "\n") {
			kerneltest.Shown(t, line, one.Subject)
		}
	}
}

// B4: a relay that takes nothing but ASCII gets nothing else.
func TestInternationalisedDomainsGoOutInASCII(t *testing.T) {
	t.Parallel()
	var to []string
	p := startPost(t, &post{rcpt: func(recipient string) error { to = append(to, recipient); return nil }})
	s := settingsFor(t, p.addr)
	s.From = "Handover <handover@bücher.example>"
	m, err := NewMailer(s)
	require.NoError(t, err)
	mail := sampleMail()
	mail.To = "it@bücher.example"
	require.NoError(t, m.Send(t.Context(), mail))
	assert.Equal(t, []string{"it@xn--bcher-kva.example"}, to)
	message, err := m.message(mail)
	require.NoError(t, err)
	assert.Contains(t, message.GetFromString()[0], "<handover@xn--bcher-kva.example>")
}

// RFC 6531: what a server can do with more than ASCII before the @ is asked for where it is needed, and nowhere else.
func TestSMTPUTF8IsAskedForWhereItIsNeeded(t *testing.T) {
	t.Parallel()
	var asked []bool
	p := startPost(t, &post{utf8: true, mail: func(_ string, o *smtp.MailOptions) { asked = append(asked, o.UTF8) }})
	m := mailerTo(t, p.addr)
	for _, to := range []string{"agent@fabrikam.example", "jürgen@bücher.example", "it@bücher.example"} {
		mail := sampleMail()
		mail.To = to
		require.NoError(t, m.Send(t.Context(), mail), to)
	}
	assert.Equal(t, []bool{false, true, false}, asked)
}

func TestAddressThatTheServerCannotTakeIsFinal(t *testing.T) {
	t.Parallel()
	p := startPost(t, &post{})
	mail := sampleMail()
	mail.To = "jürgen@contoso.example"
	err := mailerTo(t, p.addr).Send(t.Context(), mail)
	var final *PermanentError
	require.ErrorAs(t, err, &final)
	assert.Contains(t, final.Reason, "more than ASCII before the @")
	assert.NotContains(t, final.Reason, "rgen", "no personal data in errors")
	assert.Zero(t, p.begun.Load())
}

// headerLines are the lines of the header as they go over the wire.
func headerLines(t *testing.T, m *Mailer, told Mail) []string {
	t.Helper()
	message, err := m.message(told)
	require.NoError(t, err)
	var raw bytes.Buffer
	_, err = message.WriteTo(&raw)
	require.NoError(t, err)
	head, _, found := strings.Cut(raw.String(), "\r\n\r\n")
	require.True(t, found)
	return strings.Split(head, "\r\n")
}

// RFC 5322, RFC 2047, RFC 3834: whatever the language and however long the names, headers are short lines of ASCII that read as what
// was meant, and no program answers.
func TestHeadersOfEveryLanguage(t *testing.T) {
	t.Parallel()
	s := settingsFor(t, "127.0.0.1:25")
	s.From = "Übergabe <handover@platform.example>"
	m, err := NewMailer(s)
	require.NoError(t, err)
	for _, language := range Languages() {
		locale := language.Tag
		mail := sampleMail()
		mail.Letter = letterOf(strings.Repeat("株式会社", 20))
		mail.Letter.Language = language
		lines := headerLines(t, m, mail)
		for _, line := range lines {
			assert.LessOrEqual(t, len(line), 78, "%s: %s", locale, line)
			assert.True(t, ascii(line), line)
		}
		read, err := netmail.ReadMessage(strings.NewReader(strings.Join(lines, "\r\n") + "\r\n\r\n"))
		require.NoError(t, err)
		subject, err := new(mime.WordDecoder).DecodeHeader(read.Header.Get("Subject"))
		require.NoError(t, err)
		assert.Equal(t, mail.Letter.Subject, subject)
		from, err := read.Header.AddressList("From")
		require.NoError(t, err)
		assert.Equal(t, []*netmail.Address{{Name: "Übergabe", Address: "handover@platform.example"}}, from)
		assert.Equal(t, "auto-generated", read.Header.Get("Auto-Submitted"))
		assert.Equal(t, "OOF, AutoReply", read.Header.Get("X-Auto-Response-Suppress"))
		assert.Equal(t, locale, read.Header.Get("Content-Language"))
		for _, absent := range []string{"List-Unsubscribe", "List-Unsubscribe-Post", "Reply-To", "Precedence", "Bcc", "User-Agent", "X-Mailer"} {
			assert.Empty(t, read.Header[absent], absent)
		}
	}
}

// A name that looks like an encoded word is not decoded into what it hides: here, text that turns the line round.
func TestEncodedWordsInNamesStayText(t *testing.T) {
	t.Parallel()
	mail := sampleMail()
	mail.Letter = letterOf("=?utf-8?q?=E2=80=AEtxet?=")
	lines := headerLines(t, mailerTo(t, "127.0.0.1:25"), mail)
	read, err := netmail.ReadMessage(strings.NewReader(strings.Join(lines, "\r\n") + "\r\n\r\n"))
	require.NoError(t, err)
	subject, err := new(mime.WordDecoder).DecodeHeader(read.Header.Get("Subject"))
	require.NoError(t, err)
	assert.Equal(t, "= ?utf-8?q?=E2=80=AEtxet?= asks", subject)
}

func TestMalformedAddressesAndIDsAreFinal(t *testing.T) {
	t.Parallel()
	m := mailerTo(t, startCatcher(t).Addr())
	broken := map[string]Mail{}
	for _, to := range []string{"", "nobody", "a@b@c", "Agent <agent@fabrikam.example>", "a@b.example\r\nBcc: x@evil.example", "a@b.example, c@d.example"} {
		mail := sampleMail()
		mail.To = to
		broken["to "+to] = mail
	}
	for _, id := range []string{"", "no-at-sign", "a@b\r\nBcc: x@evil.example", "a b@c", "a@ü"} {
		mail := sampleMail()
		mail.MessageID = id
		broken["id "+id] = mail
	}
	for name, mail := range broken {
		var final *PermanentError
		assert.ErrorAs(t, m.Send(t.Context(), mail), &final, "%q", name)
	}
}

func TestServerAnswersAreClassified(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		err   error
		final bool
	}{
		{"mailbox full", &smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 2, 2}, Message: "agent@fabrikam.example is full"}, false},
		{"internal error", errors.New("disk on fire"), false},
		{"no such mailbox", &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no Agent@Fabrikam.example here"}, true},
		{"authentication required", &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "log in first"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			catcher := startCatcher(t)
			catcher.Refuse(func(string) error { return c.err })
			m := mailerTo(t, catcher.Addr())
			err := m.Send(t.Context(), sampleMail())
			require.Error(t, err)
			var final *PermanentError
			assert.Equal(t, c.final, errors.As(err, &final), "%v", err)
			assert.NotContains(t, err.Error(), "abrikam.example", "no personal data in errors")
			assert.Empty(t, caught(t, catcher))

			catcher.Refuse(nil)
			assert.NoError(t, m.Send(t.Context(), sampleMail()), "the refusal ends")
		})
	}
}

func TestServerThatIsDownIsTemporary(t *testing.T) {
	t.Parallel()
	c := startCatcher(t)
	m := mailerTo(t, c.Addr())
	require.NoError(t, c.Close())
	err := m.Send(t.Context(), sampleMail())
	require.Error(t, err)
	var final *PermanentError
	assert.False(t, errors.As(err, &final), "%v", err)
}

// silent is a server that takes connections and never says a word.
func silent(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, l.Close()) })
	return l.Addr().String()
}

func TestSlowServerEndsWithTheContext(t *testing.T) {
	t.Parallel()
	slow := startCatcher(t)
	answered := make(chan struct{})
	t.Cleanup(func() { close(answered) })
	asked := make(chan struct{}, 2)
	slow.Refuse(func(string) error { asked <- struct{}{}; <-answered; return nil })

	t.Run("deadline while greeting", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		assertTemporary(t, context.DeadlineExceeded, mailerTo(t, silent(t)).Send(ctx, sampleMail()))
	})
	t.Run("cancelled in the middle", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() { <-asked; cancel() }()
		assertTemporary(t, context.Canceled, mailerTo(t, slow.Addr()).Send(ctx, sampleMail()))
	})
	t.Run("own timeout in the middle", func(t *testing.T) {
		s := settingsFor(t, slow.Addr())
		s.Timeout = 50 * time.Millisecond
		m, err := NewMailer(s)
		require.NoError(t, err)
		assertTemporary(t, context.DeadlineExceeded, m.Send(t.Context(), sampleMail()))
	})
}

func assertTemporary(t *testing.T, want, err error) {
	t.Helper()
	assert.ErrorIs(t, err, want)
	var final *PermanentError
	assert.False(t, errors.As(err, &final), "%v", err)
}

func TestSettingsAreChecked(t *testing.T) {
	t.Parallel()
	good := settingsFor(t, "127.0.0.1:25")
	_, err := NewMailer(good)
	require.NoError(t, err)
	for name, spoil := range map[string]func(*Settings){
		"host":        func(s *Settings) { s.Host = "" },
		"port":        func(s *Settings) { s.Port = 70000 },
		"sender":      func(s *Settings) { s.From = "handover" },
		"wide sender": func(s *Settings) { s.From = "Übergabe <übergabe@platform.example>" },
		"encryption":  func(s *Settings) { s.TLS = "ssl" },
		"clear login": func(s *Settings) { s.Username = "handover" },
		"timeout":     func(s *Settings) { s.Timeout = 0 },
	} {
		s := good
		spoil(&s)
		_, err := NewMailer(s)
		assert.Error(t, err, name)
	}
}

func ExamplePermanentError() {
	m, err := NewMailer(Settings{Host: "mail.example", Port: 25, From: "handover@platform.example", TLS: TLSStart, Timeout: time.Minute})
	if err != nil {
		panic(err)
	}
	var final *PermanentError
	fmt.Println(errors.As(m.Send(context.Background(), Mail{To: "nobody"}), &final))
	// Output: true
}
