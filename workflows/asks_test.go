package workflows_test

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What the workflows ask of the rest of the module while they decide what to do next. Temporal repeats these decisions when it
// replays a run that was begun up to months ago, so none of the answers may change: every one of them stands here with what
// keeps it.
var whatStays = map[string][]string{
	"a rule, by the number that the transfer follows (ADR 0013)": {
		"transfer.RunRules.Crowded", "transfer.RunRules.InRanges", "transfer.RunRules.Pause", "transfer.RunRules.Range",
		"transfer.RunRules.RangeCount", "transfer.RunRules.ShareOf", "transfer.RunRulesOf",
	},
	"a form of messages, ids or lists: TestFormsStay": {
		"failing.RefusalError", "failing.RefusalOf", "kernel.LongestRequestID", "outage.WorkflowID", "outage.WorkflowType", "subscription.CancellationWorkflowID",
		"subscription.CancellationWorkflowType", "transfer.ItemCounts.Total", "transfer.Message.Actor",
		"transfer.Message.RequestID", "transfer.NewID", "transfer.OfWorkflow", "transfer.Ordinals.Numbers", "transfer.OrdinalsOf",
		"transfer.RangeWorkflowID", "transfer.RangeWorkflowType",
		"transfer.Status.Final", "transfer.WorkflowID", "transfer.WorkflowType", "webhook.WorkflowID", "webhook.WorkflowType",
	},
	"a word that stands in histories: TestFormsStay": {
		"transfer.VerbCancel", "transfer.VerbCreate", "transfer.VerbDecline", "transfer.VerbSubmit",
		"transfer.Cancelled", "transfer.Expired", "transfer.InProgress", "transfer.None", "transfer.Pending", "transfer.Rejected",
		"transfer.DueDeadline", "transfer.DueExpiry", "transfer.DueReminder", "transfer.NothingDue",
	},
	"a name of an activity: TestNamesStay": {"billing.Prefix", "delivery.Prefix", "subscriptions.Prefix", "transfers.Prefix"},
	"said to readers only, and decides nothing": {
		"kernel.BeingProcessed", "kernel.Code", "kernel.InvalidInput", "kernel.Markdown", "kernel.Refuse", "transfer.AnswerOf", "transfer.NoSuchTransfer",
		"transfer.Message.Fingerprint", "webhook.Counted", "webhook.WhyFailing", "webhook.WhyGone",
	},
}

func TestWorkflowsAskOnlyWhatStays(t *testing.T) {
	t.Parallel()
	var known []string
	for _, names := range whatStays {
		known = append(known, names...)
	}
	slices.Sort(known)
	require.Equal(t, known, slices.Sorted(maps.Keys(asks(t))),
		"a workflow asks the domain something new: its answer has to be the same whenever the run replays. A rule gets into transfer.RunRules, "+
			"by number; docs/adr/0013-rules-by-number.md says how")
}

// The state machine and all other policies are the ledger's to ask, in a transaction.
func TestWorkflowsDecideNothing(t *testing.T) {
	t.Parallel()
	for name := range asks(t) {
		require.False(t, isDecision(name), "%s: the ledger decides, the run follows", name)
	}
	caught := asks(t, `package transfers
		import "handover/internal/transfer"
		var _ = transfer.DefaultPolicy().Decide`)
	require.Contains(t, caught, "transfer.Policy.Decide")
	require.True(t, isDecision("transfer.Policy.Decide"))
}

func isDecision(name string) bool { return strings.Contains(name, ".Policy.") }

// asks are the functions and values of this module that the workflows of every room, and more of the sources of one, use: types
// and activities aside.
func asks(t *testing.T, more ...string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	compiled := exported(t)
	for _, room := range rooms(t) {
		info := types.Info{Uses: map[*ast.Ident]types.Object{}}
		files := token.NewFileSet()
		checker := types.Config{Importer: importer.ForCompiler(files, "gc", compiled)}
		_, err := checker.Check(home+"/"+room, files, sources(t, files, room, more), &info)
		require.NoError(t, err)
		for _, used := range info.Uses {
			if name, asked := question(used); asked {
				found[name] = true
			}
		}
	}
	return found
}

const home = "handover/workflows"

// rooms are the folders beside this file that hold workflows, or how they are run.
func rooms(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*/*.go")
	require.NoError(t, err)
	found := map[string]bool{}
	for _, file := range files {
		found[filepath.Dir(file)] = true
	}
	require.Subset(t, slices.Collect(maps.Keys(found)), []string{"billing", "run", "transfers"})
	return slices.Sorted(maps.Keys(found))
}

// sources are the files of the room, tests aside, and more that say they belong to it.
func sources(t *testing.T, files *token.FileSet, room string, more []string) []*ast.File {
	t.Helper()
	var parsed []*ast.File
	names, err := filepath.Glob(filepath.Join(room, "*.go"))
	require.NoError(t, err)
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		source, err := parser.ParseFile(files, name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		parsed = append(parsed, source)
	}
	for _, text := range more {
		source, err := parser.ParseFile(files, "more.go", text, parser.SkipObjectResolution)
		require.NoError(t, err)
		if source.Name.Name == room {
			parsed = append(parsed, source)
		}
	}
	return parsed
}

// question names a function, method, constant or variable of another package of this module, and tells whether it is one.
func question(used types.Object) (string, bool) {
	if used.Pkg() == nil || !strings.HasPrefix(used.Pkg().Path(), "handover/") || strings.HasPrefix(used.Pkg().Path(), home+"/") {
		return "", false
	}
	name := path.Base(used.Pkg().Path()) + "." + used.Name()
	switch used := used.(type) {
	case *types.Func:
		receiver := used.Signature().Recv()
		if receiver == nil {
			return name, true
		}
		of := receiver.Type()
		if pointer, is := of.(*types.Pointer); is {
			of = pointer.Elem()
		}
		named, is := of.(*types.Named)
		if !is {
			return name, true
		}
		on := named.Obj().Name()
		return path.Base(used.Pkg().Path()) + "." + on + "." + used.Name(), on != "Activities"
	case *types.Const:
		return name, true
	case *types.Var:
		return name, !used.IsField()
	}
	return "", false
}

// exported finds the compiled packages that the workflows import.
func exported(t *testing.T) importer.Lookup {
	t.Helper()
	list, err := exec.CommandContext(t.Context(), "go", "list", "-export", "-deps", "-f", "{{.ImportPath}}\t{{.Export}}", ".").Output()
	require.NoError(t, err)
	where := map[string]string{}
	for line := range strings.Lines(string(list)) {
		of, file, _ := strings.Cut(strings.TrimSpace(line), "\t")
		where[of] = file
	}
	return func(of string) (io.ReadCloser, error) { return os.Open(where[of]) }
}
