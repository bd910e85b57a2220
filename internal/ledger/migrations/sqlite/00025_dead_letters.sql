-- Dead letters are counted, listed and sent again by partner, also by one who has been told much.

-- +goose Up

CREATE INDEX webhook_deliveries_dead ON webhook_deliveries (partner_tenant_id, happened_at, id) WHERE status = 'dead';
