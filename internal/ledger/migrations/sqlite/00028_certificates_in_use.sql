-- A certificate is served with those that vouch for it, and for as long as receivers may ask for it after it signed for the last time.

-- +goose Up

ALTER TABLE webhook_certificates ADD COLUMN vouching text NOT NULL DEFAULT ''; -- DER in base64, each for the one before, with blanks between
ALTER TABLE webhook_certificates ADD COLUMN used_at text; -- give or take a day; NULL when it is as good as published_at
UPDATE webhook_certificates SET used_at = strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'); -- nobody knows which of them signed today
