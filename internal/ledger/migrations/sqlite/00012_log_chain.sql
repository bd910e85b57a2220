-- R-308: that nothing in the log was changed, taken out or slipped in can be seen. Every record is chained to the one before it about
-- the same subject: its hash covers what it says and the hash before. The database chains it at insertion, so no program can
-- forget to or choose the hash. "starter verify" recomputes the chains (I-9).
-- SQLite has no SHA-256: sha256_hex is the programs'.

-- +goose Up

CREATE TABLE log_chain (
    log         text NOT NULL CHECK (log IN ('audit_records', 'activity_records')),
    subject_id  text NOT NULL, -- what the record is about
    seq         integer NOT NULL CHECK (seq > 0),
    record_id   text NOT NULL,
    recorded_at text NOT NULL,
    hash        text NOT NULL, -- SHA-256
    PRIMARY KEY (log, subject_id, seq)
) STRICT, WITHOUT ROWID;

-- What is there already, in the order in which it was written.
CREATE TABLE chaining AS
    SELECT r.transfer_id AS subject_id, ROW_NUMBER() OVER (PARTITION BY r.transfer_id ORDER BY r.recorded_at, r.id) AS seq, r.id, r.recorded_at,
        length(r.id) || ':' || r.id || length(r.transfer_id) || ':' || r.transfer_id
        || length(r.event_key) || ':' || r.event_key || length(r.partner_tenant_id) || ':' || r.partner_tenant_id
        || length(r.user_id) || ':' || r.user_id || length(r.operation) || ':' || r.operation
        || length(r.status) || ':' || r.status || length(r.detail) || ':' || r.detail || r.recorded_at AS said
    FROM audit_records r;
CREATE UNIQUE INDEX chaining_in_order ON chaining (subject_id, seq);
INSERT INTO log_chain (log, subject_id, seq, record_id, recorded_at, hash)
    WITH RECURSIVE chain AS (
        SELECT subject_id, seq, id, recorded_at, sha256_hex(said) AS hash FROM chaining WHERE seq = 1
        UNION ALL
        SELECT n.subject_id, n.seq, n.id, n.recorded_at, sha256_hex(c.hash || n.said)
        FROM chain c JOIN chaining n ON n.subject_id = c.subject_id AND n.seq = c.seq + 1)
    SELECT 'audit_records', subject_id, seq, id, recorded_at, hash FROM chain;
DROP TABLE chaining;

-- What is there already, in the order in which it was written.
CREATE TABLE chaining AS
    SELECT r.resource_id AS subject_id, ROW_NUMBER() OVER (PARTITION BY r.resource_id ORDER BY r.recorded_at, r.id) AS seq, r.id, r.recorded_at,
        length(r.id) || ':' || r.id || length(r.partner_tenant_id) || ':' || r.partner_tenant_id
        || length(r.customer_tenant_id) || ':' || r.customer_tenant_id
        || length(r.resource_type) || ':' || r.resource_type || length(r.resource_id) || ':' || r.resource_id
        || length(r.operation) || ':' || r.operation || length(r.user_id) || ':' || r.user_id
        || length(r.application_id) || ':' || r.application_id || length(r.correlation_id) || ':' || r.correlation_id
        || length(r.old_value) || ':' || r.old_value || length(r.new_value) || ':' || r.new_value
        || length(r.status) || ':' || r.status || r.recorded_at AS said
    FROM activity_records r;
CREATE UNIQUE INDEX chaining_in_order ON chaining (subject_id, seq);
INSERT INTO log_chain (log, subject_id, seq, record_id, recorded_at, hash)
    WITH RECURSIVE chain AS (
        SELECT subject_id, seq, id, recorded_at, sha256_hex(said) AS hash FROM chaining WHERE seq = 1
        UNION ALL
        SELECT n.subject_id, n.seq, n.id, n.recorded_at, sha256_hex(c.hash || n.said)
        FROM chain c JOIN chaining n ON n.subject_id = c.subject_id AND n.seq = c.seq + 1)
    SELECT 'activity_records', subject_id, seq, id, recorded_at, hash FROM chain;
DROP TABLE chaining;

-- +goose StatementBegin
CREATE TRIGGER audit_records_chained AFTER INSERT ON audit_records
BEGIN
    INSERT INTO log_chain (log, subject_id, seq, record_id, recorded_at, hash)
        VALUES ('audit_records', NEW.transfer_id,
            COALESCE((SELECT l.seq FROM log_chain l WHERE l.log = 'audit_records' AND l.subject_id = NEW.transfer_id ORDER BY l.seq DESC LIMIT 1), 0) + 1,
            NEW.id, NEW.recorded_at,
            sha256_hex(COALESCE((SELECT l.hash FROM log_chain l
                WHERE l.log = 'audit_records' AND l.subject_id = NEW.transfer_id ORDER BY l.seq DESC LIMIT 1), '') ||
                length(NEW.id) || ':' || NEW.id || length(NEW.transfer_id) || ':' || NEW.transfer_id
                || length(NEW.event_key) || ':' || NEW.event_key
                || length(NEW.partner_tenant_id) || ':' || NEW.partner_tenant_id || length(NEW.user_id) || ':' || NEW.user_id
                || length(NEW.operation) || ':' || NEW.operation || length(NEW.status) || ':' || NEW.status
                || length(NEW.detail) || ':' || NEW.detail || NEW.recorded_at));
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER activity_records_chained AFTER INSERT ON activity_records
BEGIN
    INSERT INTO log_chain (log, subject_id, seq, record_id, recorded_at, hash)
        VALUES ('activity_records', NEW.resource_id,
            COALESCE((SELECT l.seq FROM log_chain l WHERE l.log = 'activity_records' AND l.subject_id = NEW.resource_id ORDER BY l.seq DESC LIMIT 1), 0) + 1,
            NEW.id, NEW.recorded_at,
            sha256_hex(COALESCE((SELECT l.hash FROM log_chain l
                WHERE l.log = 'activity_records' AND l.subject_id = NEW.resource_id ORDER BY l.seq DESC LIMIT 1), '') ||
                length(NEW.id) || ':' || NEW.id || length(NEW.partner_tenant_id) || ':' || NEW.partner_tenant_id
                || length(NEW.customer_tenant_id) || ':' || NEW.customer_tenant_id
                || length(NEW.resource_type) || ':' || NEW.resource_type || length(NEW.resource_id) || ':' || NEW.resource_id
                || length(NEW.operation) || ':' || NEW.operation || length(NEW.user_id) || ':' || NEW.user_id
                || length(NEW.application_id) || ':' || NEW.application_id
                || length(NEW.correlation_id) || ':' || NEW.correlation_id || length(NEW.old_value) || ':' || NEW.old_value
                || length(NEW.new_value) || ':' || NEW.new_value || length(NEW.status) || ':' || NEW.status || NEW.recorded_at));
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER log_chain_no_update BEFORE UPDATE ON log_chain
BEGIN
    SELECT RAISE(ABORT, 'audit records are append-only');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER log_chain_no_delete BEFORE DELETE ON log_chain
BEGIN
    SELECT RAISE(ABORT, 'audit records are append-only');
END;
-- +goose StatementEnd
