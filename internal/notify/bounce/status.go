package bounce

import (
	"bufio"
	"bytes"
	"cmp"
	"io"
	"net/textproto"
	"regexp"
	"strconv"
	"strings"
)

// Action is what a mail server did about a recipient (RFC 3464).
type Action string

// Failed is the action that ends the attempts. The others say that an e-mail is late, was delivered, or left for where nothing is reported.
const Failed Action = "failed"

// Recipient is what a report says about one recipient.
type Recipient struct {
	Addresses []string // as it was sent to, and as a mail server made of that
	Action    Action
	Status    string // such as 5.1.1; empty when there is none
	Says      string // the mail server's words; empty when there are none
}

// Why is why an e-mail did not reach the recipient, in the mail server's words.
func (r Recipient) Why() string {
	if r.Status != "" && r.Says != "" {
		return r.Status + ", " + r.Says
	}
	return cmp.Or(r.Status+r.Says, "it gave no reason")
}

// newLines reads a text line by line.
func newLines(text []byte) *bufio.Reader { return bufio.NewReader(bytes.NewReader(text)) }

// statuses reads the fields about the e-mail and then, parted by empty lines, those about each recipient.
func (r *reading) statuses(body io.Reader) {
	groups := textproto.NewReader(bufio.NewReader(body))
	for range mostGroups {
		fields, err := groups.ReadMIMEHeader()
		r.envelope(fields.Get("Original-Envelope-Id"))
		r.names(fields.Get("X-Original-Message-Id"), false)
		if of, is := recipientOf(fields); is && len(r.report.Recipients) < mostRecipients {
			r.report.Recipients = append(r.report.Recipients, of)
		}
		if err != nil {
			return // the end, or what is no field any more
		}
	}
}

var statusCode = regexp.MustCompile(`\b[245]\.\d{1,3}\.\d{1,3}\b`)

// recipientOf is what the fields say about a recipient, if they do.
func recipientOf(fields textproto.MIMEHeader) (Recipient, bool) {
	action, _, _ := strings.Cut(strings.TrimSpace(fields.Get("Action")), " ")
	of := Recipient{
		Action: Action(strings.ToLower(action)), Status: statusCode.FindString(fields.Get("Status")), Says: untyped(fields.Get("Diagnostic-Code")),
	}
	for _, name := range []string{"Original-Recipient", "Final-Recipient"} {
		if address := addressOf(fields.Get(name)); address != "" {
			of.Addresses = append(of.Addresses, address)
		}
	}
	return of, len(of.Addresses) > 0 && of.Action != ""
}

// untyped is a value without the type that stands before it.
func untyped(value string) string {
	if _, after, typed := strings.Cut(value, ";"); typed {
		value = after
	}
	return strings.TrimSpace(value)
}

var escaped = regexp.MustCompile(`\\x\{([0-9A-Fa-f]{2,6})\}`)

// addressOf is the address of a recipient. More than ASCII may be written as it is or, before servers that cannot pass it on, by its
// numbers (RFC 6533).
func addressOf(value string) string {
	address := strings.Trim(untyped(value), "<>")
	return escaped.ReplaceAllStringFunc(address, func(number string) string {
		character, err := strconv.ParseInt(escaped.FindStringSubmatch(number)[1], 16, 32)
		if err != nil {
			return number
		}
		return string(rune(character))
	})
}
