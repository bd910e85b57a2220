package notify

// Which failures are final. The mail server speaks in codes: 5xx about this recipient or this message will be the same
// tomorrow; everything else, from a refused connection to a wrong password, is cured by time or by an operator.

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/wneessen/go-mail"
)

// PermanentError says that the mail can never be delivered as it is. Another attempt is not worth it.
type PermanentError struct{ Reason string }

func (e *PermanentError) Error() string { return e.Reason }

func permanent(format string, args ...any) error {
	return &PermanentError{Reason: fmt.Sprintf(format, args...)}
}

// classify turns what the SMTP client says into a PermanentError or a temporary error. The recipient's address is taken
// out of the text, which may end in a workflow's history (no personal data there).
func classify(ctx context.Context, err error, recipient string) error {
	if ctx.Err() != nil {
		return fmt.Errorf("the mail server did not take the mail in time, it is tried again: %w", ctx.Err())
	}
	text := withoutAddress(err.Error(), recipient)
	var sent *mail.SendError
	if errors.As(err, &sent) && final(sent) {
		return permanent("The mail server refused the mail for good; check the recipient's address. It said: %s", text)
	}
	return fmt.Errorf("the mail was not delivered and is tried again: %s", text)
}

// final tells whether the server's answer is about the recipient or the message. A 5xx before that (greeting, sender)
// and 53x anywhere (RFC 4954: authentication) are about our settings, which an operator can put right.
func final(sent *mail.SendError) bool {
	code := sent.ErrorCode()
	if code/100 != 5 || code/10 == 53 {
		return false
	}
	switch sent.Reason {
	case mail.ErrSMTPRcptTo, mail.ErrSMTPData, mail.ErrSMTPDataClose:
		return true
	default:
		return false
	}
}

func withoutAddress(text, recipient string) string {
	const most = 400
	address := regexp.MustCompile("(?i)" + regexp.QuoteMeta(recipient))
	return clip(strings.Join(strings.Fields(address.ReplaceAllString(text, "(recipient)")), " "), most)
}
