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
    recorded_at         timestamptz NOT NULL,
    UNIQUE (resource_id, event_key, partner_tenant_id)
);

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
DROP FUNCTION chain_audit_record();
DROP FUNCTION chain_activity_record();

-- A page of a partner's log, and how many records it has in all, of one type too; the newest about a thing.
CREATE INDEX activity_log_by_partner ON activity_log (partner_tenant_id, recorded_at, resource_type);
CREATE INDEX activity_log_by_resource ON activity_log (resource_id, recorded_at);

ALTER TABLE log_chain DROP CONSTRAINT log_chain_log_check;
ALTER TABLE log_chain ADD CONSTRAINT log_chain_log_check CHECK (log IN ('activity_log', 'audit_records', 'activity_records'));

-- It chains with the rights of the schema's owner: the role of the programs needs none on the chain.
-- +goose StatementBegin
CREATE FUNCTION chain_log_record() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET enable_seqscan = off SET enable_bitmapscan = off -- a session plans this once, perhaps while the chain is still empty
AS $$
DECLARE
    last_seq  integer;
    last_hash text;
BEGIN
    LOOP
        SELECT c.seq, c.hash INTO last_seq, last_hash FROM log_chain c
            WHERE c.log = 'activity_log' AND c.subject_id = NEW.resource_id ORDER BY c.seq DESC LIMIT 1;
        IF last_seq IS NULL THEN -- the first since there is one log
            SELECT c.seq, c.hash INTO last_seq, last_hash FROM log_chain c
                WHERE c.log IN ('audit_records', 'activity_records') AND c.subject_id = NEW.resource_id ORDER BY c.seq DESC LIMIT 1;
        END IF;
        INSERT INTO log_chain (log, subject_id, seq, record_id, recorded_at, hash)
            VALUES ('activity_log', NEW.resource_id, COALESCE(last_seq, 0) + 1, NEW.id, NEW.recorded_at,
                encode(sha256(convert_to(COALESCE(last_hash, '') || length(NEW.id) || ':' || NEW.id || length(NEW.event_key) || ':' || NEW.event_key
                    || length(NEW.partner_tenant_id) || ':' || NEW.partner_tenant_id || length(NEW.participants) || ':' || NEW.participants
                    || length(COALESCE(NEW.customer_tenant_id, '')) || ':' || COALESCE(NEW.customer_tenant_id, '')
                    || length(NEW.resource_type) || ':' || NEW.resource_type || length(NEW.resource_id) || ':' || NEW.resource_id
                    || length(NEW.operation) || ':' || NEW.operation || length(NEW.user_id) || ':' || NEW.user_id
                    || length(NEW.user_principal_name) || ':' || NEW.user_principal_name
                    || length(NEW.application_id) || ':' || NEW.application_id || length(NEW.correlation_id) || ':' || NEW.correlation_id
                    || length(NEW.old_value) || ':' || NEW.old_value || length(NEW.new_value) || ':' || NEW.new_value
                    || length(NEW.status) || ':' || NEW.status
                    || to_char(NEW.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'UTF8')), 'hex'))
            ON CONFLICT DO NOTHING;
        EXIT WHEN FOUND; -- or somebody was first who wrote about the same thing at the same instant
    END LOOP;
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- Nobody's temporary table may stand in for the chain.
-- +goose StatementBegin
DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION chain_log_record() SET search_path = %I, pg_temp', current_schema());
END $$;
-- +goose StatementEnd

REVOKE EXECUTE ON FUNCTION chain_log_record() FROM PUBLIC; -- nobody hangs it on a table of their own

CREATE TRIGGER activity_log_chained AFTER INSERT ON activity_log FOR EACH ROW EXECUTE FUNCTION chain_log_record();

CREATE TRIGGER activity_log_no_update BEFORE UPDATE ON activity_log FOR EACH ROW EXECUTE FUNCTION refuse_rewriting_history();
CREATE TRIGGER activity_log_no_delete BEFORE DELETE ON activity_log FOR EACH ROW EXECUTE FUNCTION refuse_rewriting_history();
CREATE TRIGGER activity_log_no_truncate BEFORE TRUNCATE ON activity_log FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting_history();
