-- What is personal in the log of ended things can be forgotten, and the log stays whole. A record is sealed: the hash of its link covers
-- what stays, and a hash of what is personal in it, made with a salt. To forget is to keep that hash, in a tombstone that is chained itself,
-- and to drop value and salt: nobody can try guesses against the hash, and nothing else of the record can be changed unnoticed.

-- +goose Up

ALTER TABLE transfers ADD COLUMN forgotten_at text; -- when its addresses, names and reasons were

CREATE TABLE log_salts (
    record_id text NOT NULL PRIMARY KEY,
    salt      text NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE log_tombstones (
    record_id    text NOT NULL PRIMARY KEY,
    forgotten_at text NOT NULL,
    personal     text NOT NULL, -- SHA-256 of the salt and what was personal
    remains      text NOT NULL  -- SHA-256 of what stands there instead
) STRICT, WITHOUT ROWID;

CREATE TABLE log_chain_now (
    log         text NOT NULL CHECK (log IN ('sealed_log', 'activity_log', 'audit_records', 'activity_records', 'seals', 'log_tombstones')),
    subject_id  text NOT NULL, -- what the record is about
    seq         integer NOT NULL CHECK (seq > 0),
    record_id   text NOT NULL,
    recorded_at text NOT NULL,
    hash        text NOT NULL, -- SHA-256
    PRIMARY KEY (log, subject_id, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO log_chain_now SELECT log, subject_id, seq, record_id, recorded_at, hash FROM log_chain ORDER BY log, subject_id, seq;
DROP TRIGGER activity_log_chained;
DROP TABLE log_chain;
ALTER TABLE log_chain_now RENAME TO log_chain;

-- What is there already keeps its link, whose hash covers all of it; a record of those is sealed when it is forgotten.

-- Where the first record that is sealed follows the last one of before.
-- +goose StatementBegin
CREATE TRIGGER activity_log_chained AFTER INSERT ON activity_log
BEGIN
    INSERT INTO log_salts (record_id, salt) SELECT NEW.id, lower(hex(randomblob(16)))
        WHERE NOT EXISTS (SELECT 1 FROM log_salts s WHERE s.record_id = NEW.id);
    INSERT INTO log_chain (log, subject_id, seq, record_id, recorded_at, hash)
        SELECT 'sealed_log', NEW.resource_id, COALESCE(l.seq, 0) + 1, NEW.id, NEW.recorded_at,
            sha256_hex(COALESCE(l.hash, '') || length(NEW.id) || ':' || NEW.id || length(NEW.event_key) || ':' || NEW.event_key
                || length(NEW.partner_tenant_id) || ':' || NEW.partner_tenant_id || length(NEW.participants) || ':'
                || NEW.participants || length(COALESCE(NEW.customer_tenant_id, '')) || ':'
                || COALESCE(NEW.customer_tenant_id, '') || length(NEW.resource_type) || ':' || NEW.resource_type
                || length(NEW.resource_id) || ':' || NEW.resource_id || length(NEW.operation) || ':' || NEW.operation
                || length(NEW.application_id) || ':' || NEW.application_id || length(NEW.correlation_id) || ':'
                || NEW.correlation_id || length(NEW.status) || ':' || NEW.status || NEW.recorded_at || sha256_hex(s.salt || length(NEW.user_id) || ':' || NEW.user_id || length(NEW.user_principal_name) || ':' || NEW.user_principal_name
                || length(NEW.old_value) || ':' || NEW.old_value || length(NEW.new_value) || ':' || NEW.new_value))
        FROM log_salts s LEFT JOIN (SELECT * FROM (
                SELECT * FROM (SELECT c.seq, c.hash FROM log_chain c WHERE c.log = 'sealed_log' AND c.subject_id = NEW.resource_id ORDER BY c.seq DESC LIMIT 1)
                UNION ALL SELECT * FROM (SELECT c.seq, c.hash FROM log_chain c WHERE c.log = 'activity_log' AND c.subject_id = NEW.resource_id ORDER BY c.seq DESC LIMIT 1)
                UNION ALL SELECT * FROM (SELECT c.seq, c.hash FROM log_chain c WHERE c.log = 'audit_records' AND c.subject_id = NEW.resource_id ORDER BY c.seq DESC LIMIT 1)
                UNION ALL SELECT * FROM (SELECT c.seq, c.hash FROM log_chain c WHERE c.log = 'activity_records' AND c.subject_id = NEW.resource_id ORDER BY c.seq DESC LIMIT 1)
            ) ORDER BY seq DESC LIMIT 1) l ON TRUE
        WHERE s.record_id = NEW.id;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER log_tombstones_chained AFTER INSERT ON log_tombstones
BEGIN
    INSERT INTO log_chain (log, subject_id, seq, record_id, recorded_at, hash)
        VALUES ('log_tombstones', NEW.record_id, 1, NEW.record_id, NEW.forgotten_at,
            sha256_hex(length(NEW.record_id) || ':' || NEW.record_id || NEW.personal || NEW.remains || NEW.forgotten_at));
END;
-- +goose StatementEnd

-- Only what is personal may change, once, and only into what a tombstone says.
DROP TRIGGER activity_log_no_update;
-- +goose StatementBegin
CREATE TRIGGER activity_log_no_update BEFORE UPDATE ON activity_log
    WHEN length(NEW.id) || ':' || NEW.id || length(NEW.event_key) || ':' || NEW.event_key
                || length(NEW.partner_tenant_id) || ':' || NEW.partner_tenant_id || length(NEW.participants) || ':'
                || NEW.participants || length(COALESCE(NEW.customer_tenant_id, '')) || ':'
                || COALESCE(NEW.customer_tenant_id, '') || length(NEW.resource_type) || ':' || NEW.resource_type
                || length(NEW.resource_id) || ':' || NEW.resource_id || length(NEW.operation) || ':' || NEW.operation
                || length(NEW.application_id) || ':' || NEW.application_id || length(NEW.correlation_id) || ':'
                || NEW.correlation_id || length(NEW.status) || ':' || NEW.status || NEW.recorded_at <> length(OLD.id) || ':' || OLD.id || length(OLD.event_key) || ':' || OLD.event_key
                || length(OLD.partner_tenant_id) || ':' || OLD.partner_tenant_id || length(OLD.participants) || ':'
                || OLD.participants || length(COALESCE(OLD.customer_tenant_id, '')) || ':'
                || COALESCE(OLD.customer_tenant_id, '') || length(OLD.resource_type) || ':' || OLD.resource_type
                || length(OLD.resource_id) || ':' || OLD.resource_id || length(OLD.operation) || ':' || OLD.operation
                || length(OLD.application_id) || ':' || OLD.application_id || length(OLD.correlation_id) || ':'
                || OLD.correlation_id || length(OLD.status) || ':' || OLD.status || OLD.recorded_at OR NOT EXISTS (SELECT 1 FROM log_tombstones t WHERE t.record_id = OLD.id AND t.remains = sha256_hex(length(NEW.user_id) || ':' || NEW.user_id || length(NEW.user_principal_name) || ':' || NEW.user_principal_name
                || length(NEW.old_value) || ':' || NEW.old_value || length(NEW.new_value) || ':' || NEW.new_value))
BEGIN
    SELECT RAISE(ABORT, 'audit records are append-only');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER log_tombstones_no_update BEFORE UPDATE ON log_tombstones
BEGIN
    SELECT RAISE(ABORT, 'audit records are append-only');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER log_tombstones_no_delete BEFORE DELETE ON log_tombstones
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

-- I-2 stays; a reason that an operator typed may become a tombstone.
DROP TRIGGER line_items_ended;
-- +goose StatementBegin
CREATE TRIGGER line_items_ended BEFORE UPDATE ON line_items
    WHEN OLD.status <> 'InProgress' AND (NEW.status <> OLD.status OR NEW.attempts <> OLD.attempts
        OR NEW.target_subscription_id IS NOT OLD.target_subscription_id
        OR (NEW.transfer_error IS NOT OLD.transfer_error AND (OLD.transfer_error IS NULL OR NEW.transfer_error IS NULL
            OR NEW.transfer_error NOT LIKE 'forgotten-________T______Z@forgotten.invalid'))
        OR (NEW.held AND NOT OLD.held AND NEW.late_subscription_id IS NULL))
BEGIN
    SELECT RAISE(ABORT, 'a line item ends once');
END;
-- +goose StatementEnd
