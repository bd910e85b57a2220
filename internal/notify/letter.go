package notify

// The structure of a mail text. A template writes plain text: a subject line, then paragraphs, lists and quotations, parted by
// empty lines. The text part of the mail is that text; the HTML part is made of the same blocks, so no sentence is written twice.

import (
	_ "embed"
	"fmt"
	htmltemplate "html/template"
	"strings"
	texttemplate "text/template"
)

//go:embed layout.html
var layoutText string

var layout = htmltemplate.Must(htmltemplate.New("layout.html").Parse(layoutText))

// Letter is what an e-mail says, in the forms that it is shown in. The subject is one line.
type Letter struct {
	Subject, Text, HTML string
	Language            Language
}

// SandboxMark stands before the subject of mail about what is not real.
const SandboxMark = "[Sandbox] "

// Around is what stands around the words of a letter.
type Around struct {
	Language Language // the zero one is English
	Mark     string   // before the subject; empty for nothing
	Link     string   // where what it is about can be opened; empty for nowhere
	Open     string   // what leads there says
	Foot     string   // below it all: what it is about
}

// Write makes a letter of a template and the facts that it may say, each of which fits on one line. An error says that the template is
// no letter.
func Write(t *texttemplate.Template, facts any, around Around) (Letter, error) {
	if around.Language.Tag == "" {
		around.Language = LanguageOf("")
	}
	var written, html strings.Builder
	if err := t.Execute(&written, facts); err != nil {
		return Letter{}, err
	}
	subject, body, blocks, err := split(written.String())
	if err != nil {
		return Letter{}, err
	}
	subject = around.Mark + subject
	page := struct {
		Around
		Subject string
		Blocks  []block
	}{around, subject, blocks}
	if err := layout.Execute(&html, page); err != nil {
		return Letter{}, err
	}
	if around.Link != "" {
		body += "\n\n" + around.Open + ": " + around.Link
	}
	return Letter{Subject: subject, Text: body + "\n\n-- \n" + around.Foot + "\n", HTML: html.String(), Language: around.Language}, nil
}

// block is a list when it has items, a quotation when it has one, and a paragraph otherwise.
type block struct {
	Paragraph string
	Items     []string
	Quoted    string
}

const (
	subjectPrefix = "Subject: "
	itemPrefix    = "- "
	quotePrefix   = "> "
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
	if quoted, is := strings.CutPrefix(part, quotePrefix); is {
		return block{Quoted: quoted}
	}
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
