// Where the server keeps its data: one SQLite database, in memory or in a file, or two databases on PostgreSQL.

package engine

import (
	"context"

	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
)

const (
	mainStore       = "main"
	visibilityStore = "visibility"
)

// stores says how the server reaches its data and into how many shards that is divided. The number of shards is fixed
// when a database is first used, so it may never change for a kind of database.
type stores struct {
	shards     int32
	workflows  *config.SQL
	visibility *config.SQL
}

// prepareStores makes what is missing of the databases and their tables.
func prepareStores(ctx context.Context, o Options, logger log.Logger) (stores, error) {
	if o.PostgresURL != "" {
		return preparePostgres(ctx, o.PostgresURL, logger)
	}
	if o.File != "" {
		return prepareSQLiteFile(ctx, o.File)
	}
	return sqliteInMemory(), nil
}

func (s stores) persistence() config.Persistence {
	return config.Persistence{
		DefaultStore:     mainStore,
		VisibilityStore:  visibilityStore,
		NumHistoryShards: s.shards,
		DataStores: map[string]config.DataStore{
			mainStore:       {SQL: s.workflows},
			visibilityStore: {SQL: s.visibility},
		},
	}
}
