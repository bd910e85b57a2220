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

-- What is written at once is looked at at once; the subqueries find each tenant by its key, however much that is.
-- +goose StatementBegin
CREATE FUNCTION refuse_mixed_customers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM fresh f WHERE (SELECT environment FROM customers WHERE tenant_id = f.customer_tenant_id)
            <> (SELECT environment FROM partners WHERE tenant_id = f.partner_tenant_id)) THEN
        RAISE EXCEPTION 'production and sandbox never mix: %', TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION refuse_mixed_partnerships() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM fresh f WHERE (SELECT environment FROM partners WHERE tenant_id = f.provider_tenant_id)
            <> (SELECT environment FROM partners WHERE tenant_id = f.reseller_tenant_id)) THEN
        RAISE EXCEPTION 'production and sandbox never mix: %', TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION refuse_mixed_transfers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM fresh f WHERE (SELECT environment FROM customers WHERE tenant_id = f.customer_tenant_id)
            <> (SELECT environment FROM partners WHERE tenant_id = f.target_tenant_id)
        OR (SELECT environment FROM partners WHERE tenant_id = f.source_tenant_id)
            <> (SELECT environment FROM partners WHERE tenant_id = f.target_tenant_id)) THEN
        RAISE EXCEPTION 'production and sandbox never mix: %', TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- Who is tied changes hardly ever. The arguments are the columns that name a customer, empty for none, and two partners.
-- +goose StatementBegin
CREATE FUNCTION refuse_mixed_change() RETURNS trigger LANGUAGE plpgsql AS $$
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
    RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE TRIGGER relationships_environment_new AFTER INSERT ON relationships REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_mixed_customers();
CREATE TRIGGER relationships_environment_changed AFTER UPDATE ON relationships FOR EACH ROW WHEN (NEW.customer_tenant_id <> OLD.customer_tenant_id OR NEW.partner_tenant_id <> OLD.partner_tenant_id)
    EXECUTE FUNCTION refuse_mixed_change('customer_tenant_id', 'partner_tenant_id', 'partner_tenant_id');
CREATE TRIGGER agreements_environment_new AFTER INSERT ON agreements REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_mixed_customers();
CREATE TRIGGER agreements_environment_changed AFTER UPDATE ON agreements FOR EACH ROW WHEN (NEW.customer_tenant_id <> OLD.customer_tenant_id OR NEW.partner_tenant_id <> OLD.partner_tenant_id)
    EXECUTE FUNCTION refuse_mixed_change('customer_tenant_id', 'partner_tenant_id', 'partner_tenant_id');
CREATE TRIGGER partnerships_environment_new AFTER INSERT ON partnerships REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_mixed_partnerships();
CREATE TRIGGER partnerships_environment_changed AFTER UPDATE ON partnerships FOR EACH ROW WHEN (NEW.provider_tenant_id <> OLD.provider_tenant_id OR NEW.reseller_tenant_id <> OLD.reseller_tenant_id)
    EXECUTE FUNCTION refuse_mixed_change('', 'provider_tenant_id', 'reseller_tenant_id');
CREATE TRIGGER subscriptions_environment_new AFTER INSERT ON subscriptions REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_mixed_customers();
CREATE TRIGGER subscriptions_environment_changed AFTER UPDATE ON subscriptions FOR EACH ROW WHEN (NEW.customer_tenant_id <> OLD.customer_tenant_id OR NEW.partner_tenant_id <> OLD.partner_tenant_id)
    EXECUTE FUNCTION refuse_mixed_change('customer_tenant_id', 'partner_tenant_id', 'partner_tenant_id');
CREATE TRIGGER transfers_environment_new AFTER INSERT ON transfers REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_mixed_transfers();
CREATE TRIGGER transfers_environment_changed AFTER UPDATE ON transfers FOR EACH ROW WHEN (NEW.customer_tenant_id <> OLD.customer_tenant_id OR NEW.source_tenant_id <> OLD.source_tenant_id OR NEW.target_tenant_id <> OLD.target_tenant_id)
    EXECUTE FUNCTION refuse_mixed_change('customer_tenant_id', 'source_tenant_id', 'target_tenant_id');
