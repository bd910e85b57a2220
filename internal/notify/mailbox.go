package notify

// The catcher's folder: one .eml file per recipient and mail, which appears whole or not at all.

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"mime"
	netmail "net/mail"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/emersion/go-smtp"

	"handover/internal/private"
)

// Caught is one mail in the folder.
type Caught struct {
	From      string // address of the From header; empty when it has not exactly one
	To        string // the recipient the mail server was told, not the To header
	Subject   string // decoded where it can be
	MessageID string // as in the header, with angle brackets
	Path      string
}

type mailbox struct {
	dir  string
	kept *atomic.Uint64 // orders mails of the same nanosecond
}

func openMailbox(dir string) (mailbox, error) {
	if err := private.Folder(dir); err != nil {
		return mailbox{}, fmt.Errorf("the folder for caught mail cannot be made: %w", err)
	}
	return mailbox{dir: dir, kept: new(atomic.Uint64)}, nil
}

// keep stores the message for the recipient, below two trace headers that say what the SMTP envelope said. Its errors are
// answers for the client: 554 for something that is no mail, 451 when the folder cannot be written.
func (b mailbox) keep(from, to string, message []byte) error {
	parsed, err := netmail.ReadMessage(bytes.NewReader(message))
	if err != nil {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "The message has no readable header."}
	}
	trace := fmt.Sprintf("Return-Path: <%s>\r\nDelivered-To: %s\r\n", from, to)
	name := b.name(to, parsed.Header.Get("Message-ID"), time.Now())
	if err := writeWhole(filepath.Join(b.dir, name), append([]byte(trace), message...)); err != nil {
		return temporary("The mail cannot be stored: " + err.Error())
	}
	return nil
}

// name sorts by time, tells the recipient at a glance, and ends alike for every copy of the same mail.
func (b mailbox) name(to, messageID string, at time.Time) string {
	harmless := strings.Map(func(r rune) rune {
		if r == '@' || r == '.' || r == '-' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z' {
			return r
		}
		return '_'
	}, to)
	if len(harmless) > 64 {
		harmless = harmless[:64]
	}
	sum := sha256.Sum256([]byte(messageID))
	return fmt.Sprintf("%s-%06d_%s_%x.eml", at.UTC().Format("20060102T150405.000000000Z"), b.kept.Add(1), harmless, sum[:6])
}

// writeWhole makes the file appear under its name only once it is safely on disk.
func writeWhole(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".incoming-*")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return syncFolder(filepath.Dir(path))
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func (b mailbox) messages() ([]Caught, error) {
	entries, err := os.ReadDir(b.dir) // sorted by name, so by time
	if err != nil {
		return nil, fmt.Errorf("the folder of caught mail cannot be read: %w", err)
	}
	var all []Caught
	for _, entry := range entries {
		if filepath.Ext(entry.Name()) != ".eml" {
			continue // still being written
		}
		path := filepath.Join(b.dir, entry.Name())
		one, err := read(path)
		if err != nil {
			return nil, fmt.Errorf("the caught mail %s cannot be read; remove it: %w", path, err)
		}
		all = append(all, one)
	}
	return all, nil
}

func read(path string) (Caught, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return Caught{}, err
	}
	m, err := netmail.ReadMessage(bytes.NewReader(content))
	if err != nil {
		return Caught{}, err
	}
	caught := Caught{
		To: m.Header.Get("Delivered-To"), Subject: m.Header.Get("Subject"), MessageID: m.Header.Get("Message-ID"), Path: path,
	}
	if from, err := m.Header.AddressList("From"); err == nil && len(from) == 1 {
		caught.From = from[0].Address
	}
	if subject, err := new(mime.WordDecoder).DecodeHeader(caught.Subject); err == nil {
		caught.Subject = subject
	}
	return caught, nil
}
