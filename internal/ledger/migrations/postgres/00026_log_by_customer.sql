-- R-301: a page of a partner's log about one customer, however much it has of others.

-- +goose Up

CREATE INDEX activity_log_by_customer ON activity_log (partner_tenant_id, customer_tenant_id, recorded_at);
