-- All partners of a customer, also those of before, are found by its id.

-- +goose Up

CREATE INDEX relationships_of_customer ON relationships (customer_tenant_id, partner_tenant_id);
