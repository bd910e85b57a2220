package bounce

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	messageID = "0123456789abcdef0123456789abcdef@handover"
	recipient = "agent@fabrikam.example"
)

// sample is a report as some mail server writes it, about the third attempt.
func sample(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".eml"))
	require.NoError(t, err)
	return strings.NewReplacer("MESSAGE-ID", messageID, "RECIPIENT", recipient, "ATTEMPT", "3").Replace(string(text))
}

// RFC 3464: what Postfix, Exchange and Gmail report is found again: which e-mail, which attempt, to whom, and why it failed.
func TestReportsOfUsualMailServers(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]Recipient{
		"postfix": {[]string{recipient, recipient}, Failed, "5.1.1", "550 5.1.1 <" + recipient + ">: Recipient address rejected: User unknown"},
		"exchange": {
			[]string{recipient}, Failed, "5.2.2", "554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException.MapiExceptionShutoffQuotaExceeded",
		},
		"gmail": {
			[]string{recipient}, Failed, "5.1.1",
			"550-5.1.1 There is no account of that name. Please look at 550-5.1.1 the address for a typo or a blank too many. 550 5.1.1 c0ffee-mx",
		},
		"delayed": {[]string{recipient}, "delayed", "4.4.1", "connect to mx.fabrikam.example[192.0.2.25]:25: Connection timed out"},
	} {
		for _, newline := range []string{"\n", "\r\n"} {
			text := strings.ReplaceAll(strings.ReplaceAll(sample(t, name), "\r\n", "\n"), "\n", newline)
			r, err := Read(strings.NewReader(text))
			require.NoError(t, err, name)
			assert.Equal(t, Report{MessageIDs: []string{messageID}, Attempt: 3, Recipients: []Recipient{want}}, r, name)
			assert.Equal(t, want.Action == Failed, len(r.Failed()) == 1)
			assert.Equal(t, want.Status+", "+want.Says, r.Recipients[0].Why())
		}
	}
}

// report is one with these fields, and a part of that type after it.
func report(status, kind, returned string) string {
	return "Subject: report\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: text/plain\n\nSorry.\n" +
		"--b\nContent-Type: message/delivery-status\n\n" + status + "\n--b\nContent-Type: " + kind + "\n\n" + returned + "\n--b--\n"
}

const failed = "Final-Recipient: rfc822; " + recipient + "\nAction: failed\nStatus: 5.1.1\n"

// What names the e-mail may stand in any of four places; its own header counts most.
func TestWhichMailAReportIsAbout(t *testing.T) {
	t.Parallel()
	envelope := "Original-Envelope-Id: 7." + messageID + "\n\n"
	for name, c := range map[string]struct {
		text    string
		ids     []string
		attempt int
	}{
		"header":                        {report("Reporting-MTA: dns; x\n\n"+failed, "text/rfc822-headers", "Message-ID: <"+messageID+">\nX-Handover-Attempt: 2"), []string{messageID}, 2},
		"header, capital letters apart": {report(failed, "Message/RFC822", "message-id: <"+messageID+">\nx-handover-attempt: 2\n\nbody"), []string{messageID}, 2},
		"header in base64": {
			report(failed, "message/rfc822\nContent-Transfer-Encoding: base64", "TWVzc2FnZS1JRDogPGFAaGFuZG92ZXI+Cg=="), []string{"a@handover"}, 0,
		},
		"envelope":               {report(envelope+failed, "text/html", "<p>"), []string{messageID}, 7},
		"envelope, written anew": {report(envelope+failed, "text/rfc822-headers", "Message-ID: <other@relay.example>"), []string{"other@relay.example", messageID}, 7},
		"both":                   {report(envelope+failed, "text/rfc822-headers", "Message-ID: <"+messageID+">\nX-Handover-Attempt: 6"), []string{messageID}, 6},
		"somebody else's":        {report("Original-Envelope-Id: QQ314159\n\n"+failed, "text/plain", ""), nil, 0},
		"somebody else's, too":   {report("Original-Envelope-Id: a.b@c\n\n"+failed, "text/plain", ""), nil, 0},
		"nothing":                {report(failed, "text/rfc822-headers", "Subject: hi"), nil, 0},
		"no number":              {report(failed, "text/rfc822-headers", "Message-ID: <"+messageID+">\nX-Handover-Attempt: -99999999999999999999"), []string{messageID}, 0},
	} {
		r, err := Read(strings.NewReader(c.text))
		require.NoError(t, err, name)
		assert.Equal(t, c.ids, r.MessageIDs, name)
		assert.Equal(t, c.attempt, r.Attempt, name)
	}
}

