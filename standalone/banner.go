package main

import (
	"fmt"
	"io"
	"net/url"

	"handover/internal/platform"
	"handover/internal/world"
	"handover/workflows"
)

// banner says where everything is and what to try next, with commands that work as they stand.
func banner(out io.Writer, p *platform.Platform) {
	demo := world.Demo()
	fmt.Fprintf(out, `
Handover is up.

  Temporal  %s (namespace %s)
  Web UI    %s
  Ledger    %s
  E-mail    %s (every message as an .eml file)

Try next, in another terminal:

  go run ./starter create --address %[1]s --customer %[6]s --email %[7]s \
    --source %[8]s --source-name %[9]q --target %[10]s
  go run ./starter submit ID --address %[1]s --all-eligible
  go run ./starter watch ID --address %[1]s
  go run ./starter verify --address %[1]s --ledger %[4]s

Ctrl-C stops everything; the data stays.
`, p.Engine.Address(), platform.Namespace, p.Engine.UIAddress(), p.Settings.LedgerURL, p.MailDir(),
		demo.CustomerTenantID, demo.CustomerEmail, demo.SourceTenantID, demo.SourceName, demo.TargetTenantID)
}

// page is the address of a transfer in the Web UI.
func page(p *platform.Platform, transferID string) string {
	return fmt.Sprintf("%s/namespaces/%s/workflows/%s", p.Engine.UIAddress(), platform.Namespace, url.PathEscape(workflows.WorkflowID(transferID)))
}
