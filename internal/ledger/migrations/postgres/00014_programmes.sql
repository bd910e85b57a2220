-- A partner takes part in several programmes, with a standing of its own in each (R-410). What nobody told is empty or NULL.

-- +goose Up

CREATE TABLE program_enrolments (
    partner_tenant_id     text NOT NULL REFERENCES partners (tenant_id),
    program               text NOT NULL CHECK (program IN ('direct-bill', 'indirect-provider', 'indirect-reseller')),
    status                text NOT NULL CHECK (status IN ('in-review', 'approved', 'rejected', 'active', 'restricted', 'inactive', 'ended', 'overridden')),
    since                 timestamptz,
    contact_name          text NOT NULL DEFAULT '',
    contact_email         text NOT NULL DEFAULT '',
    applied_by            text NOT NULL DEFAULT '',
    decided_at            timestamptz,
    decided_by            text NOT NULL DEFAULT '',
    reject_reason         text NOT NULL DEFAULT '',
    agreement_accepted    boolean NOT NULL,
    agreement_template    text NOT NULL DEFAULT '',
    agreement_accepted_at timestamptz,
    agreement_accepted_by text NOT NULL DEFAULT '',
    access_ends_at        timestamptz,
    PRIMARY KEY (partner_tenant_id, program)
);

INSERT INTO program_enrolments (partner_tenant_id, program, status, agreement_accepted)
    SELECT tenant_id, type, status, mpa_signed FROM partners;

ALTER TABLE partners DROP COLUMN type;
ALTER TABLE partners DROP COLUMN status;
ALTER TABLE partners DROP COLUMN mpa_signed;
