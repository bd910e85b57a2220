-- A billing system may accept a move and do it later, and may answer when the line item has ended.

-- +goose Up

ALTER TABLE line_items ADD COLUMN accepted_at text;                          -- since when the billing system says that it is at work
ALTER TABLE line_items ADD COLUMN accepted_where text NOT NULL DEFAULT '';  -- where it wants to be asked about that
ALTER TABLE line_items ADD COLUMN late_subscription_id text;                -- under which it moved the item after that had ended

-- A callback names a move by transfer and subscription. What no billing system was asked for costs nothing here.
CREATE INDEX line_items_sent ON line_items (subscription_id, transfer_id) WHERE sent_at IS NOT NULL;

-- What was moved after it had ended locks its subscription as a line item that is held does: line_items_open cannot hold it,
-- and a condition that only its own index and that one cover together is asked of each.
CREATE INDEX line_items_late ON line_items (subscription_id) WHERE late_subscription_id IS NOT NULL;

-- I-2: a line item ends once. That its subscription is held may turn out later, when the billing system moved it all the same.
DROP TRIGGER line_items_ended;
-- +goose StatementBegin
CREATE TRIGGER line_items_ended BEFORE UPDATE ON line_items
    WHEN OLD.status <> 'InProgress' AND (NEW.status <> OLD.status OR NEW.attempts <> OLD.attempts
        OR NEW.target_subscription_id IS NOT OLD.target_subscription_id
        OR NEW.transfer_error IS NOT OLD.transfer_error
        OR (NEW.held AND NOT OLD.held AND NEW.late_subscription_id IS NULL))
BEGIN
    SELECT RAISE(ABORT, 'a line item ends once');
END;
-- +goose StatementEnd
