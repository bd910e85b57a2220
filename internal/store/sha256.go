package store

import (
	"crypto/sha256"
	"database/sql/driver"
	"encoding/hex"
	"fmt"

	sqlitedriver "modernc.org/sqlite"
)

// SQLite has no SHA-256 of its own, and the schema chains the log with it: sha256_hex(text) is the hash in hexadecimal.
func init() {
	sqlitedriver.MustRegisterDeterministicScalarFunction("sha256_hex", 1, func(_ *sqlitedriver.FunctionContext, args []driver.Value) (driver.Value, error) {
		text, ok := args[0].(string)
		if !ok {
			return nil, fmt.Errorf("sha256_hex takes a text, not %T", args[0])
		}
		sum := sha256.Sum256([]byte(text))
		return hex.EncodeToString(sum[:]), nil
	})
}

// Hash is the expression for the SHA-256 of an expression for a text, in hexadecimal.
func Hash(text string) Statement {
	return Statement{Postgres: "encode(sha256(convert_to(" + text + ", 'UTF8')), 'hex')", Sqlite: "sha256_hex(" + text + ")"}
}
