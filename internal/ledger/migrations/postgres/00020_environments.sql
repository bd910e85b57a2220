-- Production and sandbox never mix: what ties tenants ties tenants of one environment, whoever writes it.

-- +goose Up

ALTER TABLE partners ADD COLUMN environment text NOT NULL DEFAULT 'production' CHECK (environment IN ('production', 'sandbox'));
ALTER TABLE partners ADD COLUMN sandbox_of text REFERENCES partners (tenant_id) CHECK ((sandbox_of IS NOT NULL) = (environment = 'sandbox'));
ALTER TABLE customers ADD COLUMN environment text NOT NULL DEFAULT 'production' CHECK (environment IN ('production', 'sandbox'));

-- A partner has one sandbox.
CREATE UNIQUE INDEX partners_one_sandbox ON partners (sandbox_of) WHERE sandbox_of IS NOT NULL;

-- +goose StatementBegin
CREATE FUNCTION refuse_another_environment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a tenant stays in its environment: %', OLD.tenant_id;
END $$;
-- +goose StatementEnd
CREATE TRIGGER partners_environment BEFORE UPDATE ON partners FOR EACH ROW
    WHEN (NEW.environment <> OLD.environment OR NEW.sandbox_of IS DISTINCT FROM OLD.sandbox_of)
    EXECUTE FUNCTION refuse_another_environment();
CREATE TRIGGER customers_environment BEFORE UPDATE ON customers FOR EACH ROW WHEN (NEW.environment <> OLD.environment)
    EXECUTE FUNCTION refuse_another_environment();

-- The arguments are the columns that name a customer, empty for none, and two partners.
-- +goose StatementBegin
CREATE FUNCTION refuse_mixed_environments() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    tied jsonb := to_jsonb(NEW);
    kinds integer;
BEGIN
    SELECT COUNT(DISTINCT e.environment) INTO kinds FROM (
        SELECT environment FROM customers WHERE tenant_id = tied ->> TG_ARGV[0]
        UNION ALL SELECT environment FROM partners WHERE tenant_id IN (tied ->> TG_ARGV[1], tied ->> TG_ARGV[2])) e;
    IF kinds > 1 THEN
        RAISE EXCEPTION 'production and sandbox never mix: %', TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER relationships_environment_new BEFORE INSERT ON relationships FOR EACH ROW
    EXECUTE FUNCTION refuse_mixed_environments('customer_tenant_id', 'partner_tenant_id', 'partner_tenant_id');
CREATE TRIGGER relationships_environment_changed BEFORE UPDATE OF customer_tenant_id, partner_tenant_id ON relationships FOR EACH ROW
    EXECUTE FUNCTION refuse_mixed_environments('customer_tenant_id', 'partner_tenant_id', 'partner_tenant_id');
CREATE TRIGGER agreements_environment_new BEFORE INSERT ON agreements FOR EACH ROW
    EXECUTE FUNCTION refuse_mixed_environments('customer_tenant_id', 'partner_tenant_id', 'partner_tenant_id');
CREATE TRIGGER agreements_environment_changed BEFORE UPDATE OF customer_tenant_id, partner_tenant_id ON agreements FOR EACH ROW
    EXECUTE FUNCTION refuse_mixed_environments('customer_tenant_id', 'partner_tenant_id', 'partner_tenant_id');
CREATE TRIGGER partnerships_environment_new BEFORE INSERT ON partnerships FOR EACH ROW
    EXECUTE FUNCTION refuse_mixed_environments('', 'provider_tenant_id', 'reseller_tenant_id');
CREATE TRIGGER partnerships_environment_changed BEFORE UPDATE OF provider_tenant_id, reseller_tenant_id ON partnerships FOR EACH ROW
    EXECUTE FUNCTION refuse_mixed_environments('', 'provider_tenant_id', 'reseller_tenant_id');
CREATE TRIGGER subscriptions_environment_new BEFORE INSERT ON subscriptions FOR EACH ROW
    EXECUTE FUNCTION refuse_mixed_environments('customer_tenant_id', 'partner_tenant_id', 'partner_tenant_id');
CREATE TRIGGER subscriptions_environment_changed BEFORE UPDATE OF customer_tenant_id, partner_tenant_id ON subscriptions FOR EACH ROW
    EXECUTE FUNCTION refuse_mixed_environments('customer_tenant_id', 'partner_tenant_id', 'partner_tenant_id');
CREATE TRIGGER transfers_environment_new BEFORE INSERT ON transfers FOR EACH ROW
    EXECUTE FUNCTION refuse_mixed_environments('customer_tenant_id', 'source_tenant_id', 'target_tenant_id');
CREATE TRIGGER transfers_environment_changed BEFORE UPDATE OF customer_tenant_id, source_tenant_id, target_tenant_id ON transfers FOR EACH ROW
    EXECUTE FUNCTION refuse_mixed_environments('customer_tenant_id', 'source_tenant_id', 'target_tenant_id');
