package webhookmail

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template/parse"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/notify"
	"handover/internal/outbox"
	"handover/internal/webhook"
	webhookstore "handover/internal/webhook/store"
)

var update = flag.Bool("update", false, "write the golden files")

const endpoint = "https://hooks.example/handover"

var off = time.Date(2031, 3, 3, 11, 2, 3, 456000, time.UTC)

// locales are one for each language.
var locales = []string{"en", "it", "es", "ja"}

// letter is an e-mail with what it tells of.
type letter struct {
	outbox.Notification
	missed webhookstore.Missed
}

func (l letter) write() (notify.Letter, error) { return Letter(l.Notification, l.missed) }

// told is every mail there is, by the name of its golden files.
func told() map[string]letter {
	of := func(event string, why webhook.Why) letter {
		l := letter{Notification: outbox.Notification{Event: event + ":1"}}
		l.missed.Registration.URL, l.missed.Dead = endpoint, 1204
		if l.missed.Registration.Health.Why = why; why != "" {
			l.missed.Registration.Health.OffAt = off
		}
		return l
	}
	return map[string]letter{
		"dead-letters": of(webhookstore.EventDead, ""), "switched-off-gone": of(webhookstore.EventOff, webhook.WhyGone),
		"switched-off-failing": of(webhookstore.EventOff, webhook.WhyFailing),
	}
}

// everyMail runs the test with every mail in every language. The name is that of its golden files.
func everyMail(t *testing.T, test func(t *testing.T, name string, m letter)) {
	t.Helper()
	for _, locale := range locales {
		for what, m := range told() {
			m.Locale = locale
			name := locale + "/" + what
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t, name, m)
			})
		}
	}
}

// the owner is told what is wrong, since when, how much was missed, and what to do about it.
func TestEveryMailReadsAsItsGoldenFile(t *testing.T) {
	t.Parallel()
	everyMail(t, func(t *testing.T, name string, m letter) {
		w, err := m.write()
		require.NoError(t, err)
		golden(t, name+".txt", "Subject: "+w.Subject+"\n\n"+w.Text)
		golden(t, name+".html", w.HTML)
	})
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run the test with -update and read what it wrote")
	assert.Equal(t, string(want), got)
}

var operations = regexp.MustCompile(`(GET|PUT|POST) /[a-z0-9/]+(\?[a-z=]+)?`)

// Every mail is written in every language, no text is left over, and all say it with the same facts and the same requests.
func TestLanguagesSayTheSame(t *testing.T) {
	t.Parallel()
	for _, l := range notify.Languages() {
		assert.Contains(t, locales, l.Words)
		assert.Contains(t, foots, l.Words)
		files, err := templates.ReadDir("templates/" + l.Words)
		require.NoError(t, err)
		var written []string
		for _, f := range files {
			written = append(written, f.Name())
			english, this := texts["en"].Lookup(f.Name()).Root, texts[l.Tag].Lookup(f.Name()).Root
			assert.Equal(t, usedBy(english), usedBy(this), "%s/%s", l.Words, f.Name())
			assert.Equal(t, operations.FindAllString(english.String(), -1), operations.FindAllString(this.String(), -1), "%s/%s", l.Words, f.Name())
		}
		assert.ElementsMatch(t, []string{webhookstore.EventDead + ".txt", webhookstore.EventOff + ".txt"}, written, l.Words)
	}
}

// usedBy are the names of the facts that a part of a template uses.
func usedBy(node parse.Node) []string {
	names := regexp.MustCompile(`\.([A-Z][A-Za-z]+)`).FindAllString(node.String(), -1)
	slices.Sort(names)
	return slices.Compact(names)
}

var markup = regexp.MustCompile(`<[^>]*>`)

// Text and HTML have the same words, the page says in which language they are, and loads nothing.
func TestBothFormsSayTheSame(t *testing.T) {
	t.Parallel()
	words := func(text string) []string {
		text = strings.NewReplacer("\n> ", "\n", "\n- ", "\n", "\n-- \n", "\n").Replace(text)
		return strings.Fields(text)
	}
	everyMail(t, func(t *testing.T, name string, m letter) {
		w, err := m.write()
		require.NoError(t, err)
		_, body, found := strings.Cut(w.HTML, "</h1>")
		require.True(t, found)
		body = strings.NewReplacer("&#39;", "'", "&amp;", "&").Replace(markup.ReplaceAllString(body, " "))
		assert.Equal(t, words("\n"+w.Text), words(body), name)
		for _, has := range []string{`<html lang="` + m.Locale + `">`, `name="viewport"`, `content="light dark"`, `<main lang="` + m.Locale + `"`, "<h1"} {
			assert.Contains(t, w.HTML, has)
		}
		for _, resource := range []string{"src=", "url(", "@import", "<link", "<script", "<img", "href="} {
			assert.NotContains(t, w.HTML, resource)
		}
	})
}

// whoever reads a mail of a sandbox sees at once that nothing in it is real.
func TestMailOfASandboxSaysSo(t *testing.T) {
	t.Parallel()
	everyMail(t, func(t *testing.T, name string, m letter) {
		real, err := m.write()
		require.NoError(t, err)
		m.missed.Sandbox = true
		box, err := m.write()
		require.NoError(t, err)
		assert.Equal(t, "[Sandbox] "+real.Subject, box.Subject, name)
		assert.Equal(t, real.Text, box.Text, name)
	})
}

// an address is told as a quotation, in one short line, and without what tells receivers apart.
func TestAddressesAreShownWithCare(t *testing.T) {
	t.Parallel()
	long := "https://hooks.example/" + strings.Repeat("a", 2000)
	for address, shows := range map[string]string{
		endpoint:                           endpoint,
		endpoint + "?":                     endpoint,
		endpoint + "?key=s3cret&x=y":       endpoint + "?…",
		"https://hooks.example?key=s3cret": "https://hooks.example?…",
		long:                               long[:mostURL] + "…",
		"https://hooks.example/\u202eevil\r\nBcc: x@evil.example\r\n\r\nhandover</blockquote>": "https://hooks.example/evil Bcc: x@evil.example handover</blockquote>",
	} {
		everyMail(t, func(t *testing.T, name string, m letter) {
			m.missed.Registration.URL = address
			w, err := m.write()
			require.NoError(t, err)
			assert.Contains(t, w.Text, "\n\n> "+shows+"\n\n", name)
			assert.Equal(t, 1, strings.Count(w.HTML, "</blockquote>"), name)
			assert.NotContains(t, w.Subject, "hooks.example")
			for _, part := range []string{w.Text, w.HTML} {
				assert.NotContains(t, part, "s3cret")
				assert.NotContains(t, part, "\u202e")
			}
		})
	}
}

// What the owner needs to sign or be signed for is in no mail.
func TestNoMailHasASecret(t *testing.T) {
	t.Parallel()
	secret := webhook.KeptSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	everyMail(t, func(t *testing.T, _ string, m letter) {
		m.missed.Registration.Secret, m.missed.Registration.Previous = secret, []webhook.Secret{secret}
		w, err := m.write()
		require.NoError(t, err)
		assert.NotContains(t, w.Text+w.HTML, "MfKQ9r8G")
	})
}
