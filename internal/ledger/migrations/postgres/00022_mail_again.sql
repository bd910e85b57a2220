-- What could not be delivered can be sent again by an operator's word, and stands apart from what nobody needs any more.

-- +goose Up

ALTER TABLE notifications ADD COLUMN withdrawn boolean NOT NULL DEFAULT FALSE;
ALTER TABLE notifications ADD COLUMN resent_at timestamptz;
ALTER TABLE notifications ADD COLUMN resent_by text NOT NULL DEFAULT ''; -- the operator

UPDATE notifications SET withdrawn = TRUE
    WHERE undelivered_at IS NOT NULL AND last_error = 'The request was answered before the reminder could be sent.';

CREATE INDEX notifications_undelivered ON notifications (id) WHERE undelivered_at IS NOT NULL;
