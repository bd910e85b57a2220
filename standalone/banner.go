package main

import (
	"fmt"
	"io"
	"net/url"
	"regexp"
	"strings"

	"handover/internal/platform"
	"handover/internal/transfer"
	"handover/internal/world"
)

// banner says where everything is and what to try next, with commands that work as they stand.
func banner(out io.Writer, p *platform.Platform) {
	demo := world.Demo()
	fmt.Fprintf(out, `
Handover is up.

  Temporal  %[1]s (namespace %[2]s)
  Web UI    %[3]s
  HTTP API  %[4]s (described at %[4]s/docs)
  Ledger    %[5]s
  E-mail    %[6]s (every message as an .eml file)

Try next, in another terminal:

  go run ./starter create --address %[1]s --customer %[7]s --email %[8]s \
    --source %[9]s --source-name %[10]q --target %[11]s
  go run ./starter submit ID --address %[1]s --all-eligible
  go run ./starter watch ID --address %[1]s
  go run ./starter verify --address %[1]s --ledger %[5]s
  go run ./starter token --api %[4]s --partner %[11]s --role AdminAgent

Ctrl-C stops everything; the data stays.
`, p.Engine.Address(), platform.Namespace, p.Engine.UIAddress(), p.API, inShell(p.Settings.LedgerURL), inShell(p.MailDir()),
		demo.CustomerTenantID, demo.CustomerEmail, demo.SourceTenantID, demo.SourceName, demo.TargetTenantID)
}

var plain = regexp.MustCompile(`^[\pL\pN_@%+=:,./-]+$`)

// inShell is the text as a shell takes it for one word.
func inShell(text string) string {
	if plain.MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// page is the address of a transfer in the Web UI.
func page(p *platform.Platform, transferID string) string {
	return fmt.Sprintf("%s/namespaces/%s/workflows/%s", p.Engine.UIAddress(), platform.Namespace, url.PathEscape(transfer.WorkflowID(transferID)))
}