// Recipients are written in several ways, internationalised ones too (RFC 6533).
func TestWhomAReportIsAbout(t *testing.T) {
	t.Parallel()
	for fields, want := range map[string]Recipient{
		"Final-Recipient: RFC822;<a@b.example>\nAction: Failed\nStatus: 5.0.0 (mailbox)":                                 {[]string{"a@b.example"}, Failed, "5.0.0", ""},
		"Final-Recipient: a@b.example\nAction: failed (gone)\nStatus: broken\nDiagnostic-Code: nobody":                   {[]string{"a@b.example"}, Failed, "", "nobody"},
		"Original-Recipient: rfc822;a@b.example\nFinal-Recipient: x-x400; /c=de\nAction: relayed":                        {[]string{"a@b.example", "/c=de"}, "relayed", "", ""},
		"Final-Recipient: utf-8; jürgen@bücher.example\nAction: failed":                                                  {[]string{"jürgen@bücher.example"}, Failed, "", ""},
		"Final-Recipient: utf-8; j\\x{FC}rgen@b\\x{FC}cher.example\nAction: failed":                                      {[]string{"jürgen@bücher.example"}, Failed, "", ""},
		"Reporting-MTA: dns; without.an.empty.line\nFinal-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.7.1": {[]string{"a@b.example"}, Failed, "5.7.1", ""},
	} {
		r, err := Read(strings.NewReader(report(fields+"\n", "text/plain", "")))
		require.NoError(t, err, fields)
		assert.Equal(t, []Recipient{want}, r.Recipients, fields)
	}
	assert.Equal(t, "it gave no reason", Recipient{}.Why())
}

// What is no report is refused in a sentence, and nothing takes more than it may.
func TestWhatIsNoReport(t *testing.T) {
	t.Parallel()
	mail := func(kind, body string) string { return "Subject: hi\nContent-Type: " + kind + "\n\n" + body }
	for name, c := range map[string]struct {
		text string
		is   error
	}{
		"nothing":         {"", ErrNoMail},
		"noise":           {"\x00\x01\xff\xfe", ErrNoMail},
		"no mail":         {"{\"code\": 1}", ErrNoReport},
		"no mail either":  {"Dear Sir or Madam,\n\nno.", ErrNoMail},
		"an answer":       {mail("text/plain", "I am on holiday."), ErrNoReport},
		"a read receipt":  {mail("multipart/report; report-type=disposition-notification; boundary=b", "--b--"), ErrNoReport},
		"no boundary":     {mail("multipart/report; report-type=delivery-status", ""), ErrNoReport},
		"no parts":        {mail("multipart/report; report-type=delivery-status; boundary=b", "nothing"), ErrEmpty},
		"no recipients":   {report("Reporting-MTA: dns; x\n", "text/plain", ""), ErrEmpty},
		"no fields":       {report("nothing of the kind\n", "text/plain", ""), ErrEmpty},
		"no action":       {report("Final-Recipient: rfc822; a@b.example\n", "text/plain", ""), ErrEmpty},
		"too large":       {mail("text/plain", strings.Repeat("x", LargestReport)), ErrTooLarge},
		"a 10 MB report":  {report(failed, "message/rfc822", "Message-ID: <"+messageID+">\n\n"+strings.Repeat("0123456789abcde\n", 10<<16)), ErrTooLarge},
		"a header of all": {"Subject: " + strings.Repeat("x", LargestReport-20), ErrNoReport},
	} {
		_, err := Read(strings.NewReader(c.text))
		assert.ErrorIs(t, err, c.is, name)
	}
	broken := errors.New("the pipe broke")
	_, err := Read(iotest.ErrReader(broken))
	assert.ErrorIs(t, err, broken)
}

// A report that was cut off says what it had said.
func TestAReportThatWasCutOff(t *testing.T) {
	t.Parallel()
	whole := sample(t, "postfix")
	at := strings.Index(whole, "Content-Description: Undelivered")
	r, err := Read(strings.NewReader(whole[:at]))
	require.NoError(t, err)
	assert.Equal(t, []string{messageID}, r.MessageIDs)
	assert.Equal(t, 3, r.Attempt)
	for n := range len(whole) / 7 {
		if r, err := Read(strings.NewReader(whole[:7*n])); err == nil {
			assert.LessOrEqual(t, len(r.Recipients), 1)
		}
	}
}

// What a stranger writes costs little, however much of it there is.
func TestReportsAreBounded(t *testing.T) {
	t.Parallel()
	r, err := Read(strings.NewReader(report(strings.Repeat(failed+"\n", 5000), "text/plain", "")))
	require.NoError(t, err)
	assert.Len(t, r.Recipients, mostRecipients)
	parts := "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n" +
		strings.Repeat("--b\nContent-Type: message/delivery-status\n\n"+failed+"\n", mostParts+50) + "--b--\n"
	r, err = Read(strings.NewReader(parts))
	require.NoError(t, err)
	assert.Len(t, r.Recipients, mostParts)
	var ids strings.Builder
	for n := range 5000 {
		fmt.Fprintf(&ids, "Original-Envelope-Id: 1.%d@b\n\n", n)
	}
	r, err = Read(strings.NewReader(report(failed+"\n"+ids.String(), "text/rfc822-headers", "Message-ID: <a@b>")))
	require.NoError(t, err)
	assert.Equal(t, []string{"a@b", "0@b", "1@b", "2@b"}, r.MessageIDs)
	_, err = Read(strings.NewReader(report(strings.Repeat("\n", mostGroups)+failed, "text/plain", "")))
	assert.ErrorIs(t, err, ErrEmpty, "nobody reads so far")
}

func FuzzRead(f *testing.F) {
	for _, name := range []string{"postfix", "exchange", "gmail", "delayed"} {
		text, err := os.ReadFile(filepath.Join("testdata", name+".eml"))
		require.NoError(f, err)
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := Read(strings.NewReader(string(text)))
		if (err == nil) != (len(r.Recipients) > 0) {
			t.Error("an error, or recipients")
		}
	})
}
