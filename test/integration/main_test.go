// Package integration runs the programs as a user runs them: built with go build, started as processes, spoken to over
// their ports, their flags and their standard streams, ended with Ctrl-C or kill -9. What they leave behind is then judged
// by the invariants I-1 to I-10, with "starter verify".
//
//	main_test.go        builds the programs once
//	process_test.go     one running program
//	handover_test.go    standalone, worker and starter as the tests use them, and what they leave behind
//	world_test.go       the worlds the tests play in
//
//	gateway_scene_test.go   the gateway as a process, with everything it needs and two partners who call it
//	gateway_ask_test.go     requests to it, sent as often as it takes
//	gateway_writes_test.go  one write of each kind, and what it does if it is done once; gateway_reads_test.go every read
//	gateway_hand_test.go    how the programs are held up at a certain point
//	follow_test.go          commands at the ledger itself, and how runs follow it
//
//	billing_scene_test.go   a billing system of an operator as a process, and the platform that moves subscriptions in it
//	billing_wire_test.go    the wire between the two, and what can happen on it
//
//	webhooks_scene_test.go  endpoints of partners, which verify by themselves and misbehave when they are told to
//	post_test.go            a mail server, as choosy as those of companies
//
// Every other file is one story, named for what a user sees.
package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"handover/internal/pgtest"
)

// programs is the folder of the built programs.
var programs string

func TestMain(m *testing.M) {
	os.Exit(main(m))
}

func main(m *testing.M) int {
	dir, err := os.MkdirTemp("", "handover-programs-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "a folder for the programs:", err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	programs = dir
	for _, name := range []string{"worker", "gateway", "starter", "standalone", "test/billing-sample"} {
		build := exec.Command("go", "build", "-o", filepath.Join(dir, filepath.Base(name)), "./"+name)
		build.Dir = filepath.Join("..", "..")
		if said, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "go build ./%s: %v\n%s", name, err, said)
			return 1
		}
	}
	return pgtest.Main(m)
}
