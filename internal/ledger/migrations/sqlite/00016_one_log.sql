-- One log of who did what (R-300 to R-308), whatever it is about: the records of transfers and those of everything else in one table.
-- Every record keeps its id, its time and what it says, and its link in the chain, which goes on from there: log_chain.log says what a
-- hash covers, and the two tables that were the log are closed.

-- +goose Up

CREATE TABLE activity_log (
    id                  text PRIMARY KEY, -- R-211
    event_key           text NOT NULL,    -- I-3: one record per event and participant; of what had none, the id
    partner_tenant_id   text NOT NULL REFERENCES partners (tenant_id), -- whose log it is
    participants        text NOT NULL,    -- JSON list: who has a record of the same event
    customer_tenant_id  text REFERENCES customers (tenant_id), -- NULL for what concerns none
    resource_type       text NOT NULL,
    resource_id         text NOT NULL,
    operation           text NOT NULL,
    user_id             text NOT NULL,
    user_principal_name text NOT NULL,
    application_id      text NOT NULL,
    correlation_id      text NOT NULL,
    old_value           text NOT NULL, -- JSON; empty when there was none
    new_value           text NOT NULL, -- JSON, as the partner may see it (R-190)
    status              text NOT NULL CHECK (status IN ('succeeded', 'failed')),
    recorded_at         text NOT NULL,
    UNIQUE (resource_id, event_key, partner_tenant_id)
) STRICT;

INSERT INTO activity_log
    SELECT a.id, a.event_key, a.partner_tenant_id,
        CASE a.status WHEN 'failed' THEN '["' || a.partner_tenant_id || '"]' ELSE '["' || t.source_tenant_id || '","' || t.target_tenant_id || '"]' END,
        t.customer_tenant_id, 'transfer', a.transfer_id, a.operation, a.user_id, '', '', '', '', a.detail, a.status, a.recorded_at
    FROM audit_records a JOIN transfers t ON t.id = a.transfer_id;
INSERT INTO activity_log
    SELECT r.id, r.id, r.partner_tenant_id, '["' || r.partner_tenant_id || '"]', r.customer_tenant_id, r.resource_type, r.resource_id, r.operation,
        r.user_id, '', r.application_id, r.correlation_id, r.old_value, r.new_value, r.status, r.recorded_at
    FROM activity_records r;

DROP TABLE audit_records;
DROP TABLE activity_records;

-- A page of a partner's log, and how many records it has in all, of one type too; the newest about a thing.
CREATE INDEX activity_log_by_partner ON activity_log (partner_tenant_id, recorded_at, resource_type);
CREATE INDEX activity_log_by_resource ON activity_log (resource_id, recorded_at);

CREATE TABLE log_chain_now (
    log         text NOT NULL CHECK (log IN ('activity_log', 'audit_records', 'activity_records')),
    subject_id  text NOT NULL, -- what the record is about
    seq         integer NOT NULL CHECK (seq > 0),
    record_id   text NOT NULL,
    recorded_at text NOT NULL,
    hash        text NOT NULL, -- SHA-256
    PRIMARY KEY (log, subject_id, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO log_chain_now SELECT log, subject_id, seq, record_id, recorded_at, hash FROM log_chain ORDER BY log, subject_id, seq;
DROP TABLE log_chain;
ALTER TABLE log_chain_now RENAME TO log_chain;

-- Where the first record since there is one log follows the last one of before.
-- +goose StatementBegin
CREATE TRIGGER activity_log_chained AFTER INSERT ON activity_log
BEGIN
    INSERT INTO log_chain (log, subject_id, seq, record_id, recorded_at, hash)
        SELECT 'activity_log', NEW.resource_id, COALESCE(l.seq, 0) + 1, NEW.id, NEW.recorded_at,
            sha256_hex(COALESCE(l.hash, '') || length(NEW.id) || ':' || NEW.id || length(NEW.event_key) || ':' || NEW.event_key
                || length(NEW.partner_tenant_id) || ':' || NEW.partner_tenant_id || length(NEW.participants) || ':' || NEW.participants
                || length(COALESCE(NEW.customer_tenant_id, '')) || ':' || COALESCE(NEW.customer_tenant_id, '')
                || length(NEW.resource_type) || ':' || NEW.resource_type || length(NEW.resource_id) || ':' || NEW.resource_id
                || length(NEW.operation) || ':' || NEW.operation || length(NEW.user_id) || ':' || NEW.user_id
                || length(NEW.user_principal_name) || ':' || NEW.user_principal_name
                || length(NEW.application_id) || ':' || NEW.application_id || length(NEW.correlation_id) || ':' || NEW.correlation_id
                || length(NEW.old_value) || ':' || NEW.old_value || length(NEW.new_value) || ':' || NEW.new_value
                || length(NEW.status) || ':' || NEW.status || NEW.recorded_at)
        FROM (SELECT 1) LEFT JOIN (SELECT * FROM (
                SELECT * FROM (SELECT c.seq, c.hash FROM log_chain c WHERE c.log = 'activity_log' AND c.subject_id = NEW.resource_id ORDER BY c.seq DESC LIMIT 1)
                UNION ALL SELECT * FROM (SELECT c.seq, c.hash FROM log_chain c WHERE c.log = 'audit_records' AND c.subject_id = NEW.resource_id ORDER BY c.seq DESC LIMIT 1)
                UNION ALL SELECT * FROM (SELECT c.seq, c.hash FROM log_chain c WHERE c.log = 'activity_records' AND c.subject_id = NEW.resource_id ORDER BY c.seq DESC LIMIT 1)
            ) ORDER BY seq DESC LIMIT 1) l;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER activity_log_no_update BEFORE UPDATE ON activity_log
BEGIN
    SELECT RAISE(ABORT, 'audit records are append-only');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER activity_log_no_delete BEFORE DELETE ON activity_log
BEGIN
    SELECT RAISE(ABORT, 'audit records are append-only');
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
