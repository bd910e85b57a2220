// PostgreSQL: two databases, made here and brought to the server's version with Temporal's own schema tool.

package engine

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/postgresql"
	"go.temporal.io/server/tools/common/schema"
	schematool "go.temporal.io/server/tools/sql"
)

const postgresShards = 4

// The four services of the server hold a pool each for either database. Together these stay below the 100 connections
// PostgreSQL allows by default, with room for the ledger's.
const (
	workflowConnections   = 14
	visibilityConnections = 4
	connectionLifetime    = time.Hour
)

// duplicateDatabase is the SQLSTATE of a CREATE DATABASE that somebody else was faster with.
const duplicateDatabase = "42P04"

func preparePostgres(ctx context.Context, rawURL string, logger log.Logger) (stores, error) {
	server, err := parsePostgresURL(rawURL)
	if err != nil {
		return stores{}, err
	}
	s := stores{
		shards:     postgresShards,
		workflows:  server.database("temporal", workflowConnections),
		visibility: server.database("temporal_visibility", visibilityConnections),
	}
	if err := createDatabases(ctx, rawURL, s.workflows.DatabaseName, s.visibility.DatabaseName); err != nil {
		return stores{}, fmt.Errorf("the databases for Temporal's data cannot be made: %w", err)
	}
	if err := updateTables(s.workflows, "postgresql/v12/temporal", logger); err != nil {
		return stores{}, err
	}
	return s, updateTables(s.visibility, "postgresql/v12/visibility", logger)
}

type postgresServer struct{ url *url.URL }

func parsePostgresURL(rawURL string) (postgresServer, error) {
	u, err := url.Parse(rawURL)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") || u.User.Username() == "" {
		return postgresServer{}, errors.New("the URL for Temporal's data must read postgres://user:password@host:port/database")
	}
	return postgresServer{url: u}, nil
}

func (p postgresServer) database(name string, connections int) *config.SQL {
	attributes := map[string]string{}
	for key, values := range p.url.Query() {
		attributes[key] = values[0]
	}
	password, _ := p.url.User.Password()
	return &config.SQL{
		PluginName:        postgresql.PluginNamePGX,
		ConnectAddr:       p.url.Host,
		ConnectProtocol:   "tcp",
		User:              url.User(p.url.User.Username()).String(), // unlike the password, the plug-in does not escape it
		Password:          password,
		DatabaseName:      name,
		ConnectAttributes: attributes,
		MaxConns:          connections,
		MaxIdleConns:      connections,
		MaxConnLifetime:   connectionLifetime,
	}
}

// createDatabases asks before it creates: a user who may not create databases can run on ones that are there.
func createDatabases(ctx context.Context, rawURL string, names ...string) (err error) {
	conn, err := pgx.Connect(ctx, rawURL)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	for _, name := range names {
		var encoding string
		err := conn.QueryRow(ctx, "SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = $1", name).Scan(&encoding)
		switch {
		case err == nil && encoding == "UTF8":
			continue
		case err == nil:
			return fmt.Errorf("%s is there, in the encoding %s, in which ids are lost without an error; only UTF8 will do", name, encoding)
		case !errors.Is(err, pgx.ErrNoRows):
			return err
		}
		_, err = conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()+" TEMPLATE template0 ENCODING 'UTF8'")
		var refused *pgconn.PgError
		if err != nil && (!errors.As(err, &refused) || refused.Code != duplicateDatabase) {
			return err
		}
	}
	return nil
}

// updateTables brings a database, which may be empty, to the newest version in the folder of Temporal's schema.
func updateTables(database *config.SQL, folder string, logger log.Logger) error {
	conn, err := schematool.NewConnection(database, logger)
	if err != nil {
		return fmt.Errorf("the database %s cannot be opened: %w", database.DatabaseName, err)
	}
	defer conn.Close()
	if err := schema.NewSetupSchemaTask(conn, &schema.SetupConfig{InitialVersion: "0.0"}, logger).Run(); err != nil {
		return fmt.Errorf("the tables of the database %s cannot be made: %w", database.DatabaseName, err)
	}
	if err := schema.NewUpdateSchemaTask(conn, &schema.UpdateConfig{SchemaName: folder}, logger).Run(); err != nil {
		return fmt.Errorf("the tables of the database %s cannot be brought up to date: %w", database.DatabaseName, err)
	}
	return nil
}
