// Command record writes the histories that the replay tests replay: it brings transfers to every ending, and through every
// way of being woken, on a real server, and saves what the server recorded. Run it from the project's root after a gated
// change of a workflow: it records what the newest generation must hold and lacks. A history that is there already stays,
// because it is proof: -update records those of the newest generation again, as long as that is not frozen.
//
//	main.go           which histories are missing, and how they are saved
//	stage.go          the platform it plays on, and customers to play with
//	lapse.go          a ledger whose time passes in a moment, and that can be away or put back
//	endings.go        what the parties and the operator decide
//	wakeups.go        what the time brings about, and what goes wrong
//	large.go          transfers in ranges
//	remote.go         a billing system over HTTP
//	door.go           commands that come through Temporal
//	cancellations.go  ends of subscriptions that were scheduled
//	deliveries.go     what partners are told over HTTP
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"

	"handover/test/replay"
)

func main() {
	update := flag.Bool("update", false, "record again what the newest generation has already, unless it is frozen")
	flag.Parse()
	if err := record(context.Background(), filepath.Join("test", "replay", replay.Folder), replay.Newest(), *update); err != nil {
		fmt.Fprintln(os.Stderr, "record:", err)
		os.Exit(1)
	}
}

// scene is how the histories of one transfer come about.
type scene struct {
	histories []string
	play      func(context.Context) ([]execution, error)
}

// execution is a run whose history is kept, in the order of the scene's names.
type execution struct{ workflowID, runID string }

func record(ctx context.Context, testdata string, g replay.Generation, update bool) error {
	names, err := g.ToRecord(testdata, update)
	if err != nil || len(names) == 0 {
		return err
	}
	to := target{dir: g.Dir(testdata), names: names, update: update}
	if err := os.MkdirAll(to.dir, 0o750); err != nil {
		return err
	}
	s, err := newStage(ctx)
	if err != nil {
		return err
	}
	defer s.Stop()
	if err := s.record(ctx, to, s.scenes()); err != nil {
		return err
	}
	r, err := newRemoteStage(ctx)
	if err != nil {
		return err
	}
	defer r.close()
	return r.record(ctx, to, r.scenes())
}

// target is what is to be recorded, and where to.
type target struct {
	dir    string
	names  []string
	update bool
}

func (s *stage) scenes() []scene {
	all := s.endings()
	all = append(all, s.large()...)
	all = append(all, s.door()...)
	all = append(all, s.cancellations()...)
	all = append(all, s.deliveries()...)
	return append(all, s.wakeups()...) // last, because time passes in them
}

// record plays the scenes of which a history is wanted.
func (s *stage) record(ctx context.Context, to target, scenes []scene) error {
	for _, sc := range scenes {
		wanted := func(name string) bool { return slices.Contains(to.names, name) }
		if !slices.ContainsFunc(sc.histories, wanted) {
			continue
		}
		runs, err := sc.play(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", sc.histories[0], err)
		}
		for i, name := range sc.histories {
			if !wanted(name) {
				continue
			}
			if err := s.save(ctx, runs[i], to, name); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return nil
}

// save waits for the run's end and writes its history, over one that is there only when that is wanted.
func (s *stage) save(ctx context.Context, run execution, to target, name string) error {
	var history historypb.History
	events := s.Connection.GetWorkflowHistory(ctx, run.workflowID, run.runID, true, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			return err
		}
		history.Events = append(history.Events, event)
	}
	content, err := temporalproto.CustomJSONMarshalOptions{Indent: " "}.Marshal(&history)
	if err != nil {
		return err
	}
	err = write(replay.File(to.dir, name), machine.ReplaceAll(content, []byte(`$1"recorder$2"`)), to.update)
	if err == nil {
		fmt.Printf("recorded %s, %d events\n", name, len(history.Events))
	}
	return err
}

// machine is where a history names the machine that it was recorded on.
var machine = regexp.MustCompile(`("(?:identity|name)": )"[^"@:]*(?:@[^"]*|(:[0-9a-f-]{36}))"`)

// write makes a new file, or replaces one when that is wanted.
func write(file string, content []byte, update bool) error {
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if update {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(file, flags, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}
