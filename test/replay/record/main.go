// Command record writes the histories that the replay tests replay: it runs one transfer to every ending against a real
// server and saves what the server recorded. Run it from the project's root after a gated change of a workflow.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"

	"handover/internal/transferclient"
	"handover/workflows"
)

func main() {
	if err := run(context.Background(), filepath.Join("test", "replay", "testdata")); err != nil {
		fmt.Fprintln(os.Stderr, "record:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dir string) error {
	s, err := newStage(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	for _, ending := range s.endings() {
		id, err := ending.play(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", ending.name, err)
		}
		if err := s.save(ctx, workflows.WorkflowID(id), filepath.Join(dir, ending.name+".json")); err != nil {
			return fmt.Errorf("%s: %w", ending.name, err)
		}
		if ending.name == "large" {
			child := workflows.RangeWorkflowID(id, 0, largeRange)
			if err := s.save(ctx, child, filepath.Join(dir, "large-range.json")); err != nil {
				return err
			}
		}
		fmt.Println("recorded", ending.name)
	}
	return nil
}

// save waits for the run's end and writes its history.
func (s *stage) save(ctx context.Context, workflowID, file string) error {
	if err := s.Connection.GetWorkflow(ctx, workflowID, "").Get(ctx, nil); err != nil && transferclient.IsTechnical(err) {
		return err
	}
	var history historypb.History
	events := s.Connection.GetWorkflowHistory(ctx, workflowID, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
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
	return os.WriteFile(file, content, 0o600)
}
