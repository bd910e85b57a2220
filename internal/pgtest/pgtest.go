// Package pgtest gives tests and benchmarks a PostgreSQL of their own: a private server made from the machine's
// PostgreSQL packages, on a free loopback port, that ends with the program that started it.
//
// Tests use Shared, which starts one server per test binary and gives each test its own database; TestMain runs the tests
// through Main so that the server ends with them. HANDOVER_TEST_POSTGRES_URL names a server to use instead.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
)

// ServerURLVariable names the environment variable with the URL of a server to use instead of a private one. Its user
// must be allowed to create databases.
const ServerURLVariable = "HANDOVER_TEST_POSTGRES_URL"

// shared is the server that all tests of this binary use.
var shared struct {
	sync.Mutex
	url    string
	server *Server // nil when the server was given
	failed error
	dir    string
}

// Main runs the tests and then ends the shared server. TestMain is: os.Exit(pgtest.Main(m)).
func Main(m *testing.M) int {
	code := m.Run()
	shared.Lock()
	defer shared.Unlock()
	if shared.server == nil {
		return code
	}
	if err := errors.Join(shared.server.Stop(), os.RemoveAll(shared.dir)); err != nil {
		fmt.Fprintln(os.Stderr, "end the shared PostgreSQL:", err)
		return max(code, 1)
	}
	return code
}

// Shared gives the test an empty database of its own on the shared server and returns its URL. Without PostgreSQL on the
// machine the test is skipped, or fails when the environment says CI=true.
func Shared(t testing.TB) string {
	t.Helper()
	server, err := sharedURL(t.Context())
	if errors.Is(err, ErrNotInstalled) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return createDatabase(t, server)
}

// sharedURL starts the shared server at the first call. A server that would not start fails every test the same way.
func sharedURL(ctx context.Context) (string, error) {
	shared.Lock()
	defer shared.Unlock()
	if shared.url != "" || shared.failed != nil {
		return shared.url, shared.failed
	}
	if given := os.Getenv(ServerURLVariable); given != "" {
		shared.url = given
		return given, nil
	}
	if shared.dir, shared.failed = os.MkdirTemp("", "handover-pg-"); shared.failed != nil {
		return "", shared.failed
	}
	// Nothing of it has to survive a crash, so it need not wait for the disk.
	server, err := StartServer(ctx, shared.dir, "fsync=off", "synchronous_commit=off", "full_page_writes=off")
	if err != nil {
		shared.failed = errors.Join(err, os.RemoveAll(shared.dir))
		return "", shared.failed
	}
	shared.server, shared.url = server, server.URL()
	return shared.url, nil
}

// databases numbers the databases of this program.
var databases atomic.Int64

func createDatabase(t testing.TB, server string) string {
	t.Helper()
	name := fmt.Sprintf("handover_%d_%d", os.Getpid(), databases.Add(1))
	if err := execute(t.Context(), server, "CREATE DATABASE "+name+" TEMPLATE template0"); err != nil {
		t.Fatalf("create a database for the test: %v", err)
	}
	t.Cleanup(func() {
		if err := execute(context.Background(), server, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("drop the database of the test: %v", err)
		}
	})
	u, err := url.Parse(server)
	if err != nil {
		t.Fatalf("the server's URL: %v", err)
	}
	u.Path = "/" + name
	return u.String()
}

func execute(ctx context.Context, server, statement string) error {
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}
