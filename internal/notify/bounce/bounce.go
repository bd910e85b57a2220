// Package bounce reads what mail servers report about e-mail that one had taken: delivery status notifications (RFC 3464). Nobody vouches
// for what stands in one.
//
//	bounce.go  a report, and what it says
//	name.go    how a report names the attempt that it is about
//	status.go  what it says about recipients
package bounce

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"net/textproto"
	"slices"
	"strings"
)

// LargestReport bounds a report, in bytes. Mail of ours is some kilobytes, and so is a report that returns all of it.
const LargestReport = 1 << 20

// What else is read of a report at most.
const (
	mostParts      = 20
	mostGroups     = 1000 // of fields, and of empty lines between them
	mostRecipients = 100
	mostNames      = 4
)

// Why something is no report. The text is a sentence's end: "it …".
var (
	ErrTooLarge = fmt.Errorf("it is larger than %d kB, and no report about e-mail of ours is", LargestReport>>10)
	ErrNoMail   = errors.New("it does not begin with the header of an e-mail")
	ErrNoReport = errors.New("it is no report of a mail server (multipart/report; report-type=delivery-status), but perhaps somebody's answer")
	ErrEmpty    = errors.New("it is the report of a mail server, but says of no recipient what became of the e-mail")
)

// Report is what a mail server says became of an e-mail.
type Report struct {
	MessageIDs []string // of the e-mail, without angle brackets, the likeliest first; empty when it does not say
	Attempt    int      // at the e-mail; 0 when it does not say
	Recipients []Recipient
}

// Failed are the recipients whom the e-mail will never reach.
func (r Report) Failed() []Recipient {
	return slices.DeleteFunc(slices.Clone(r.Recipients), func(of Recipient) bool { return of.Action != Failed })
}

// Read reads one report, as it lies in a mailbox or comes through a mail server's pipe.
//
// Errors: ErrTooLarge, ErrNoMail, ErrNoReport, ErrEmpty; those of the reader.
func Read(in io.Reader) (Report, error) {
	text, err := io.ReadAll(io.LimitReader(in, LargestReport+1))
	switch {
	case err != nil:
		return Report{}, err
	case len(text) > LargestReport:
		return Report{}, ErrTooLarge
	}
	message, err := mail.ReadMessage(bytes.NewReader(withoutEnvelope(text)))
	if err != nil {
		return Report{}, ErrNoMail
	}
	kind, parameters, _ := mime.ParseMediaType(message.Header.Get("Content-Type")) // one that cannot be read is none of a report
	if kind != "multipart/report" || !strings.EqualFold(parameters["report-type"], "delivery-status") || parameters["boundary"] == "" {
		return Report{}, ErrNoReport
	}
	var r reading
	for parts := multipart.NewReader(message.Body, parameters["boundary"]); r.parts < mostParts; r.parts++ {
		part, err := parts.NextPart()
		if err != nil {
			break // the end, or a report that was cut off, of which the rest is lost
		}
		r.take(part)
	}
	if len(r.report.Recipients) == 0 {
		return Report{}, ErrEmpty
	}
	return r.report, nil
}

// withoutEnvelope leaves out the line in which delivery agents write the sender before an e-mail.
func withoutEnvelope(text []byte) []byte {
	for _, prefix := range []string{"From ", ">From "} {
		if _, rest, found := bytes.Cut(text, []byte("\n")); found && bytes.HasPrefix(text, []byte(prefix)) {
			return rest
		}
	}
	return text
}

// reading is a report as far as it was read.
type reading struct {
	report Report
	parts  int
}

// take reads one part of the report: what became of the e-mail, or its header.
func (r *reading) take(part *multipart.Part) {
	kind, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type"))
	var body io.Reader = part
	if strings.EqualFold(part.Header.Get("Content-Transfer-Encoding"), "base64") {
		body = base64.NewDecoder(base64.StdEncoding, part)
	}
	switch kind {
	case "message/delivery-status", "message/global-delivery-status":
		r.statuses(body)
	case "message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers":
		r.returned(body)
	}
}

// returned reads the header of the e-mail, which names it better than anything else.
func (r *reading) returned(body io.Reader) {
	text, err := io.ReadAll(body)
	if err != nil && len(text) == 0 {
		return
	}
	header, _ := textproto.NewReader(newLines(withoutEnvelope(text))).ReadMIMEHeader() // as far as it is one, and also one that nothing follows
	r.names(header.Get("Message-ID"), true)
	r.numbers(header.Get(AttemptHeader))
}

// names notes a Message-ID of the e-mail, before the others or after them.
func (r *reading) names(id string, likely bool) {
	id = strings.Trim(strings.TrimSpace(id), "<>")
	ids := &r.report.MessageIDs
	switch {
	case id == "" || slices.Contains(*ids, id):
	case likely:
		*ids = slices.Insert(*ids, 0, id)
	default:
		*ids = append(*ids, id)
	}
	*ids = (*ids)[:min(len(*ids), mostNames)]
}
