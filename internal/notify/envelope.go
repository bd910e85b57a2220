package notify

// What a mail server is told besides the message, so that a report of a failed delivery can be recognised: which mail it is of, and which
// attempt at it, because an operator may have had it sent again meanwhile. Servers that know no such reports (RFC 3461) send
// them all the same, with the message's header.

import (
	"fmt"
	"strings"

	"handover/internal/notify/bounce"
)

// longestEnvelopeID is what a server has to take (RFC 3461).
const longestEnvelopeID = 100

// asksForReports has the server, where it knows how, return the header alone, under the attempt's name. Failures only are asked for, which
// is said for each recipient; see call.client.
func (s *session) asksForReports(told Mail) {
	options := "HDRS"
	if id := xtext(bounce.EnvelopeID(told.MessageID, told.Attempt)); len(id) <= longestEnvelopeID {
		options += " ENVID=" + id // the library has no option for it, and writes these as they are
	}
	s.server.SetDSNMailReturnOption(options)
}

// xtext writes a text as a parameter of an SMTP command (RFC 3461).
func xtext(text string) string {
	var written strings.Builder
	for _, b := range []byte(text) {
		if b < '!' || b > '~' || b == '+' || b == '=' || b == '%' { // the last for the library, to which the command is a format
			fmt.Fprintf(&written, "+%02X", b)
			continue
		}
		written.WriteByte(b)
	}
	return written.String()
}
