package outbox

import (
	"regexp"

	"handover/internal/kernel"
)

// mostSaid bounds what is repeated of a mail server's words, in characters.
const mostSaid = 400

// Said is what a mail server said, as it is kept and logged: one short line, without the addresses of who should have got the mail.
func Said(text string, addresses ...string) string {
	for _, address := range addresses {
		if address != "" {
			text = regexp.MustCompile("(?i)"+regexp.QuoteMeta(address)).ReplaceAllLiteralString(text, "(recipient)")
		}
	}
	return kernel.ShortLine(text, mostSaid)
}
