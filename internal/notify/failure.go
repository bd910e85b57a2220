package notify

// Which failures are final. The mail server speaks in codes: 5xx about this recipient or this message will be the same
// tomorrow; everything else, from a refused connection to a wrong password or a relay that denies us, is cured by time or by
// an operator.

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/wneessen/go-mail"

	"handover/internal/outbox"
)

// PermanentError says that the mail can never be delivered as it is. Another attempt is not worth it.
type PermanentError struct{ Reason string }

func (e *PermanentError) Error() string { return e.Reason }

// Permanent is such an error.
func Permanent(format string, args ...any) error {
	return &PermanentError{Reason: fmt.Sprintf(format, args...)}
}

// WithdrawnError says that the mail is not needed any more, because of what happened meanwhile.
type WithdrawnError struct{ Reason string }

func (e *WithdrawnError) Error() string { return e.Reason }

// ConnectionError says that the fault is not the mail's: the server cannot be reached, does not answer, wants nothing from
// us (greeting, authentication, sender), or ended the conversation. The same mail goes through once that has passed.
type ConnectionError struct {
	Underway bool // the message had begun: the server may have taken it, and it may be what the server stumbled over
	err      error
}

func (e *ConnectionError) Error() string { return e.err.Error() }

// Unwrap gives the context's error when its end was the reason.
func (e *ConnectionError) Unwrap() error { return e.err }

// RefusedError says that the mail server refuses the mail for good, and neither its recipient nor what it says is the reason:
// we may not relay, are on a blocklist, or were not understood. That can be put right, and may be one recipient's policy.
type RefusedError struct{ err error }

func (e *RefusedError) Error() string { return e.err.Error() }

// unreached makes what went wrong before there was a mail to speak of a *ConnectionError.
func unreached(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return &ConnectionError{err: fmt.Errorf("the mail server did not answer in time, the mail is tried again: %w", ctx.Err())}
	}
	return &ConnectionError{err: fmt.Errorf("the mail server cannot be used, the mail is tried again: %s", outbox.Said(err.Error()))}
}

// classify turns what the SMTP client says about a mail into a PermanentError, a RefusedError, a ConnectionError or a temporary
// error. The
// recipient's address is taken out of the text, which is kept in the ledger and logged (no personal data there).
func classify(ctx context.Context, err error, recipient string) error {
	if ctx.Err() != nil {
		return &ConnectionError{Underway: true, err: fmt.Errorf("the mail server did not take the mail in time, it is tried again: %w", ctx.Err())}
	}
	text := outbox.Said(err.Error(), recipient)
	again := fmt.Errorf("the mail was not delivered and is tried again: %s", text)
	var sent *mail.SendError
	switch {
	case !errors.As(err, &sent):
		return &ConnectionError{err: again}
	case refused(sent) && !final(sent):
		return &RefusedError{err: again}
	case refused(sent):
		return Permanent("The mail server refused the mail for good; check the recipient's address. It said: %s", text)
	case wantsNothing(sent):
		return &ConnectionError{Underway: began(sent), err: again}
	default:
		return again
	}
}

// wantsNothing tells an answer about us, or none at all, from one about this mail: the line was cut, the server closes
// (421), or what we may send is refused for good, whoever it is for.
func wantsNothing(sent *mail.SendError) bool {
	code := sent.ErrorCode()
	return code == 0 || code == 421 || code/100 == 5
}

// began tells that the server had heard of the recipient when it failed.
func began(sent *mail.SendError) bool {
	return sent.Reason != mail.ErrConnCheck && sent.Reason != mail.ErrSMTPMailFrom
}

// refused tells that the server heard who it is for and answered 5xx. Before that (greeting, sender), and with 53x anywhere
// (RFC 4954: authentication), it wants nothing from us.
func refused(sent *mail.SendError) bool {
	code := sent.ErrorCode()
	phases := []mail.SendErrReason{mail.ErrSMTPRcptTo, mail.ErrSMTPData, mail.ErrSMTPDataClose}
	return code/100 == 5 && code/10 != 53 && slices.Contains(phases, sent.Reason)
}

// enhanced finds the subject and the detail of an enhanced status code (RFC 3463), at the beginning of an answer as the client quotes it.
var enhanced = regexp.MustCompile(`\b5\d\d[ "-]+5\.(\d{1,3})\.(\d{1,3})\b`)

// final tells whether a refusal is about the recipient or the message, by its enhanced status code (RFC 3463) or, without one,
// by the basic one (RFC 5321).
func final(sent *mail.SendError) bool {
	subject, detail := "0", ""
	if found := enhanced.FindStringSubmatch(sent.Error()); found != nil {
		subject, detail = found[1], found[2]
	}
	switch subject {
	case "0": // no such mailbox or not here, full, no such name; no mail in that domain (RFC 7504)
		return slices.Contains([]int{550, 551, 552, 553, 556}, sent.ErrorCode())
	case "1": // addresses, of which two are about the sender's
		return detail != "7" && detail != "8"
	case "2", "6": // the mailbox, the content
		return true
	case "3": // the system, for which a message may be too big
		return detail == "4"
	default: // the network, the protocol, policy
		return false
	}
}
