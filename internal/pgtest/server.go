package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrNotInstalled says that the machine has no PostgreSQL server.
var ErrNotInstalled = errors.New("PostgreSQL is not installed: install the postgresql package or set " + ServerURLVariable)

// Server is a private PostgreSQL server.
type Server struct {
	dir      string
	port     int
	binaries string
	settings []string
	leash    io.Closer     // closing it ends the server
	ended    chan struct{} // closed when the server has ended
}

// StartServer makes a database cluster in the folder, which is created when missing, and starts its server on a free
// loopback port. Everybody on this machine may connect to it. The server writes to disk as in production unless settings
// ("fsync=off") say otherwise. Root runs it as the user postgres, who must be able to reach the folder.
//
// Errors: ErrNotInstalled; what initdb or the server said.
func StartServer(ctx context.Context, dir string, settings ...string) (*Server, error) {
	s := &Server{dir: dir, settings: settings}
	var err error
	if s.binaries, err = findBinaries(); err != nil {
		return nil, err
	}
	if s.port, err = freePort(ctx); err != nil {
		return nil, err
	}
	if err := s.makeFolder(); err != nil {
		return nil, err
	}
	initdb := s.command(ctx, "initdb", "--pgdata", s.data(), "--username", "handover", "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync")
	if output, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb in %s: %w\n%s", dir, err, output)
	}
	return s, s.Start(ctx)
}

// URL is the address of the server's first database.
func (s *Server) URL() string {
	return fmt.Sprintf("postgres://handover@127.0.0.1:%d/postgres", s.port)
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// Start starts the server again after Stop, on the same port, and waits until it answers.
func (s *Server) Start(ctx context.Context) error {
	log, err := os.Create(filepath.Join(s.dir, "server.log"))
	if err != nil {
		return err
	}
	if err := errors.Join(s.launch(ctx, log), log.Close()); err != nil {
		return err
	}
	if err := s.awaitAnswer(ctx); err != nil {
		said, unread := os.ReadFile(log.Name())
		return fmt.Errorf("start PostgreSQL in %s: %w\n%s", s.dir, errors.Join(err, unread, s.Stop()), said)
	}
	return nil
}

// onLeash keeps the server on a leash: when this program ends, however it does, the shell's input ends, and with it the
// server. SIGQUIT is an immediate shutdown, which waits for nobody.
const onLeash = `"$@" & server=$!; exec 3<&0; (read -r _ <&3; kill -QUIT $server 2>/dev/null) & wait $server`

func (s *Server) launch(ctx context.Context, log *os.File) error {
	// Not bound to the context, which is for starting only.
	process := s.command(context.WithoutCancel(ctx), "sh", append([]string{"-c", onLeash, "sh"}, s.arguments()...)...)
	process.Stdout, process.Stderr = log, log
	leash, err := process.StdinPipe()
	if err != nil {
		return err
	}
	if err := process.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	s.leash, s.ended = leash, ended
	go func() {
		defer close(ended)
		_ = process.Wait() // how it ended is in its log
	}()
	return nil
}

func (s *Server) arguments() []string {
	arguments := []string{filepath.Join(s.binaries, "postgres"), "-D", s.data(), "-h", "127.0.0.1", "-p", strconv.Itoa(s.port)}
	for _, setting := range slices.Concat([]string{"unix_socket_directories=", "max_connections=200"}, s.settings) {
		arguments = append(arguments, "-c", setting)
	}
	return arguments
}

// Stop ends the server at once, as a crash would; committed data survives if the settings say so.
func (s *Server) Stop() error {
	err := s.leash.Close()
	<-s.ended
	if errors.Is(err, os.ErrClosed) {
		return nil // it had ended by itself
	}
	return err
}

// awaitAnswer waits until the server takes connections.
func (s *Server) awaitAnswer(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.URL())
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ctx.Done():
			return err
		case <-s.ended:
			return errors.New("the server ended at once")
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// makeFolder makes the folder, and gives it to postgres when root runs the server.
func (s *Server) makeFolder() error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	if os.Getuid() != 0 {
		return nil
	}
	postgres, err := user.Lookup("postgres")
	if err != nil {
		return fmt.Errorf("root cannot run PostgreSQL itself: %w", err)
	}
	uid, err := strconv.Atoi(postgres.Uid)
	if err != nil {
		return err
	}
	gid, err := strconv.Atoi(postgres.Gid)
	if err != nil {
		return err
	}
	return os.Chown(s.dir, uid, gid)
}

// command runs one of PostgreSQL's programs, or the shell, as a user whom PostgreSQL accepts.
func (s *Server) command(ctx context.Context, program string, arguments ...string) *exec.Cmd {
	if program != "sh" {
		program = filepath.Join(s.binaries, program)
	}
	if os.Getuid() == 0 {
		arguments = append([]string{"--user", "postgres", "--", program}, arguments...)
		program = "runuser"
	}
	c := exec.CommandContext(ctx, program, arguments...)
	c.Dir = s.dir
	return c
}

// findBinaries finds the folder with initdb and postgres: the newest of Debian's, which are not in the PATH, or the PATH's.
func findBinaries() (string, error) {
	folders, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", err
	}
	slices.SortFunc(folders, func(a, b string) int { return version(b) - version(a) })
	for _, folder := range folders {
		if _, err := os.Stat(filepath.Join(folder, "initdb")); err == nil {
			return folder, nil
		}
	}
	initdb, err := exec.LookPath("initdb")
	if err != nil {
		return "", ErrNotInstalled
	}
	return filepath.Dir(initdb), nil
}

// version is the number in /usr/lib/postgresql/15/bin; what is not a number comes last.
func version(folder string) int {
	n, err := strconv.Atoi(filepath.Base(filepath.Dir(folder)))
	if err != nil {
		return 0
	}
	return n
}

func freePort(ctx context.Context) (int, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := listener.Addr().(*net.TCPAddr).Port
	return port, listener.Close()
}
