-- What waits for an endpoint is known by the registration that it waits under, so that switching one off, ending it or putting it on
-- again changes one row, however much waits.

-- +goose Up

-- Programs from before go on to write while the new ones are started: what they leave out means a registration of always, and what waits
-- under the present registration, whichever that is. No row is rewritten for it.
ALTER TABLE webhook_registrations ADD COLUMN called_since timestamptz NOT NULL DEFAULT '2000-01-01T00:00:00.000000Z'; -- since it is there, or was last switched on

-- modified_at of the registration under which the next attempt was planned. What waits under one of before called_since is not sent any
-- more; under one of before modified_at it is sent at once.
ALTER TABLE webhook_deliveries ADD COLUMN registered_at timestamptz NOT NULL DEFAULT '9999-12-31T23:59:59.999999Z';

CREATE INDEX webhook_deliveries_registered ON webhook_deliveries (partner_tenant_id, registered_at) WHERE status = 'waiting';
CREATE INDEX webhook_deliveries_next ON webhook_deliveries (partner_tenant_id, next_at) WHERE status = 'waiting';
CREATE INDEX webhook_deliveries_unheard ON webhook_deliveries (partner_tenant_id, happened_at, id) WHERE status <> 'delivered';
CREATE INDEX webhook_deliveries_tests ON webhook_deliveries (happened_at) WHERE event = 'test-created';

-- With the status in it, it is taken before that of the log, which has all that was delivered.
DROP INDEX webhook_deliveries_waiting;
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (partner_tenant_id, status, happened_at, id) WHERE status = 'waiting';

-- What comes first of several events about the same thing is found by that thing, however much waits for one partner.
DROP INDEX webhook_deliveries_resource;
CREATE INDEX webhook_deliveries_resource ON webhook_deliveries (resource_id, happened_at, id) WHERE status = 'waiting';
