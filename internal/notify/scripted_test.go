package notify

// Servers that misbehave in ways the catcher never would.

import (
	"bufio"
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

// I-4: once the server took the mail, a broken farewell is no reason to send it again.
func TestBrokenFarewellIsNoFailure(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{cut, "421 bye bye"} {
		err := mailerTo(t, scripted(t, map[string]string{"QUIT": answer})).Send(t.Context(), sampleMail())
		assert.NoError(t, err, "%q", answer)
	}
}
