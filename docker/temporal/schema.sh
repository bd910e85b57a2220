#!/bin/sh
# Brings Temporal's two databases to the version of this image. Runs before every start of the server; the second run
# of a version changes nothing. The connection comes from the SQL_… variables.
set -eu

update() {
  temporal-sql-tool --database "$1" setup-schema --version 0.0
  temporal-sql-tool --database "$1" update-schema --schema-name "$2"
}

update temporal postgresql/v12/temporal
update temporal_visibility postgresql/v12/visibility
