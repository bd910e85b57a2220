package progress

import (
	"fmt"
	"io"
	"strings"

	"handover/internal/operatorview"
)

// lines writes a line whenever there is something new to say, for logs and pipes.
type lines struct {
	out  io.Writer
	said string
}

func (l *lines) show(s operatorview.Snapshot) {
	l.say(strings.Join(append([]string{headline(s)}, retrying(s)...), "; "))
}

func (l *lines) unanswered(err error) { l.say(silence(err)) }

func (l *lines) end() {}

func (l *lines) say(line string) {
	if line != l.said {
		l.said = line
		fmt.Fprintln(l.out, line)
	}
}
