package notify

// Servers that misbehave in ways the catcher never would.

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const cut = "" // instead of an answer the server cuts the line

// scripted is a server that gives the given answers to a verb, or to the greeting and the end of the message, and
// ordinary ones to everything else.
func scripted(t *testing.T, answers map[string]string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, l.Close()) })
	script := map[string]string{
		"greeting": "220 ready", "EHLO": "250 hello", "MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go", ".": "250 taken", "RSET": "250 ok", "QUIT": "221 bye",
	}
	for verb, answer := range answers {
		script[verb] = answer
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return // the test is over
			}
			converse(conn, script)
		}
	}()
	return l.Addr().String()
}

func converse(conn net.Conn, script map[string]string) {
	defer func() { _ = conn.Close() }()
	lines := bufio.NewScanner(conn)
	verb, inMessage := "greeting", false
	for {
		if !inMessage || verb == "." {
			if script[verb] == cut {
				return
			}
			if _, err := fmt.Fprintf(conn, "%s\r\n", script[verb]); err != nil {
				return
			}
			inMessage = verb == "DATA" && strings.HasPrefix(script[verb], "3")
		}
		if !lines.Scan() {
			return
		}
		if verb = lines.Text(); !inMessage {
			verb, _, _ = strings.Cut(verb, " ")
		}
	}
}

// What the server refuses tells whether a repetition can help: our settings can be put right, a recipient cannot.
func TestPhaseOfARefusalDecides(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, phase, answer string
		final               bool
	}{
		{"no service", "greeting", "554 go away", false},
		{"sender refused", "MAIL", "550 5.7.1 you may not send", false},
		{"throttled", "RCPT", "451 4.7.0 slow down", false},
		{"no such recipient", "RCPT", "550 5.1.1 unknown", true},
		{"message refused at its start", "DATA", "554 5.6.0 no", true},
		{"message refused at its end", ".", "552 5.3.4 too big", true},
		{"storage full", ".", "452 4.3.1 full", false},
		{"line cut before the answer", ".", cut, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := mailerTo(t, scripted(t, map[string]string{c.phase: c.answer})).Send(t.Context(), sampleMail())
			require.Error(t, err)
			var final *PermanentError
			if c.final {
				require.ErrorAs(t, err, &final)
				assert.Contains(t, final.Reason, c.answer[len("550 "):])
				return
			}
			assert.NotErrorAs(t, err, &final)
		})
	}
}

// Whom a refusal for good concerns is said by its enhanced status code (RFC 3463), and without one by the basic one.
func TestWhomARefusalConcerns(t *testing.T) {
	t.Parallel()
	for answer, final := range map[string]bool{
		"550 no such user": true, "551 not here": true, "552 full": true, "553 no such name": true, "556 no mail here": true,
		"550 5.0.0 no": true, "550 5.1.1 unknown": true, "550 5.1.10 null MX": true, "552 5.2.2 full": true, "550-5.2.1 off\r\n550 5.2.1 for ever": true,
		"550 5.3.4 too big": true, "550 5.6.1 no such media": true,
		"554 Relay access denied": false, "554 5.7.1 Relay access denied": false, "550 5.7.1 blocked, see 5.1.1": false, "550 5.7.23 SPF": false,
		"550-5.7.26 not\r\n550 5.7.26 authenticated": false, "500 what?": false, "503 5.5.1 in bad order": false, "555 5.5.4 no such parameter": false,
		"554 5.0.0 no": false, "550 5.4.1 no answer": false, "550 5.3.2 closed": false, "553 5.1.8 no such sender": false, "553 5.1.7 what sender?": false,
		"550 5.9.1 of the future": false,
	} {
		for _, phase := range []string{"RCPT", "DATA", "."} {
			t.Run(phase+" "+answer, func(t *testing.T) {
				t.Parallel()
				err := mailerTo(t, scripted(t, map[string]string{phase: answer})).Send(t.Context(), sampleMail())
				var permanent *PermanentError
				var refused *RefusedError
				assert.Equal(t, final, errors.As(err, &permanent), "%v", err)
				assert.Equal(t, !final, errors.As(err, &refused), "%v", err)
				assert.NotContains(t, err.Error(), "fabrikam.example", "no personal data in errors")
			})
		}
	}
}

// I-4: once the server took the mail, a broken farewell is no reason to send it again.
func TestBrokenFarewellIsNoFailure(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{cut, "421 bye bye"} {
		err := mailerTo(t, scripted(t, map[string]string{"QUIT": answer})).Send(t.Context(), sampleMail())
		assert.NoError(t, err, "%q", answer)
	}
}
