package notify

import (
	"testing"
	texttemplate "text/template"

	"github.com/stretchr/testify/assert"
)

func TestSplitWantsASubject(t *testing.T) {
	t.Parallel()
	for _, written := range []string{"", "Hello\n\nbody", "Subject: one\nSubject: two\n\nbody", "Subject: no body"} {
		_, _, _, err := split(written)
		assert.Error(t, err, "%q", written)
	}
}

func TestWriteRefusesWhatIsNoLetter(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"Hello\n\nbody", "Subject: {{.Missing}}\n\nbody"} {
		_, err := Write(texttemplate.Must(texttemplate.New("").Parse(text)), struct{}{}, Around{Foot: "foot"})
		assert.Error(t, err, text)
	}
}

// A quotation stands apart from what is said about it, and a link is shown in both forms.
func TestLetterHasQuotationsAndALink(t *testing.T) {
	t.Parallel()
	text := texttemplate.Must(texttemplate.New("").Parse("Subject: no\n\nHe said:\n\n> {{.}}\n\nThat was all."))
	l, err := Write(text, "never > <b>", Around{Language: LanguageOf("it"), Link: "https://a.example/1?x=<", Open: "Apri", Foot: "foot"})
	assert.NoError(t, err)
	assert.Equal(t, "He said:\n\n> never > <b>\n\nThat was all.\n\nApri: https://a.example/1?x=<\n\n-- \nfoot\n", l.Text)
	assert.Contains(t, l.HTML, `">never &gt; &lt;b&gt;</blockquote>`)
	assert.Contains(t, l.HTML, `<a href="https://a.example/1?x=%3c"`)
	assert.Contains(t, l.HTML, `<html lang="it">`)

	l, err = Write(text, "", Around{Foot: "foot"})
	assert.NoError(t, err)
	assert.NotContains(t, l.HTML, "href=")
	assert.Equal(t, "en", l.Language.Tag)
}
