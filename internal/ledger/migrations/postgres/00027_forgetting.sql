-- What is personal in the log of ended things can be forgotten, and the log stays whole. A record is sealed: the hash of its link covers
-- what stays, and a hash of what is personal in it, made with a salt. To forget is to keep that hash, in a tombstone that is chained itself,
-- and to drop value and salt: nobody can try guesses against the hash, and nothing else of the record can be changed unnoticed.
--
-- Programs go on to write meanwhile. So each block is a transaction of its own, which locks one table that they write, and no block reads
-- the rows of one; all of it can be done again, because the blocks before one that failed stay done.

-- +goose NO TRANSACTION
-- +goose Up

-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS log_salts (
    record_id text PRIMARY KEY,
    salt      text NOT NULL
);

CREATE TABLE IF NOT EXISTS log_tombstones (
    record_id    text PRIMARY KEY,
    forgotten_at timestamptz NOT NULL,
    personal     text NOT NULL, -- SHA-256 of the salt and what was personal
    remains      text NOT NULL  -- SHA-256 of what stands there instead
);

-- What stays of a record, and what is personal in it.
CREATE OR REPLACE FUNCTION log_record_stays(r activity_log) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT length(r.id) || ':' || r.id || length(r.event_key) || ':' || r.event_key
        || length(r.partner_tenant_id) || ':' || r.partner_tenant_id || length(r.participants) || ':' || r.participants
        || length(COALESCE(r.customer_tenant_id, '')) || ':' || COALESCE(r.customer_tenant_id, '')
        || length(r.resource_type) || ':' || r.resource_type || length(r.resource_id) || ':' || r.resource_id
        || length(r.operation) || ':' || r.operation || length(r.application_id) || ':' || r.application_id
        || length(r.correlation_id) || ':' || r.correlation_id || length(r.status) || ':' || r.status
        || to_char(r.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;

CREATE OR REPLACE FUNCTION log_record_personal(r activity_log) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT length(r.user_id) || ':' || r.user_id || length(r.user_principal_name) || ':' || r.user_principal_name
        || length(r.old_value) || ':' || r.old_value || length(r.new_value) || ':' || r.new_value
$$;

CREATE OR REPLACE FUNCTION chain_tombstone() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO log_chain (log, subject_id, seq, record_id, recorded_at, hash)
        VALUES ('log_tombstones', NEW.record_id, 1, NEW.record_id, NEW.forgotten_at, encode(sha256(convert_to(
            length(NEW.record_id) || ':' || NEW.record_id || NEW.personal || NEW.remains
            || to_char(NEW.forgotten_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'UTF8')), 'hex'));
    RETURN NULL;
END $$;

-- Only what is personal may change, once, and only into what a tombstone says.
CREATE OR REPLACE FUNCTION refuse_rewriting_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF log_record_stays(NEW) = log_record_stays(OLD) AND EXISTS (SELECT 1 FROM log_tombstones t
        WHERE t.record_id = OLD.id AND t.remains = encode(sha256(convert_to(log_record_personal(NEW), 'UTF8')), 'hex')) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'audit records are append-only';
END $$;

-- Nobody's temporary table may stand in for the chain.
DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION chain_tombstone() SET search_path = %I, pg_temp', current_schema());
    EXECUTE format('ALTER FUNCTION refuse_rewriting_log() SET search_path = %I, pg_temp', current_schema());
END $$;

REVOKE EXECUTE ON FUNCTION chain_tombstone() FROM PUBLIC; -- nobody hangs it on a table of their own

CREATE OR REPLACE TRIGGER log_tombstones_chained AFTER INSERT ON log_tombstones FOR EACH ROW EXECUTE FUNCTION chain_tombstone();
CREATE OR REPLACE TRIGGER log_tombstones_no_update BEFORE UPDATE ON log_tombstones FOR EACH ROW EXECUTE FUNCTION refuse_rewriting_history();
CREATE OR REPLACE TRIGGER log_tombstones_no_delete BEFORE DELETE ON log_tombstones FOR EACH ROW EXECUTE FUNCTION refuse_rewriting_history();
CREATE OR REPLACE TRIGGER log_tombstones_no_truncate BEFORE TRUNCATE ON log_tombstones FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting_history();
-- +goose StatementEnd

-- What is there passed a narrower check, so nothing of it is read again.
ALTER TABLE log_chain DROP CONSTRAINT IF EXISTS log_chain_log_check, ADD CONSTRAINT log_chain_log_check
    CHECK (log IN ('sealed_log', 'activity_log', 'audit_records', 'activity_records', 'seals', 'log_tombstones')) NOT VALID;

-- What is there already keeps its link, whose hash covers all of it; a record of those is sealed when it is forgotten. The lock waits for
-- whoever writes links of the old form, so that the first that is sealed follows the last of those.
--
-- It chains with the rights of the schema's owner: the role of the programs needs none on the chain.
-- +goose StatementBegin
LOCK TABLE activity_log IN SHARE ROW EXCLUSIVE MODE;

CREATE OR REPLACE FUNCTION chain_log_record() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET enable_seqscan = off SET enable_bitmapscan = off -- a session plans this once, perhaps while the chain is still empty
AS $$
DECLARE
    last_seq  integer;
    last_hash text;
    salt_of   text := replace(gen_random_uuid()::text, '-', '');
    sealed    text;
BEGIN
    INSERT INTO log_salts (record_id, salt) VALUES (NEW.id, salt_of) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        SELECT s.salt INTO salt_of FROM log_salts s WHERE s.record_id = NEW.id;
    END IF;
    sealed := log_record_stays(NEW) || encode(sha256(convert_to(salt_of || log_record_personal(NEW), 'UTF8')), 'hex');
    LOOP
        SELECT c.seq, c.hash INTO last_seq, last_hash FROM log_chain c
            WHERE c.log = 'sealed_log' AND c.subject_id = NEW.resource_id ORDER BY c.seq DESC LIMIT 1;
        IF last_seq IS NULL THEN -- the first that is sealed
            SELECT c.seq, c.hash INTO last_seq, last_hash FROM log_chain c
                WHERE c.log IN ('activity_log', 'audit_records', 'activity_records') AND c.subject_id = NEW.resource_id ORDER BY c.seq DESC LIMIT 1;
        END IF;
        INSERT INTO log_chain (log, subject_id, seq, record_id, recorded_at, hash)
            VALUES ('sealed_log', NEW.resource_id, COALESCE(last_seq, 0) + 1, NEW.id, NEW.recorded_at,
                encode(sha256(convert_to(COALESCE(last_hash, '') || sealed, 'UTF8')), 'hex'))
            ON CONFLICT DO NOTHING;
        EXIT WHEN FOUND; -- or somebody was first who wrote about the same thing at the same instant
    END LOOP;
    RETURN NULL;
END $$;

DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION chain_log_record() SET search_path = %I, pg_temp', current_schema());
END $$;

REVOKE EXECUTE ON FUNCTION chain_log_record() FROM PUBLIC;

CREATE OR REPLACE TRIGGER activity_log_no_update BEFORE UPDATE ON activity_log FOR EACH ROW EXECUTE FUNCTION refuse_rewriting_log();
-- +goose StatementEnd

-- I-2 stays; a reason that an operator typed may become a tombstone.
CREATE OR REPLACE TRIGGER line_items_ended BEFORE UPDATE ON line_items FOR EACH ROW
    WHEN (OLD.status <> 'InProgress' AND (NEW.status <> OLD.status OR NEW.attempts <> OLD.attempts
        OR NEW.target_subscription_id IS DISTINCT FROM OLD.target_subscription_id
        OR (NEW.transfer_error IS DISTINCT FROM OLD.transfer_error AND (OLD.transfer_error IS NULL OR NEW.transfer_error IS NULL
            OR NEW.transfer_error NOT LIKE 'forgotten-________T______Z@forgotten.invalid'))
        OR (NEW.held AND NOT OLD.held AND NEW.late_subscription_id IS NULL)))
    EXECUTE FUNCTION refuse_second_ending();

ALTER TABLE transfers ADD COLUMN IF NOT EXISTS forgotten_at timestamptz; -- when its addresses, names and reasons were
