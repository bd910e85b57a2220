-- What endpoints did, more exactly.

-- +goose Up

-- An endpoint fails only as long as its failures follow each other: after a silence of ours it begins anew.
ALTER TABLE webhook_registrations ADD COLUMN failed_at timestamptz; -- the latest failure since the latest success
UPDATE webhook_registrations SET failed_at = COALESCE((SELECT MAX(a.at) FROM webhook_deliveries d JOIN webhook_attempts a ON a.delivery_id = d.id
        WHERE d.partner_tenant_id = webhook_registrations.partner_tenant_id), failing_since)
    WHERE failing_since IS NOT NULL;

-- Of a test, which is kept for a week: where it went last.
ALTER TABLE webhook_deliveries ADD COLUMN sent_to text NOT NULL DEFAULT '';
