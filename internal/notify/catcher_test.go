package notify

import (
	"errors"
	"fmt"
	"net"
	"net/smtp"
	"net/textproto"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const smallMessage = "From: A <a@b.example>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMessage-ID: <1@b.example>\r\n\r\nhello\r\n"

func TestOneFilePerRecipient(t *testing.T) {
	t.Parallel()
	c := startCatcher(t)
	require.NoError(t, smtp.SendMail(c.Addr(), nil, "bounce@b.example", []string{"x@c.example", "y/../z@c.example"}, []byte(smallMessage)))

	all := caught(t, c)
	require.Len(t, all, 2)
	assert.Equal(t, Caught{From: "a@b.example", To: "x@c.example", Subject: "Grüße", MessageID: "<1@b.example>", Path: all[0].Path}, all[0])
	assert.Equal(t, "y/../z@c.example", all[1].To)
	assert.Regexp(t, regexp.MustCompile(`^\d{8}T\d{6}\.\d{9}Z-000001_x@c\.example_[0-9a-f]{12}\.eml$`), filepath.Base(all[0].Path))
	assert.Regexp(t, regexp.MustCompile(`-000002_y_\.\._z@c\.example_`), filepath.Base(all[1].Path))
	assert.Equal(t, all[0].Path[len(all[0].Path)-16:], all[1].Path[len(all[1].Path)-16:], "copies of one mail end alike")

	kept, err := os.ReadFile(all[0].Path)
	require.NoError(t, err)
	assert.Equal(t, "Return-Path: <bounce@b.example>\r\nDelivered-To: x@c.example\r\n"+smallMessage, string(kept))
}

// E7: mail names people, so it is its owner's alone, also where an older version left the folder open.
func TestCaughtMailIsItsOwnersOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o755))
	c, err := StartCatcher(dir, "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, smtp.SendMail(c.Addr(), nil, "a@b.example", []string{"x@c.example"}, []byte(smallMessage)))
	for path, mode := range map[string]os.FileMode{dir: 0o700, caught(t, c)[0].Path: 0o600} {
		about, err := os.Stat(path)
		require.NoError(t, err)
		assert.Equal(t, mode, about.Mode().Perm(), path)
	}
	require.NoError(t, c.Close())
}

func TestMailOutlivesTheCatcher(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "made", "on", "demand")
	for range 2 {
		c, err := StartCatcher(dir, "127.0.0.1:0")
		require.NoError(t, err)
		require.NoError(t, smtp.SendMail(c.Addr(), nil, "a@b.example", []string{"x@c.example"}, []byte(smallMessage)))
		require.NoError(t, c.Close())
		require.NoError(t, c.Close(), "closing twice is harmless")
	}
	c, err := StartCatcher(dir, "127.0.0.1:0")
	require.NoError(t, err)
	assert.Len(t, caught(t, c), 2)
	require.NoError(t, c.Close())
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	c := startCatcher(t)
	m := mailerTo(t, c.Addr())
	var senders sync.WaitGroup
	for i := range 20 {
		senders.Go(func() {
			mail := sampleMail()
			mail.MessageID = fmt.Sprintf("%d@handover.example", i)
			assert.NoError(t, m.Send(t.Context(), mail))
		})
	}
	senders.Wait()
	ids := map[string]bool{}
	for _, one := range caught(t, c) {
		ids[one.MessageID] = true
	}
	assert.Len(t, ids, 20)
}

func TestUnfinishedFilesAreNotListed(t *testing.T) {
	t.Parallel()
	c := startCatcher(t)
	require.NoError(t, os.WriteFile(filepath.Join(c.mailbox.dir, ".incoming-1"), []byte("Fro"), 0o600))
	assert.Empty(t, caught(t, c))
}

func TestUnreadableFileIsNamed(t *testing.T) {
	t.Parallel()
	c := startCatcher(t)
	path := filepath.Join(c.mailbox.dir, "broken.eml")
	require.NoError(t, os.WriteFile(path, []byte("not a mail"), 0o600))
	_, err := c.Messages()
	assert.ErrorContains(t, err, path)
}

func TestLimits(t *testing.T) {
	t.Parallel()
	c := startCatcher(t)
	crowd := make([]string, catcherMaxRecipients+1)
	for i := range crowd {
		crowd[i] = fmt.Sprintf("r%d@c.example", i)
	}
	for _, refused := range []struct {
		name    string
		to      []string
		message string
		code    int
	}{
		{"too big", []string{"x@c.example"}, smallMessage + strings.Repeat(strings.Repeat("x", 998)+"\r\n", 1100), 552},
		{"too many recipients", crowd, smallMessage, 452},
		{"no mail at all", []string{"x@c.example"}, "what is this\r\n", 554},
		{"control characters", []string{"x\x01@c.example"}, smallMessage, 553},
	} {
		err := smtp.SendMail(c.Addr(), nil, "a@b.example", refused.to, []byte(refused.message))
		var answer *textproto.Error
		if assert.ErrorAs(t, err, &answer, refused.name) {
			assert.Equal(t, refused.code, answer.Code, refused.name)
		}
	}
	assert.Empty(t, caught(t, c))
}

// A folder that cannot be written is the operator's to mend, so the mail is tried again.
func TestLostFolderIsTemporary(t *testing.T) {
	t.Parallel()
	c := startCatcher(t)
	require.NoError(t, os.Remove(c.mailbox.dir))
	err := mailerTo(t, c.Addr()).Send(t.Context(), sampleMail())
	require.Error(t, err)
	var final *PermanentError
	assert.False(t, errors.As(err, &final), "%v", err)
	_, err = c.Messages()
	assert.Error(t, err)
}

func TestCatcherSaysWhyItCannotStart(t *testing.T) {
	t.Parallel()
	c := startCatcher(t)
	_, err := StartCatcher(t.TempDir(), c.Addr())
	assert.ErrorContains(t, err, c.Addr())

	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err = StartCatcher(file, "127.0.0.1:0")
	assert.ErrorContains(t, err, file)
}

func TestCloseCutsIdleConnections(t *testing.T) {
	t.Parallel()
	c, err := StartCatcher(t.TempDir(), "127.0.0.1:0")
	require.NoError(t, err)
	conn, err := net.Dial("tcp", c.Addr())
	require.NoError(t, err)
	greeting := make([]byte, 3)
	_, err = conn.Read(greeting)
	require.NoError(t, err)
	require.NoError(t, c.Close())
	_, err = textproto.NewConn(conn).ReadLine()
	if err == nil { // the rest of the greeting was on its way
		_, err = textproto.NewConn(conn).ReadLine()
	}
	assert.Error(t, err)
	assert.NoError(t, conn.Close())
}
