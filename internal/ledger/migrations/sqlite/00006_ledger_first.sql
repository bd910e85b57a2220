-- The ledger decides, the runs follow: a request is claimed, decided and answered in one transaction; a transfer keeps its
-- rules and its newest record; a line item knows whether a billing system was ever asked to move it.

-- +goose Up

-- The rules under which transfers were opened, as JSON. Fields that a program does not know stay as they are.
CREATE TABLE policies (
    digest text PRIMARY KEY,
    body   text NOT NULL
) STRICT;

ALTER TABLE transfers ADD COLUMN policy text NOT NULL DEFAULT '';    -- empty: the rules of the deployment
ALTER TABLE transfers ADD COLUMN change_id text NOT NULL DEFAULT ''; -- newest log record of the transfer as a whole
UPDATE transfers SET change_id = COALESCE((SELECT a.id FROM audit_records a
    WHERE a.transfer_id = transfers.id AND a.partner_tenant_id = transfers.source_tenant_id AND a.status = 'succeeded'
    AND a.event_key NOT LIKE 'given-up:%' ORDER BY a.recorded_at DESC LIMIT 1), '');

-- A repeated request is known by its claim alone.
ALTER TABLE transfers DROP COLUMN request_digest;
ALTER TABLE transfers DROP COLUMN decision;
ALTER TABLE transfers DROP COLUMN decision_request_id;
ALTER TABLE transfers DROP COLUMN decision_digest;

ALTER TABLE line_items ADD COLUMN sent_at text; -- leave for the first call of a billing system was given
ALTER TABLE line_items ADD COLUMN ending text NOT NULL DEFAULT '' CHECK (ending IN ('', 'asked', 'fencing'));
ALTER TABLE line_items ADD COLUMN ending_reason text NOT NULL DEFAULT '';
ALTER TABLE line_items ADD COLUMN ending_since text;
ALTER TABLE line_items ADD COLUMN held integer NOT NULL DEFAULT FALSE CHECK (held IN (0, 1)); -- ended, and nobody knows whether it moved

-- A billing system may be at work on what the version before asked of it, and under another key.
UPDATE line_items SET sent_at = (SELECT t.submitted_time FROM transfers t WHERE t.id = line_items.transfer_id) WHERE status = 'InProgress';
ALTER TABLE line_items ADD COLUMN move_key text NOT NULL DEFAULT '';
UPDATE line_items SET move_key = transfer_id || '/' || ordinal WHERE status = 'InProgress';

DROP INDEX line_items_open;
CREATE UNIQUE INDEX line_items_open ON line_items (subscription_id) WHERE status = 'InProgress' OR held;

-- I-2: a line item ends once. What is resolved about a held one afterwards never changes how it ended.
DROP TRIGGER line_items_ended;
-- +goose StatementBegin
CREATE TRIGGER line_items_ended BEFORE UPDATE ON line_items
    WHEN OLD.status <> 'InProgress' AND (NEW.status <> OLD.status OR NEW.attempts <> OLD.attempts
        OR NEW.target_subscription_id IS NOT OLD.target_subscription_id
        OR NEW.transfer_error IS NOT OLD.transfer_error OR (NEW.held AND NOT OLD.held))
BEGIN
    SELECT RAISE(ABORT, 'a line item ends once');
END;
-- +goose StatementEnd

-- A request and its answer are one transaction, so there is no lease, no owner and no half-done request any more.
DELETE FROM api_requests WHERE status IS NULL;
ALTER TABLE api_requests DROP COLUMN owner;
ALTER TABLE api_requests DROP COLUMN lease_until;
ALTER TABLE api_requests DROP COLUMN result;
ALTER TABLE api_requests ADD COLUMN subject_id text NOT NULL DEFAULT ''; -- what an answer that is not kept is rendered from
ALTER TABLE api_requests ADD COLUMN form text NOT NULL DEFAULT '';       -- created, submitted, …
