-- Production and sandbox never mix: what ties tenants ties tenants of one environment, whoever writes it.

-- +goose Up

ALTER TABLE partners ADD COLUMN environment text NOT NULL DEFAULT 'production' CHECK (environment IN ('production', 'sandbox'));
ALTER TABLE partners ADD COLUMN sandbox_of text REFERENCES partners (tenant_id) CHECK ((sandbox_of IS NOT NULL) = (environment = 'sandbox'));
ALTER TABLE customers ADD COLUMN environment text NOT NULL DEFAULT 'production' CHECK (environment IN ('production', 'sandbox'));

-- A partner has one sandbox.
CREATE UNIQUE INDEX partners_one_sandbox ON partners (sandbox_of) WHERE sandbox_of IS NOT NULL;

-- +goose StatementBegin
CREATE TRIGGER partners_environment BEFORE UPDATE ON partners
    WHEN NEW.environment <> OLD.environment OR NEW.sandbox_of IS NOT OLD.sandbox_of
BEGIN
    SELECT RAISE(ABORT, 'a tenant stays in its environment');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER customers_environment BEFORE UPDATE ON customers WHEN NEW.environment <> OLD.environment
BEGIN
    SELECT RAISE(ABORT, 'a tenant stays in its environment');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER relationships_environment_new BEFORE INSERT ON relationships
    WHEN (SELECT environment FROM customers WHERE tenant_id = NEW.customer_tenant_id) <> (SELECT environment FROM partners WHERE tenant_id = NEW.partner_tenant_id)
BEGIN
    SELECT RAISE(ABORT, 'production and sandbox never mix');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER relationships_environment_changed BEFORE UPDATE OF customer_tenant_id, partner_tenant_id ON relationships
    WHEN (SELECT environment FROM customers WHERE tenant_id = NEW.customer_tenant_id) <> (SELECT environment FROM partners WHERE tenant_id = NEW.partner_tenant_id)
BEGIN
    SELECT RAISE(ABORT, 'production and sandbox never mix');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER agreements_environment_new BEFORE INSERT ON agreements
    WHEN (SELECT environment FROM customers WHERE tenant_id = NEW.customer_tenant_id) <> (SELECT environment FROM partners WHERE tenant_id = NEW.partner_tenant_id)
BEGIN
    SELECT RAISE(ABORT, 'production and sandbox never mix');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER agreements_environment_changed BEFORE UPDATE OF customer_tenant_id, partner_tenant_id ON agreements
    WHEN (SELECT environment FROM customers WHERE tenant_id = NEW.customer_tenant_id) <> (SELECT environment FROM partners WHERE tenant_id = NEW.partner_tenant_id)
BEGIN
    SELECT RAISE(ABORT, 'production and sandbox never mix');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER partnerships_environment_new BEFORE INSERT ON partnerships
    WHEN (SELECT environment FROM partners WHERE tenant_id = NEW.provider_tenant_id) <> (SELECT environment FROM partners WHERE tenant_id = NEW.reseller_tenant_id)
BEGIN
    SELECT RAISE(ABORT, 'production and sandbox never mix');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER partnerships_environment_changed BEFORE UPDATE OF provider_tenant_id, reseller_tenant_id ON partnerships
    WHEN (SELECT environment FROM partners WHERE tenant_id = NEW.provider_tenant_id) <> (SELECT environment FROM partners WHERE tenant_id = NEW.reseller_tenant_id)
BEGIN
    SELECT RAISE(ABORT, 'production and sandbox never mix');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER subscriptions_environment_new BEFORE INSERT ON subscriptions
    WHEN (SELECT environment FROM customers WHERE tenant_id = NEW.customer_tenant_id) <> (SELECT environment FROM partners WHERE tenant_id = NEW.partner_tenant_id)
BEGIN
    SELECT RAISE(ABORT, 'production and sandbox never mix');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER subscriptions_environment_changed BEFORE UPDATE OF customer_tenant_id, partner_tenant_id ON subscriptions
    WHEN (SELECT environment FROM customers WHERE tenant_id = NEW.customer_tenant_id) <> (SELECT environment FROM partners WHERE tenant_id = NEW.partner_tenant_id)
BEGIN
    SELECT RAISE(ABORT, 'production and sandbox never mix');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER transfers_environment_new BEFORE INSERT ON transfers
    WHEN (SELECT environment FROM customers WHERE tenant_id = NEW.customer_tenant_id) <> (SELECT environment FROM partners WHERE tenant_id = NEW.source_tenant_id)
        OR (SELECT environment FROM partners WHERE tenant_id = NEW.source_tenant_id) <> (SELECT environment FROM partners WHERE tenant_id = NEW.target_tenant_id)
BEGIN
    SELECT RAISE(ABORT, 'production and sandbox never mix');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER transfers_environment_changed BEFORE UPDATE OF customer_tenant_id, source_tenant_id, target_tenant_id ON transfers
    WHEN (SELECT environment FROM customers WHERE tenant_id = NEW.customer_tenant_id) <> (SELECT environment FROM partners WHERE tenant_id = NEW.source_tenant_id)
        OR (SELECT environment FROM partners WHERE tenant_id = NEW.source_tenant_id) <> (SELECT environment FROM partners WHERE tenant_id = NEW.target_tenant_id)
BEGIN
    SELECT RAISE(ABORT, 'production and sandbox never mix');
END;
-- +goose StatementEnd
