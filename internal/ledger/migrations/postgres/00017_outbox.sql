-- What has to be told is about any subject, not of transfers only, and goes by a channel. Every e-mail keeps its id, its Message-ID and how
-- it stands: what is owed or in the hands of a relay is sent once, as before.

-- +goose Up

ALTER TABLE notifications DROP CONSTRAINT notifications_transfer_id_fkey;
ALTER TABLE notifications DROP CONSTRAINT notifications_audience_check; -- contexts name whom they tell
ALTER TABLE notifications DROP CONSTRAINT notifications_transfer_id_event_recipient_key;
ALTER TABLE notifications RENAME COLUMN transfer_id TO subject_id;
ALTER TABLE notifications ADD COLUMN subject_kind text NOT NULL DEFAULT 'transfer';
ALTER TABLE notifications ALTER COLUMN subject_kind DROP DEFAULT;
ALTER TABLE notifications ADD COLUMN channel text NOT NULL DEFAULT 'email';

-- I-4: one message per event, channel and recipient.
ALTER TABLE notifications ADD CONSTRAINT notifications_once_key UNIQUE (subject_id, subject_kind, event, channel, recipient);

DROP INDEX notifications_due;
CREATE INDEX notifications_due ON notifications (channel, fair_key, next_at, id) WHERE sent_at IS NULL AND undelivered_at IS NULL;
