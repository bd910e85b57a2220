// Command record writes the histories that the replay tests replay: it brings transfers to every ending, and through every
// way of being woken, on a real server, and saves what the server recorded. Run it from the project's root after a gated
// change of a workflow. A history that is there already stays, because it is proof: -update records it again.
//
//	stage.go      the platform it plays on, and customers to play with
//	lapse.go      a ledger whose time passes in a moment, and that can be away or put back
//	endings.go    what the parties and the operator decide
//	wakeups.go    what the time brings about, and what goes wrong
//	large.go      transfers in ranges
//	remote.go     a billing system over HTTP
//	door.go       commands that come through Temporal
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"

	"handover/test/replay"
)

func main() {
	update := flag.Bool("update", false, "record again what is there already")
	flag.Parse()
	if err := run(context.Background(), filepath.Join("test", "replay", replay.Folder), *update); err != nil {
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

func run(ctx context.Context, dir string, update bool) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	s, err := newStage(ctx)
	if err != nil {
		return err
	}
	defer s.Stop()
	if err := s.record(ctx, dir, update, s.scenes()); err != nil {
		return err
	}
	r, err := newRemoteStage(ctx)
	if err != nil {
		return err
	}
	defer r.close()
	return r.record(ctx, dir, update, r.scenes())
}

func (s *stage) scenes() []scene {
	all := s.endings()
	all = append(all, s.large()...)
	all = append(all, s.door()...)
	return append(all, s.wakeups()...) // last, because time passes in them
}

// record plays the scenes of which a history is missing.
func (s *stage) record(ctx context.Context, dir string, update bool, scenes []scene) error {
	for _, sc := range scenes {
		missing, err := missing(dir, sc.histories)
		if err != nil {
			return err
		}
		if update {
			missing = sc.histories
		}
		if len(missing) == 0 {
			continue
		}
		runs, err := sc.play(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", sc.histories[0], err)
		}
		for i, name := range sc.histories {
			if err := s.save(ctx, runs[i], dir, name, update); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return nil
}

func missing(dir string, names []string) ([]string, error) {
	var gone []string
	for _, name := range names {
		switch _, err := os.Stat(replay.File(dir, name)); {
		case errors.Is(err, fs.ErrNotExist):
			gone = append(gone, name)
		case err != nil:
			return nil, err
		}
	}
	return gone, nil
}

// save waits for the run's end and writes its history, over one that is there only when that is wanted.
func (s *stage) save(ctx context.Context, run execution, dir, name string, update bool) error {
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
	err = write(replay.File(dir, name), machine.ReplaceAll(content, []byte(`$1"recorder$2"`)), update)
	if err == nil {
		fmt.Printf("recorded %s, %d events\n", name, len(history.Events))
	}
	return err
}

// machine is where a history names the machine that it was recorded on.
var machine = regexp.MustCompile(`("(?:identity|name)": )"[^"@:]*(?:@[^"]*|(:[0-9a-f-]{36}))"`)

// write makes a new file, or replaces one when that is wanted. One that is there and stays is no error: it was recorded with
// another history of its scene.
func write(file string, content []byte, update bool) error {
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if update {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(file, flags, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}
