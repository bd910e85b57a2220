-- R-308: that nothing in the log was changed, taken out or slipped in can be seen. Every record is chained to the one before it about
-- the same subject: its hash covers what it says and the hash before. The database chains it at insertion, so no program can
-- forget to or choose the hash. "starter verify" recomputes the chains (I-9).

-- +goose Up

CREATE TABLE log_chain (
    log         text COLLATE "C" NOT NULL CHECK (log IN ('audit_records', 'activity_records')),
    subject_id  text COLLATE "C" NOT NULL, -- what the record is about
    seq         integer NOT NULL CHECK (seq > 0),
    record_id   text NOT NULL,
    recorded_at timestamptz NOT NULL,
    hash        text NOT NULL, -- SHA-256
    PRIMARY KEY (log, subject_id, seq)
);

-- What is there already, in the order in which it was written.
CREATE TEMPORARY TABLE chaining ON COMMIT DROP AS
    SELECT r.transfer_id AS subject_id, ROW_NUMBER() OVER (PARTITION BY r.transfer_id ORDER BY r.recorded_at, r.id) AS seq, r.id, r.recorded_at,
        length(r.id) || ':' || r.id || length(r.transfer_id) || ':' || r.transfer_id
        || length(r.event_key) || ':' || r.event_key || length(r.partner_tenant_id) || ':' || r.partner_tenant_id
        || length(r.user_id) || ':' || r.user_id || length(r.operation) || ':' || r.operation
        || length(r.status) || ':' || r.status || length(r.detail) || ':' || r.detail
        || to_char(r.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS said
    FROM audit_records r;
CREATE UNIQUE INDEX chaining_in_order ON chaining (subject_id, seq);
ANALYZE chaining;
INSERT INTO log_chain (log, subject_id, seq, record_id, recorded_at, hash)
    WITH RECURSIVE chain AS (
        SELECT subject_id, seq, id, recorded_at, encode(sha256(convert_to(said, 'UTF8')), 'hex') AS hash FROM chaining WHERE seq = 1
        UNION ALL
        SELECT n.subject_id, n.seq, n.id, n.recorded_at, encode(sha256(convert_to(c.hash || n.said, 'UTF8')), 'hex')
        FROM chain c JOIN chaining n ON n.subject_id = c.subject_id AND n.seq = c.seq + 1)
    SELECT 'audit_records', subject_id, seq, id, recorded_at, hash FROM chain;
DROP TABLE chaining;

-- What is there already, in the order in which it was written.
CREATE TEMPORARY TABLE chaining ON COMMIT DROP AS
    SELECT r.resource_id AS subject_id, ROW_NUMBER() OVER (PARTITION BY r.resource_id ORDER BY r.recorded_at, r.id) AS seq, r.id, r.recorded_at,
        length(r.id) || ':' || r.id || length(r.partner_tenant_id) || ':' || r.partner_tenant_id
        || length(r.customer_tenant_id) || ':' || r.customer_tenant_id
        || length(r.resource_type) || ':' || r.resource_type || length(r.resource_id) || ':' || r.resource_id
        || length(r.operation) || ':' || r.operation || length(r.user_id) || ':' || r.user_id
        || length(r.application_id) || ':' || r.application_id || length(r.correlation_id) || ':' || r.correlation_id
        || length(r.old_value) || ':' || r.old_value || length(r.new_value) || ':' || r.new_value
        || length(r.status) || ':' || r.status
        || to_char(r.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS said
    FROM activity_records r;
CREATE UNIQUE INDEX chaining_in_order ON chaining (subject_id, seq);
ANALYZE chaining;
INSERT INTO log_chain (log, subject_id, seq, record_id, recorded_at, hash)
    WITH RECURSIVE chain AS (
        SELECT subject_id, seq, id, recorded_at, encode(sha256(convert_to(said, 'UTF8')), 'hex') AS hash FROM chaining WHERE seq = 1
        UNION ALL
        SELECT n.subject_id, n.seq, n.id, n.recorded_at, encode(sha256(convert_to(c.hash || n.said, 'UTF8')), 'hex')
        FROM chain c JOIN chaining n ON n.subject_id = c.subject_id AND n.seq = c.seq + 1)
    SELECT 'activity_records', subject_id, seq, id, recorded_at, hash FROM chain;
DROP TABLE chaining;

-- It chains with the rights of the schema's owner: the role of the programs needs none on the chain.
-- +goose StatementBegin
CREATE FUNCTION chain_audit_record() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET enable_seqscan = off SET enable_bitmapscan = off -- a session plans this once, perhaps while the chain is still empty
AS $$
DECLARE
    last_seq  integer := 0;
    last_hash text := '';
BEGIN
    SELECT c.seq, c.hash INTO last_seq, last_hash FROM log_chain c
        WHERE c.log = 'audit_records' AND c.subject_id = NEW.transfer_id ORDER BY c.seq DESC LIMIT 1;
    INSERT INTO log_chain (log, subject_id, seq, record_id, recorded_at, hash)
        VALUES ('audit_records', NEW.transfer_id, COALESCE(last_seq, 0) + 1, NEW.id, NEW.recorded_at,
            encode(sha256(convert_to(COALESCE(last_hash, '') || length(NEW.id) || ':' || NEW.id || length(NEW.transfer_id) || ':' || NEW.transfer_id
                || length(NEW.event_key) || ':' || NEW.event_key
                || length(NEW.partner_tenant_id) || ':' || NEW.partner_tenant_id || length(NEW.user_id) || ':' || NEW.user_id
                || length(NEW.operation) || ':' || NEW.operation || length(NEW.status) || ':' || NEW.status
                || length(NEW.detail) || ':' || NEW.detail
                || to_char(NEW.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'UTF8')), 'hex'));
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION chain_activity_record() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET enable_seqscan = off SET enable_bitmapscan = off -- a session plans this once, perhaps while the chain is still empty
AS $$
DECLARE
    last_seq  integer := 0;
    last_hash text := '';
BEGIN
    SELECT c.seq, c.hash INTO last_seq, last_hash FROM log_chain c
        WHERE c.log = 'activity_records' AND c.subject_id = NEW.resource_id ORDER BY c.seq DESC LIMIT 1;
    INSERT INTO log_chain (log, subject_id, seq, record_id, recorded_at, hash)
        VALUES ('activity_records', NEW.resource_id, COALESCE(last_seq, 0) + 1, NEW.id, NEW.recorded_at,
            encode(sha256(convert_to(COALESCE(last_hash, '') || length(NEW.id) || ':' || NEW.id || length(NEW.partner_tenant_id) || ':' || NEW.partner_tenant_id
                || length(NEW.customer_tenant_id) || ':' || NEW.customer_tenant_id
                || length(NEW.resource_type) || ':' || NEW.resource_type || length(NEW.resource_id) || ':' || NEW.resource_id
                || length(NEW.operation) || ':' || NEW.operation || length(NEW.user_id) || ':' || NEW.user_id
                || length(NEW.application_id) || ':' || NEW.application_id
                || length(NEW.correlation_id) || ':' || NEW.correlation_id || length(NEW.old_value) || ':' || NEW.old_value
                || length(NEW.new_value) || ':' || NEW.new_value || length(NEW.status) || ':' || NEW.status
                || to_char(NEW.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'UTF8')), 'hex'));
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- Nobody's temporary table may stand in for the chain.
-- +goose StatementBegin
DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION chain_audit_record() SET search_path = %I, pg_temp', current_schema());
    EXECUTE format('ALTER FUNCTION chain_activity_record() SET search_path = %I, pg_temp', current_schema());
END $$;
-- +goose StatementEnd

REVOKE EXECUTE ON FUNCTION chain_audit_record(), chain_activity_record() FROM PUBLIC; -- nobody hangs them on a table of their own

CREATE TRIGGER audit_records_chained AFTER INSERT ON audit_records FOR EACH ROW EXECUTE FUNCTION chain_audit_record();
CREATE TRIGGER activity_records_chained AFTER INSERT ON activity_records FOR EACH ROW EXECUTE FUNCTION chain_activity_record();

CREATE TRIGGER log_chain_no_update BEFORE UPDATE ON log_chain FOR EACH ROW EXECUTE FUNCTION refuse_rewriting_history();
CREATE TRIGGER log_chain_no_delete BEFORE DELETE ON log_chain FOR EACH ROW EXECUTE FUNCTION refuse_rewriting_history();
CREATE TRIGGER log_chain_no_truncate BEFORE TRUNCATE ON log_chain FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting_history();
