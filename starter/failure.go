package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"handover/internal/kernel"
	"handover/internal/outbox"
	"handover/internal/store"
	"handover/internal/transfer"
	"handover/internal/transferclient"
)

// The exit statuses, as docs/cli.md promises them.
const (
	statusDone        = 0
	statusFailed      = 1 // anything else; invariants that do not hold; runs that do not replay
	statusUsage       = 2 // the command line, or a file it names, cannot be used; nothing was sent
	statusRefused     = 3 // the answer is no; a watched transfer did not become Complete
	statusNotFound    = 4 // there is no such transfer
	statusUnavailable = 5 // Temporal, a worker, the ledger or the billing system gave no answer; try again
	statusInterrupted = 130
)

// usageError says that the command line cannot be used.
type usageError struct{ error }

func (e *usageError) Unwrap() error { return e.error }

// unreachableError says that Temporal gave no answer.
type unreachableError struct{ error }

func (e *unreachableError) Unwrap() []error { return []error{e.error, transferclient.ErrUnavailable} }

// notCompleteError says that a watched transfer ended otherwise.
type notCompleteError struct{ status transfer.Status }

func (e *notCompleteError) Error() string {
	return fmt.Sprintf("the transfer ended as %s, not as %s", e.status, transfer.Complete)
}

// errViolated says that an invariant does not hold.
var errViolated = errors.New("the platform's invariants do not hold; the violations are listed above")

// unsureError adds the way to repeat a command of which nobody knows whether it was carried out.
func unsureError(err error, requestID string) error {
	var refusal *kernel.Refusal
	if err == nil || errors.As(err, &refusal) {
		return err
	}
	return fmt.Errorf("%w; to repeat it safely, add --request-id %s", unended{err}, requestID)
}

// unended is an error whose sentence goes on.
type unended struct{ error }

func (e unended) Error() string { return strings.TrimSuffix(e.error.Error(), ".") }

func (e unended) Unwrap() error { return e.error }

// failure is how a run ended badly: the exit status, and what -o json says of it.
type failure struct {
	status  int
	Code    string   `json:"code"`  // wire code of a refusal, empty otherwise
	Cause   string   `json:"cause"` // a kernel.Cause, or one of those below
	Message string   `json:"message"`
	Data    []string `json:"data"`
}

// ending classifies an error, the one place where that is done.
func ending(ctx context.Context, err error) failure {
	f := failure{Message: err.Error(), Data: []string{}}
	var refusal *kernel.Refusal
	if errors.As(err, &refusal) {
		f.Code, f.Cause, f.Data = refusal.Code, string(refusal.Cause), append(f.Data, refusal.Data...)
		f.Message = strings.TrimSuffix(f.Message, " ("+f.Code+")") // report puts it back
	}
	var usage *usageError
	var notComplete *notCompleteError
	switch {
	case errors.As(err, &usage) && (ctx.Err() == nil || !errors.Is(err, ctx.Err())): // a file that was still being read is no bad one
		f.is(statusUsage, "Usage")
	case errors.Is(err, transfer.NotFound):
		f.is(statusNotFound, f.Cause)
	case refusal != nil:
		f.is(statusRefused, f.Cause)
	case errors.Is(err, errDiverges):
		f.is(statusFailed, "DoesNotReplay")
	case ctx.Err() != nil:
		f.is(statusInterrupted, "Interrupted")
		f.Message = strings.Replace(f.Message, context.Canceled.Error(), "interrupted", 1)
	case errors.As(err, &notComplete):
		f.is(statusRefused, "NotComplete")
	case errors.Is(err, errViolated):
		f.is(statusFailed, "InvariantViolated")
	case silent(err):
		f.is(statusUnavailable, "Unavailable")
	default:
		f.is(statusFailed, "Failed")
	}
	return f
}

// silent tells that whoever was asked gave no answer, as opposed to a no: Temporal, the ledger, the billing system.
func silent(err error) bool {
	var unasked *unaskedError
	return transferclient.IsSilence(err) || store.IsPassing(err) || errors.As(err, &unasked) || errors.Is(err, outbox.ErrInHand)
}

// is sets the exit status, and the cause unless the refusal inside says it better.
func (f *failure) is(status int, cause string) {
	f.status = status
	if f.Cause == "" {
		f.Cause = cause
	}
}

// report tells the failure on standard error and returns its exit status.
func (c *cli) report(f failure, command string, args []string) int {
	if wantsJSON(args) {
		if text, err := json.Marshal(f); err == nil {
			fmt.Fprintln(c.err, string(kernel.PlainJSON(text)))
			return f.status
		}
	}
	message := f.Message
	if f.Code != "" {
		message += " (" + f.Code + ")"
	}
	c.say("starter: " + message)
	if f.status == statusUsage {
		fmt.Fprintf(c.err, "Run '%s --help' for usage.\n", command)
	}
	return f.status
}

// wantsJSON looks for -o json by itself: the arguments may be what is wrong, and then they were not read to their end.
func wantsJSON(args []string) bool {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	flags.ParseErrorsAllowlist.UnknownFlags = true
	flags.Usage = func() {}
	output := flags.StringP("output", "o", outputTable, "")
	return flags.Parse(args) == nil && *output == outputJSON
}
