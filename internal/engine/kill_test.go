package engine

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"handover/internal/pgtest"
)

// victimFile names the database of a process that TestSurvivesKill starts and kills: this test binary once more.
const victimFile = "HANDOVER_TEST_ENGINE_VICTIM_FILE"

func TestMain(m *testing.M) {
	if file := os.Getenv(victimFile); file != "" {
		if err := runVictim(file); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(pgtest.Main(m))
}

// runVictim starts a workflow, says its id on the standard output, and waits to be killed.
func runVictim(file string) error {
	ctx := context.Background()
	e, err := Start(ctx, Options{File: file, Namespace: testNamespace, SearchAttributes: testAttributes})
	if err != nil {
		return err
	}
	c, err := client.Dial(client.Options{HostPort: e.Address(), Namespace: testNamespace, Logger: quiet()})
	if err != nil {
		return err
	}
	w := worker.New(c, testQueue, worker.Options{})
	w.RegisterWorkflow(greet)
	if err := w.Start(); err != nil {
		return err
	}
	run, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{TaskQueue: testQueue}, greet, "Pending")
	if err != nil {
		return err
	}
	fmt.Println(run.GetID())
	select {}
}

func TestSurvivesKill(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "temporal.db")
	victim := exec.Command(os.Args[0])
	victim.Env = append(os.Environ(), victimFile+"="+file)
	victim.Stderr = os.Stderr
	output, err := victim.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, victim.Start())
	line, err := bufio.NewReader(output).ReadString('\n')
	require.NoError(t, err, "the victim ended before it had started its workflow")
	require.NoError(t, victim.Process.Kill())
	require.Error(t, victim.Wait(), "it was killed")

	c := dial(t, startEngine(t, Options{File: file}))
	startWorker(t, c)
	finishGreeting(t, c, strings.TrimSpace(line))
}
