-- Who pays is a fact apart from the status, and since when one apart from the creation.

-- +goose Up

ALTER TABLE subscriptions ADD COLUMN billed boolean NOT NULL DEFAULT FALSE CHECK (NOT billed OR status <> 'deleted');
ALTER TABLE subscriptions ADD COLUMN listed boolean NOT NULL DEFAULT TRUE; -- not: Azure that moved away (R-187)
ALTER TABLE subscriptions ADD COLUMN billed_since timestamptz;             -- of what a transfer moved: the day of its submit; NULL for the creation

UPDATE subscriptions SET billed = status NOT IN ('deleted', 'expired', 'disabled');
UPDATE subscriptions SET listed = FALSE WHERE status = 'deleted' AND product_type IN ('AzureSubscription', 'AzureReservation', 'AzureSavingsPlan')
    AND EXISTS (SELECT 1 FROM subscriptions n WHERE n.lineage_id = subscriptions.lineage_id AND n.partner_tenant_id <> subscriptions.partner_tenant_id
        AND n.creation_date > subscriptions.creation_date);
UPDATE subscriptions SET billed_since = date_trunc('day', t.submitted_time, 'UTC') FROM line_items i JOIN transfers t ON t.id = i.transfer_id
    WHERE i.target_subscription_id = subscriptions.id;

DROP INDEX subscriptions_one_owner;
-- I-1: one billing owner.
CREATE UNIQUE INDEX subscriptions_one_owner ON subscriptions (lineage_id) WHERE billed;

-- R-37: what ends with a billing cycle ends by a run of its own.
CREATE INDEX subscriptions_ending ON subscriptions (cancel_at) WHERE cancel_at IS NOT NULL AND billed;
INSERT INTO runs (workflow_id, workflow_type, subject_id, fair_key, wanted, cause, due_at, since)
    SELECT 'subscription/' || id || '/cancellation', 'ScheduledCancellation', id, partner_tenant_id, 1, 'opened', now(), now()
    FROM subscriptions WHERE cancel_at IS NOT NULL AND billed;
