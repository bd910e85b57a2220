package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/jackc/pgx/v5"
)

// machine is where the figures were taken.
type machine struct {
	CPU      string `json:"cpu"`
	Cores    int    `json:"cores"`
	Memory   string `json:"memory"`
	OS       string `json:"os"`
	Go       string `json:"go"`
	Database string `json:"database"`
}

func (m machine) String() string {
	return fmt.Sprintf("%s, %d cores, %s of memory; %s; %s\n%s; Temporal server, both workers and the clients in one process",
		m.CPU, m.Cores, m.Memory, m.OS, m.Go, m.Database)
}

// describe describes this machine and the stage's database. What another system than Linux does not tell stays unknown.
func describe(ctx context.Context, s *stage) (machine, error) {
	database, err := databaseOf(ctx, s)
	return machine{
		CPU:      field("/proc/cpuinfo", "model name", ":"),
		Cores:    runtime.NumCPU(),
		Memory:   memory(field("/proc/meminfo", "MemTotal", ":")),
		OS:       strings.Trim(field("/etc/os-release", "PRETTY_NAME", "="), `"`) + " " + runtime.GOARCH,
		Go:       runtime.Version(),
		Database: database,
	}, err
}

// memory is what the system tells in kB, in GB.
func memory(total string) string {
	var kilobytes float64
	if _, err := fmt.Sscanf(total, "%f kB", &kilobytes); err != nil {
		return total
	}
	return fmt.Sprintf("%.0f GB", kilobytes/(1<<20))
}

// field is the first value under the key in a file of keys and values.
func field(file, key, separator string) string {
	const unknown = "unknown"
	f, err := os.Open(file)
	if err != nil {
		return unknown
	}
	defer func() { _ = f.Close() }()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), separator); ok && strings.TrimSpace(name) == key {
			return strings.TrimSpace(value)
		}
	}
	return unknown
}

func databaseOf(ctx context.Context, s *stage) (string, error) {
	if s.Ledger.Dialect() == "sqlite" {
		return "SQLite, write-ahead log, synchronous=FULL", nil
	}
	conn, err := pgx.Connect(ctx, s.Settings.LedgerURL)
	if err != nil {
		return "", err
	}
	settings := []string{"server_version", "fsync", "synchronous_commit", "full_page_writes"}
	values := make([]any, len(settings))
	for i, name := range settings {
		if err = conn.QueryRow(ctx, "SELECT current_setting($1)", name).Scan(&settings[i]); err != nil {
			break
		}
		values[i] = settings[i]
	}
	if err = errors.Join(err, conn.Close(ctx)); err != nil {
		return "", err
	}
	return fmt.Sprintf("PostgreSQL %s, fsync=%s, synchronous_commit=%s, full_page_writes=%s", values...), nil
}
