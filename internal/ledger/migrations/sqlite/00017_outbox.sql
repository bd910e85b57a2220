-- What has to be told is about any subject, not of transfers only, and goes by a channel. Every e-mail keeps its id, its Message-ID and how
-- it stands: what is owed or in the hands of a relay is sent once, as before.

-- +goose Up

CREATE TABLE notifications_now (
    id             integer PRIMARY KEY,
    subject_id     text NOT NULL,
    event          text NOT NULL,
    audience       text NOT NULL, -- contexts name whom they tell
    recipient      text NOT NULL,
    locale         text NOT NULL,
    message_id     text NOT NULL UNIQUE,
    attempts       integer NOT NULL DEFAULT 0,
    sent_at        text,
    undelivered_at text,
    last_error     text NOT NULL DEFAULT '',
    owed_at        text NOT NULL DEFAULT '1970-01-01T00:00:00.000000Z',
    next_at        text NOT NULL DEFAULT '1970-01-01T00:00:00.000000Z',
    claim          text NOT NULL DEFAULT '', -- of the relay that sends it
    claimed_until  text,
    fair_key       text NOT NULL DEFAULT '', -- whose e-mails share a claim
    subject_kind   text NOT NULL,
    channel        text NOT NULL DEFAULT 'email',
    UNIQUE (subject_id, subject_kind, event, channel, recipient) -- I-4: one message per event, channel and recipient
) STRICT;

INSERT INTO notifications_now
    SELECT id, transfer_id, event, audience, recipient, locale, message_id, attempts, sent_at, undelivered_at, last_error, owed_at, next_at,
        claim, claimed_until, fair_key, 'transfer', 'email'
    FROM notifications ORDER BY id;
DROP TABLE notifications;
ALTER TABLE notifications_now RENAME TO notifications;

CREATE INDEX notifications_due ON notifications (channel, fair_key, next_at, id) WHERE sent_at IS NULL AND undelivered_at IS NULL;
