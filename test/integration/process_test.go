package integration

// One running program: its streams, its end, and nothing left of it after the test.

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	// patience bounds every wait for something that takes seconds; it is generous because machines are shared.
	patience = 3 * time.Minute
	// lookEvery is how often a wait looks again.
	lookEvery = 50 * time.Millisecond
	// shown is how many of the latest bytes of a stream a failed test shows.
	shown = 4000
)

// process is a program that was started.
type process struct {
	name   string
	cmd    *exec.Cmd
	stdout stream
	stderr stream
	ended  chan struct{} // closed once the program is gone
}

// launch starts a program in a process group of its own. When the test ends the group is killed; when it failed, what the
// program said is shown.
func launch(t *testing.T, env []string, name string, args ...string) *process {
	t.Helper()
	return launchBy(t, "", nil, env, name, args...)
}

// launchBy starts the program in a folder, by another program that takes its command line, such as env.
func launchBy(t *testing.T, dir string, by, env []string, name string, args ...string) *process {
	t.Helper()
	line := slices.Concat(by, []string{filepath.Join(programs, name)}, args)
	p := &process{name: name, cmd: exec.Command(line[0], line[1:]...), ended: make(chan struct{})}
	p.cmd.Dir, p.cmd.Env = dir, append(surroundings(t), env...)
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(t, p.cmd.Start())
	go func() {
		_ = p.cmd.Wait() // the exit status is read from the process state
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.kill(t)
		if t.Failed() {
			t.Logf("%s %s said:\n%s%s", name, strings.Join(args, " "), p.stdout.latest(), p.stderr.latest())
		}
	})
	return p
}

// surroundings is this process's environment without anything that would configure the programs.
func surroundings(t *testing.T) []string {
	env := []string{"HOME=" + t.TempDir()}
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if name != "HOME" && name != "XDG_CONFIG_HOME" && !strings.HasPrefix(name, "TEMPORAL_") && !strings.HasPrefix(name, "HANDOVER_") {
			env = append(env, variable)
		}
	}
	return env
}

// kill is kill -9 for the program and everything it started.
func (p *process) kill(t *testing.T) {
	t.Helper()
	select {
	case <-p.ended:
		return
	default:
	}
	if err := syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		t.Errorf("kill %s: %v", p.name, err)
	}
	<-p.ended
}

// interrupt is Ctrl-C.
func (p *process) interrupt(t *testing.T) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGINT))
}

// exit waits for the program's end and returns its exit status, -1 when a signal ended it.
func (p *process) exit(t *testing.T) int {
	t.Helper()
	select {
	case <-p.ended:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		require.FailNow(t, "The program does not end.", "%s still runs after %s", p.name, patience)
		return -1
	}
}

// says waits until the program has written text that matches on standard output, and returns the match with its groups.
func (p *process) says(t *testing.T, pattern string) []string {
	t.Helper()
	wanted := regexp.MustCompile(pattern)
	var match []string
	eventually(t, p.name+" says "+pattern, func() bool {
		match = wanted.FindStringSubmatch(p.stdout.String())
		select {
		case <-p.ended:
			return true
		default:
			return match != nil
		}
	})
	require.NotNil(t, match, "%s ended before it said %q", p.name, pattern)
	return match
}

// pause stops the program where it is until it may go on.
func (p *process) pause(t *testing.T) (goOn func()) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGSTOP))
	eventually(t, p.name+" stands still", func() bool { return p.standsStill(t) })
	return func() { require.NoError(t, p.cmd.Process.Signal(syscall.SIGCONT)) }
}

// standsStill tells whether every thread is stopped. The signal reaches the first of them some time after it was sent, and
// until then the others go on.
func (p *process) standsStill(t *testing.T) bool {
	t.Helper()
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", p.cmd.Process.Pid))
	require.NoError(t, err)
	for _, thread := range threads {
		stat, err := os.ReadFile(thread)
		if err != nil {
			return false // the thread has just ended
		}
		_, state, _ := strings.Cut(string(stat), ") ")
		if !strings.HasPrefix(state, "T") {
			return false
		}
	}
	return len(threads) > 0
}

// eventually looks until something holds, and fails with its name when it does not in time.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(lookEvery) {
		require.True(t, time.Now().Before(end), "waited %s in vain until: %s", patience, what)
	}
}

// stream collects what a program writes, readable while it does.
type stream struct {
	lock sync.Mutex
	text bytes.Buffer
}

func (s *stream) Write(p []byte) (int, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.text.Write(p)
}

func (s *stream) String() string {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.text.String()
}

// latest is the end of what was written, for people.
func (s *stream) latest() string {
	text := s.String()
	if len(text) <= shown {
		return text
	}
	return "…" + strings.ToValidUTF8(text[len(text)-shown:], "")
}
