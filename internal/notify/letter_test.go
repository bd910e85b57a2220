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
		_, err := Write(texttemplate.Must(texttemplate.New("").Parse(text)), struct{}{}, "foot")
		assert.Error(t, err, text)
	}
}
