-- Users of a partner have roles. Whoever was an admin agent is one.

-- +goose Up

ALTER TABLE admin_agents RENAME TO partner_users;
ALTER TABLE partner_users ADD COLUMN global_admin integer NOT NULL DEFAULT FALSE CHECK (global_admin IN (0, 1));
ALTER TABLE partner_users ADD COLUMN admin_agent integer NOT NULL DEFAULT FALSE CHECK (admin_agent IN (0, 1));
ALTER TABLE partner_users ADD COLUMN sales_agent integer NOT NULL DEFAULT FALSE CHECK (sales_agent IN (0, 1));
ALTER TABLE partner_users ADD COLUMN ended_at text; -- a user who changed or left: what was sent to an address stays explained (I-6)

UPDATE partner_users SET admin_agent = TRUE;
