package notify

// The structure of a mail text. A template writes plain text: a subject line, then paragraphs and lists, parted by empty
// lines. The text part of the mail is that text; the HTML part is made of the same blocks, so no sentence is written twice.

import (
	"fmt"
	"strings"
)

// block is a paragraph, or a list when it has items.
type block struct {
	Paragraph string
	Items     []string
}

const (
	subjectPrefix = "Subject: "
	itemPrefix    = "- "
)

// split takes the written text apart into the subject, the body as it is, and the body's blocks.
func split(written string) (subject, body string, blocks []block, err error) {
	head, body, found := strings.Cut(strings.TrimSpace(written), "\n\n")
	subject, named := strings.CutPrefix(head, subjectPrefix)
	if !found || !named || strings.Contains(subject, "\n") {
		return "", "", nil, fmt.Errorf("a mail template must start with one line %q and an empty line", subjectPrefix)
	}
	for _, part := range strings.Split(body, "\n\n") {
		blocks = append(blocks, parseBlock(part))
	}
	return subject, body, blocks, nil
}

func parseBlock(part string) block {
	lines := strings.Split(part, "\n")
	if !strings.HasPrefix(lines[0], itemPrefix) {
		return block{Paragraph: strings.Join(lines, " ")}
	}
	var b block
	for _, line := range lines {
		b.Items = append(b.Items, strings.TrimPrefix(line, itemPrefix))
	}
	return b
}
