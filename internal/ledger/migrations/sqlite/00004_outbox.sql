-- The notification log as an outbox: which e-mail is due when, and which relay has it in hand.

-- +goose Up

ALTER TABLE notifications ADD COLUMN owed_at text NOT NULL DEFAULT '1970-01-01T00:00:00.000000Z';
ALTER TABLE notifications ADD COLUMN next_at text NOT NULL DEFAULT '1970-01-01T00:00:00.000000Z';
ALTER TABLE notifications ADD COLUMN claim text NOT NULL DEFAULT ''; -- of the relay that sends it
ALTER TABLE notifications ADD COLUMN claimed_until text;
ALTER TABLE notifications ADD COLUMN fair_key text NOT NULL DEFAULT ''; -- whose e-mails share a claim: the target

-- What is owed already is due at once, and has from now on the time that every e-mail has.
UPDATE notifications SET owed_at = strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'), next_at = strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'),
    fair_key = (SELECT t.target_tenant_id FROM transfers t WHERE t.id = notifications.transfer_id);

CREATE INDEX notifications_due ON notifications (fair_key, next_at, id) WHERE sent_at IS NULL AND undelivered_at IS NULL;
