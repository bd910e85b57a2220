#!/bin/sh
# Runs once, when the PostgreSQL volume is empty: one user per program, each with databases of its own. The ledger has two: its owner
# changes the schema and grants the programs' what they need, so that theirs cannot rewrite the activity log.
set -eu

psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
  --set temporal_password="$TEMPORAL_DB_PASSWORD" --set ledger_password="$LEDGER_DB_PASSWORD" \
  --set owner_password="$LEDGER_OWNER_PASSWORD" <<'SQL'
CREATE ROLE temporal LOGIN PASSWORD :'temporal_password';
CREATE DATABASE temporal OWNER temporal TEMPLATE template0 ENCODING 'UTF8';
CREATE DATABASE temporal_visibility OWNER temporal TEMPLATE template0 ENCODING 'UTF8';

CREATE ROLE handover LOGIN PASSWORD :'ledger_password';
CREATE ROLE handover_owner LOGIN PASSWORD :'owner_password';
CREATE DATABASE handover OWNER handover_owner TEMPLATE template0 ENCODING 'UTF8';
SQL
