package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every flag of every command refuses to be empty, and to be given twice unless it may be repeated: a shell's variable that is not set
// must not turn a filter off, nor the second of two values win in silence.
func TestNoFlagIsIgnored(t *testing.T) {
	t.Parallel()
	checked := 0
	eachFlag(t, func(cmd *cobra.Command, f *pflag.Flag) {
		path := strings.Fields(cmd.CommandPath())[1:]
		for _, empty := range []string{"", " \t"} {
			var s stage
			assert.Equal(t, 2, s.run(t, append(slices.Clone(path), "--"+f.Name+"="+empty)...), "%s --%s", cmd.CommandPath(), f.Name)
			assert.Contains(t, s.stderr.String(), "it is empty; give it a value", "%s --%s", cmd.CommandPath(), f.Name)
		}
		checked++
		if _, list := f.Value.(pflag.SliceValue); list {
			return
		}
		value := f.Value.String() // a default can be given
		if value == "" {
			value = "x"
		}
		var s stage
		assert.Equal(t, 2, s.run(t, append(slices.Clone(path), "--"+f.Name+"="+value, "--"+f.Name+"="+value)...), "%s --%s", cmd.CommandPath(), f.Name)
		assert.Contains(t, s.stderr.String(), "given twice", "%s --%s", cmd.CommandPath(), f.Name)
	})
	assert.Greater(t, checked, 40)
}

func eachFlag(t *testing.T, do func(cmd *cobra.Command, f *pflag.Flag)) {
	t.Helper()
	root := (&cli{}).root()
	for _, cmd := range root.Commands() {
		if cmd.Name() == "help" {
			continue
		}
		seen := func(f *pflag.Flag) { do(cmd, f) }
		root.PersistentFlags().VisitAll(seen)
		cmd.LocalNonPersistentFlags().VisitAll(seen)
	}
}

// broken is an output that takes no more, as a full disk does.
type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// What a script reads may be cut off; the status says so, whatever writes it.
func TestAnAnswerThatIsLostIsAFailure(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"list", "-o", "json"}, {"get", transferID}, createArgs(), {"verify", "--ledger-only", "--ledger", "x"},
		{"--help"}, {"list", "--help"}, {"help", "list"}, {"--version"}, {"completion", "bash"},
	} {
		s := stage{out: broken{}}
		assert.Equal(t, 1, s.run(t, args...), args)
		assert.Contains(t, s.stderr.String(), "no space left on device", args)
	}
	s := stage{out: broken{}}
	assert.Equal(t, 2, s.run(t, "list", "-o", "yaml"), "what went wrong before it had an answer keeps its status")
}

// Ctrl-C ends a command that reads from a pipe that says nothing.
func TestAnInterruptEndsReading(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"submit", transferID, "--items-file", "-"}, {"seed", "-", "--ledger", "sqlite://x.db"}, {"replay", "--history", "-"},
	} {
		silent, writer := io.Pipe()
		ctx, cancel := context.WithCancel(t.Context())
		s := stage{in: interrupting{silent, cancel}}
		assert.Equal(t, 130, s.runUntil(ctx, args...), args)
		assert.False(t, s.service.connected, args)
		require.NoError(t, writer.Close())
	}
}

// interrupting interrupts the program once it reads.
type interrupting struct {
	io.Reader
	interrupt func()
}

func (i interrupting) Read(p []byte) (int, error) {
	i.interrupt()
	return i.Reader.Read(p)
}

func TestSeedReadsStandardInput(t *testing.T) {
	t.Parallel()
	world, err := os.ReadFile(filepath.Join("..", "internal", "world", "sample.yaml"))
	require.NoError(t, err)
	s := stage{stdin: string(world), real: true}
	require.Equal(t, 0, s.run(t, "seed", "-", "--ledger", "sqlite://"+filepath.Join(t.TempDir(), "ledger.db")), s.stderr.String())
	assert.Contains(t, s.stdout.String(), "Partners")
	s = stage{stdin: "partners: ["}
	assert.Equal(t, 2, s.run(t, "seed", "-", "--ledger", "sqlite://x.db"))
	assert.Contains(t, s.stderr.String(), "standard input:1:1: ")
}

// A ledger that cannot be named like that is no failure that passes.
func TestALedgerThatCannotBeNamedLikeThat(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"ledger.db", "sqlite:ledger.db", "mysql://h/x", "sqlite://", "sqlite://a?b.db", "postgres://:::", "postgres://u:hid den%zz@h/x"} {
		s := stage{real: true}
		assert.Equal(t, 2, s.run(t, "stuck", "--ledger", url), url)
		assert.Contains(t, s.stderr.String(), "the database URL must be postgres://user@host:5432/name", url)
		assert.NotContains(t, s.stderr.String(), "hid", url)
	}
}

func TestTextThatIsNotUTF8IsRefusedWithItsLine(t *testing.T) {
	t.Parallel()
	s := stage{stdin: "subscriptionId;productType\n" + subOne + ";B\xe4cker\n"}
	assert.Equal(t, 2, s.run(t, "submit", transferID, "--items-file", "-"))
	assert.Contains(t, s.stderr.String(), "line 2: it is not in UTF-8")
	assert.False(t, s.service.connected)
}

// A line of JSON is no heading because one of its names is "id".
func TestALineOfJSONIsNoHeading(t *testing.T) {
	t.Parallel()
	s := stage{stdin: `{"id":"` + subOne + `"}`}
	assert.Equal(t, 2, s.run(t, "submit", transferID, "--items-file", "-"))
	assert.Contains(t, s.stderr.String(), "line 1: the subscription id must be a GUID")
}

func TestHelpForNoCommandIsAnError(t *testing.T) {
	t.Parallel()
	var s stage
	assert.Equal(t, 2, s.run(t, "help", "approve"))
	assert.Contains(t, s.stderr.String(), `there is no command "approve"`)
	s = stage{}
	require.Equal(t, 0, s.run(t, "help", "submit"), s.stderr.String())
	assert.Contains(t, s.stdout.String(), "starter submit ID")
}
