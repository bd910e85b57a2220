-- What surrounds a transfer: who works with whom, who attested which agreement, and what was changed besides transfers.

-- +goose Up

-- R-258: the reseller works under the provider.
CREATE TABLE partnerships (
    provider_tenant_id text NOT NULL REFERENCES partners (tenant_id),
    reseller_tenant_id text NOT NULL REFERENCES partners (tenant_id),
    PRIMARY KEY (provider_tenant_id, reseller_tenant_id),
    CHECK (provider_tenant_id <> reseller_tenant_id)
);

CREATE INDEX partnerships_by_reseller ON partnerships (reseller_tenant_id);

-- What a partner's list of customers is searched by and comes in the order of: the name in lower case, by code points.
-- The rows of before get theirs here, those to come from the program.
ALTER TABLE customers ADD COLUMN name_key text COLLATE "C" NOT NULL DEFAULT '';
UPDATE customers SET name_key = lower(name);

CREATE INDEX customers_by_name ON customers (name_key, tenant_id);
CREATE INDEX relationships_by_partner ON relationships (partner_tenant_id, customer_tenant_id);
CREATE INDEX subscriptions_by_partner ON subscriptions (partner_tenant_id, customer_tenant_id, id);
CREATE INDEX subscriptions_dependent ON subscriptions (parent_id) WHERE parent_id IS NOT NULL;

-- Who attested an agreement, and who accepted it for the customer. Empty and NULL where nobody told.
ALTER TABLE agreements ADD COLUMN date_agreed timestamptz;
ALTER TABLE agreements ADD COLUMN template_id text NOT NULL DEFAULT '';
ALTER TABLE agreements ADD COLUMN first_name text NOT NULL DEFAULT '';
ALTER TABLE agreements ADD COLUMN last_name text NOT NULL DEFAULT '';
ALTER TABLE agreements ADD COLUMN email text NOT NULL DEFAULT '';
ALTER TABLE agreements ADD COLUMN phone_number text NOT NULL DEFAULT '';
ALTER TABLE agreements ADD COLUMN attested_by text NOT NULL DEFAULT '';

-- The part of a partner's activity log that is not about transfers (R-306).
CREATE TABLE activity_records (
    id                 text PRIMARY KEY,
    partner_tenant_id  text NOT NULL REFERENCES partners (tenant_id),
    customer_tenant_id text NOT NULL REFERENCES customers (tenant_id),
    resource_type      text NOT NULL,
    resource_id        text NOT NULL,
    operation          text NOT NULL,
    user_id            text NOT NULL,
    application_id     text NOT NULL,
    correlation_id     text NOT NULL,
    old_value          text NOT NULL, -- JSON; empty when there was none
    new_value          text NOT NULL, -- JSON
    status             text NOT NULL CHECK (status IN ('succeeded', 'failed')),
    recorded_at        timestamptz NOT NULL
);

CREATE INDEX activity_records_by_partner ON activity_records (partner_tenant_id, recorded_at);
CREATE INDEX activity_records_by_resource ON activity_records (resource_id, recorded_at);

CREATE TRIGGER activity_records_no_update BEFORE UPDATE ON activity_records FOR EACH ROW EXECUTE FUNCTION refuse_rewriting_history();
CREATE TRIGGER activity_records_no_delete BEFORE DELETE ON activity_records FOR EACH ROW EXECUTE FUNCTION refuse_rewriting_history();
CREATE TRIGGER activity_records_no_truncate BEFORE TRUNCATE ON activity_records FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting_history();
