// Command starter requests transfers, approves and cancels them, over Temporal alone. It shows them, and is the operators'
// hand on the ledger; it gets tokens for the HTTP API. docs/cli.md is its manual.
//
//	main.go       hands the process's surroundings to run
//	run.go        one run: arguments in, exit status out; output.go where its answer goes, and input that may never end
//	commands.go   the root command and what every command shares; arguments.go what a command line may not say
//	create.go     create
//	decide.go     submit, cancel, decline
//	giveup.go     give-up
//	resolve.go    resolve
//	resume.go     resume
//	stuck.go      stuck
//	log.go        log
//	mail.go       mail undelivered, mail resend; bounced.go mail bounced; sent.go sent
//	selection.go  which line items a submit names; itemsfile.go a file that lists them; textfile.go files in any encoding
//	actor.go      who acts
//	read.go       get, list, watch
//	records.go    seed, verify
//	admin.go      admin; admin_parties.go of partners, users, customers; admin_ties.go of what ties them; admin_subscription.go of what is
//	              billed; admin_apply.go of a world file; edit.go flags that change one field each
//	migrate.go    migrate; forget.go forget
//	webhook.go    webhook; webhook_register.go and webhook_show.go the registration, webhook_send.go what is asked for, webhook_deliveries.go what became of events; listen.go a receiver of webhooks
//	token.go      token
//	replay.go     replay; rehearsal.go how runs are replayed, one by one
//	agree.go      I-7: do ledger and workflows agree? agree_runs.go: of runs that are not a transfer's
//	ask.go        I-8: do ledger and billing system agree?
//	book.go       the ledger at hand
//	service.go    Temporal, as the commands use it; histories.go the runs that are open, and what happened to them
//	print.go      tables and JSON
//	failure.go    every way to end, and its exit status
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // whoever interrupts again means it
	status := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, surroundings())
	stop()
	os.Exit(status)
}
