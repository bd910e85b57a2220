package notify

// One mail on a connection of its own: settings in, a checked MIME message out.

import (
	"cmp"
	"context"
	"crypto/x509"
	"fmt"
	netmail "net/mail"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/wneessen/go-mail"

	"handover/internal/kernel"
	"handover/internal/notify/bounce"
)

// The values of Settings.TLS.
const (
	TLSNone     = "none"     // plain text all the way; credentials are refused with it
	TLSStart    = "starttls" // upgraded by STARTTLS; a server that does not offer it is not used
	TLSImplicit = "tls"      // encrypted from the first byte
)

// Settings says how mail leaves.
type Settings struct {
	Host     string
	Port     int
	Username string // empty for a server that wants no authentication
	Password string
	From     string        // "Handover <handover@example.org>" or the bare address; ASCII before the @
	Bounces  string        // the envelope's sender, to whom bounces go: a bare address; empty for that of From
	TLS      string        // none, starttls or tls
	Timeout  time.Duration // for the whole conversation about one mail
}

// Mailer sends mails. It is safe for concurrent use.
type Mailer struct {
	settings Settings
	from     *netmail.Address
	bounces  *netmail.Address
	roots    *x509.CertPool // nil for the system's
}

// NewMailer checks the settings; it does not connect. The error is one sentence about the setting to correct.
func NewMailer(s Settings) (*Mailer, error) {
	from, err := netmail.ParseAddress(s.From)
	bounces, errBounces := netmail.ParseAddress(cmp.Or(s.Bounces, s.From))
	switch {
	case s.Host == "":
		return nil, fmt.Errorf("the SMTP host is missing")
	case s.Port < 1 || s.Port > 65535:
		return nil, fmt.Errorf("the SMTP port must be between 1 and 65535, not %d", s.Port)
	case err != nil:
		return nil, fmt.Errorf("the sender %q must be an e-mail address such as handover@example.org: %w", s.From, err)
	case !ascii(from.Address[:strings.LastIndexByte(from.Address, '@')]):
		return nil, fmt.Errorf("the sender %q must have ASCII before the @, or some mail servers do not take it", s.From)
	case errBounces != nil, s.Bounces != "" && bounces.Address != s.Bounces, !ascii(bounces.Address[:strings.LastIndexByte(bounces.Address, '@')]):
		return nil, fmt.Errorf("the address for bounces, %q, must be a bare e-mail address such as bounces@example.org, with ASCII before the @", s.Bounces)
	case s.TLS != TLSNone && s.TLS != TLSStart && s.TLS != TLSImplicit:
		return nil, fmt.Errorf("the SMTP encryption must be none, starttls or tls, not %q", s.TLS)
	case s.Username != "" && s.TLS == TLSNone:
		return nil, fmt.Errorf("an SMTP user name needs encryption; set it to starttls or tls")
	case s.Timeout <= 0:
		return nil, fmt.Errorf("the SMTP timeout must be positive, not %s", s.Timeout)
	}
	from.Address = mailable(from.Address)
	return &Mailer{settings: s, from: from, bounces: &netmail.Address{Address: mailable(bounces.Address)}}, nil
}

// Send delivers the mail to the mail server. Nil means that the server took responsibility for it.
//
// Errors: *PermanentError when no repetition can help (a malformed address, a 5xx about the recipient or the
// message); *RefusedError when a 5xx is about neither; *ConnectionError when it is not the mail's fault; any other error is temporary. A mail that was accepted although the conversation broke
// afterwards counts as sent; one whose acceptance was not heard is repeated under the same Message-ID (I-4).
func (m *Mailer) Send(ctx context.Context, told Mail) error {
	told.To = mailable(told.To)
	message, err := m.message(told)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, m.settings.Timeout)
	defer cancel()

	s, err := m.open(ctx)
	if err != nil {
		return err
	}
	defer s.end()
	return s.deliver(ctx, message, told)
}

// domain is that of the sender.
func (m *Mailer) domain() string {
	return m.from.Address[strings.LastIndexByte(m.from.Address, '@')+1:]
}

// mailable is the form of an address that any mail server takes, where it has one. Addresses that came into the ledger before such
// were asked for are tried as they are.
func mailable(address string) string {
	if ascii, err := kernel.Mailable("", address); err == nil {
		return ascii
	}
	return address
}

// ascii tells whether the text is what every mail server takes.
func ascii(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII })
}

// Printable ASCII around one @, with or without angle brackets.
var messageID = regexp.MustCompile(`^<?([!-;=?A-~]+@[!-;=?A-~]+)>?$`)

// message builds the MIME message. Every header value is either checked here or encoded by the library, so that no text
// of a user can start a header line.
func (m *Mailer) message(told Mail) (*mail.Msg, error) {
	to, err := netmail.ParseAddress(told.To)
	if err != nil || to.Address != told.To {
		return nil, Permanent("The recipient's address is not one plain e-mail address; correct it.")
	}
	id := messageID.FindStringSubmatch(told.MessageID)
	if id == nil {
		return nil, Permanent("The Message-ID %q is malformed; it must look like name@domain.", kernel.Clip(told.MessageID))
	}
	language := told.Letter.Language
	message := mail.NewMsg(mail.WithNoDefaultUserAgent(), mail.WithEncoding(language.encoding))
	message.FromMailAddress(m.from)
	message.EnvelopeFromMailAddress(m.bounces)
	message.ToMailAddress(to)
	message.Subject(literal(told.Letter.Subject))
	message.SetMessageIDWithValue(id[1])
	message.SetDate()
	if told.Attempt > 0 {
		message.SetGenHeader(bounce.AttemptHeader, strconv.Itoa(told.Attempt))
	}
	// No out-of-office answers, said in the standard's words (RFC 3834) and in Exchange's. There is no List-Unsubscribe: the parties
	// of a contract are no subscribers.
	message.SetGenHeader("Auto-Submitted", "auto-generated")
	message.SetGenHeader("X-Auto-Response-Suppress", "OOF, AutoReply")
	message.SetGenHeader(mail.HeaderContentLang, language.Tag)
	message.SetBodyString(mail.TypeTextPlain, told.Letter.Text)
	message.AddAlternativeString(mail.TypeTextHTML, told.Letter.HTML)
	return message, nil
}

// literal is the text of a header that no mail program takes for an encoded word (RFC 2047) and decodes into what it hides.
func literal(text string) string { return strings.ReplaceAll(text, "=?", "= ?") }
