-- What a partner is to a customer: direct-bill partner, indirect provider or indirect reseller, once each while it lasts. R-50 asks
-- for a live row of one of the first two. What nobody told is empty or NULL.

-- +goose Up

ALTER TABLE relationships DROP CONSTRAINT relationships_pkey;
ALTER TABLE relationships ADD COLUMN kind text NOT NULL DEFAULT 'direct' CHECK (kind IN ('direct', 'provider', 'reseller'));
ALTER TABLE relationships ADD COLUMN counterpart_tenant_id text REFERENCES partners (tenant_id) CHECK (counterpart_tenant_id IS NULL OR kind <> 'direct');
ALTER TABLE relationships ADD COLUMN origin text NOT NULL DEFAULT 'seed' CHECK (origin IN ('seed', 'invitation', 'joint', 'extension', 'created'));
ALTER TABLE relationships ADD COLUMN admin_rights boolean NOT NULL DEFAULT FALSE;
ALTER TABLE relationships ADD COLUMN local_reseller_of_record boolean NOT NULL DEFAULT FALSE CHECK (NOT local_reseller_of_record OR kind = 'reseller');
ALTER TABLE relationships ADD COLUMN since timestamptz;
ALTER TABLE relationships ADD COLUMN ended_at timestamptz;
ALTER TABLE relationships ADD COLUMN invitation text NOT NULL DEFAULT '';

-- Of a partner that is several things, it is the one by which it bills.
UPDATE relationships SET kind = CASE
    WHEN EXISTS (SELECT 1 FROM program_enrolments e WHERE e.partner_tenant_id = relationships.partner_tenant_id AND e.program = 'direct-bill') THEN 'direct'
    WHEN EXISTS (SELECT 1 FROM program_enrolments e WHERE e.partner_tenant_id = relationships.partner_tenant_id AND e.program = 'indirect-provider') THEN 'provider'
    ELSE 'reseller' END;

-- The provider of a reseller, where the customer accepted exactly one that the reseller works with.
UPDATE relationships SET counterpart_tenant_id = (SELECT MIN(r.partner_tenant_id) FROM relationships r
        JOIN partnerships p ON p.provider_tenant_id = r.partner_tenant_id AND p.reseller_tenant_id = relationships.partner_tenant_id
        WHERE r.customer_tenant_id = relationships.customer_tenant_id AND r.kind = 'provider' HAVING COUNT(*) = 1)
    WHERE kind = 'reseller';

ALTER TABLE relationships ALTER COLUMN kind DROP DEFAULT;
ALTER TABLE relationships ALTER COLUMN origin DROP DEFAULT;
ALTER TABLE relationships ALTER COLUMN admin_rights DROP DEFAULT;
ALTER TABLE relationships ALTER COLUMN local_reseller_of_record DROP DEFAULT;

CREATE UNIQUE INDEX relationships_live ON relationships (customer_tenant_id, partner_tenant_id, kind) WHERE ended_at IS NULL;
