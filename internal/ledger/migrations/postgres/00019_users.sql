-- Users of a partner have roles. Whoever was an admin agent is one.

-- +goose Up

ALTER TABLE admin_agents RENAME TO partner_users;
ALTER TABLE partner_users ADD COLUMN global_admin boolean NOT NULL DEFAULT FALSE;
ALTER TABLE partner_users ADD COLUMN admin_agent boolean NOT NULL DEFAULT FALSE;
ALTER TABLE partner_users ADD COLUMN sales_agent boolean NOT NULL DEFAULT FALSE;
ALTER TABLE partner_users ADD COLUMN ended_at timestamptz; -- a user who changed or left: what was sent to an address stays explained (I-6)

UPDATE partner_users SET admin_agent = TRUE;
