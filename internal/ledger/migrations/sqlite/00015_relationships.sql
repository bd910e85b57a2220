-- What a partner is to a customer: direct-bill partner, indirect provider or indirect reseller, once each while it lasts. R-50 asks
-- for a live row of one of the first two. What nobody told is empty or NULL.

-- +goose Up

CREATE TABLE relationships_of_a_kind (
    customer_tenant_id       text NOT NULL REFERENCES customers (tenant_id),
    partner_tenant_id        text NOT NULL REFERENCES partners (tenant_id),
    kind                     text NOT NULL CHECK (kind IN ('direct', 'provider', 'reseller')),
    counterpart_tenant_id    text REFERENCES partners (tenant_id) CHECK (counterpart_tenant_id IS NULL OR kind <> 'direct'),
    origin                   text NOT NULL CHECK (origin IN ('seed', 'invitation', 'joint', 'extension', 'created')),
    admin_rights             integer NOT NULL CHECK (admin_rights IN (0, 1)),
    local_reseller_of_record integer NOT NULL CHECK (local_reseller_of_record IN (0, 1) AND (NOT local_reseller_of_record OR kind = 'reseller')),
    since                    text,
    ended_at                 text,
    invitation               text NOT NULL DEFAULT ''
) STRICT;

-- Of a partner that is several things, it is the one by which it bills.
INSERT INTO relationships_of_a_kind (customer_tenant_id, partner_tenant_id, kind, origin, admin_rights, local_reseller_of_record)
    SELECT r.customer_tenant_id, r.partner_tenant_id, CASE
        WHEN EXISTS (SELECT 1 FROM program_enrolments e WHERE e.partner_tenant_id = r.partner_tenant_id AND e.program = 'direct-bill') THEN 'direct'
        WHEN EXISTS (SELECT 1 FROM program_enrolments e WHERE e.partner_tenant_id = r.partner_tenant_id AND e.program = 'indirect-provider') THEN 'provider'
        ELSE 'reseller' END, 'seed', FALSE, FALSE
    FROM relationships r;

DROP TABLE relationships;
ALTER TABLE relationships_of_a_kind RENAME TO relationships;

-- The provider of a reseller, where the customer accepted exactly one that the reseller works with.
UPDATE relationships SET counterpart_tenant_id = (SELECT MIN(r.partner_tenant_id) FROM relationships r
        JOIN partnerships p ON p.provider_tenant_id = r.partner_tenant_id AND p.reseller_tenant_id = relationships.partner_tenant_id
        WHERE r.customer_tenant_id = relationships.customer_tenant_id AND r.kind = 'provider' HAVING COUNT(*) = 1)
    WHERE kind = 'reseller';

CREATE INDEX relationships_by_partner ON relationships (partner_tenant_id, customer_tenant_id);
CREATE UNIQUE INDEX relationships_live ON relationships (customer_tenant_id, partner_tenant_id, kind) WHERE ended_at IS NULL;
