-- The system of record. The PostgreSQL schema beside this one says the same; TestSchemasAreEquivalent compares them.
-- Times are UTC in a text form that sorts, booleans are 0 and 1. Ids are GUIDs in lower case. Money is in hundredths of
-- the owner's billing currency. An absent value is NULL.

-- +goose Up

CREATE TABLE partners (
    tenant_id  text PRIMARY KEY,
    name       text NOT NULL,
    type       text NOT NULL CHECK (type IN ('direct-bill', 'indirect-provider', 'indirect-reseller')),
    status     text NOT NULL CHECK (status IN ('active', 'restricted', 'inactive')),
    mpa_signed integer NOT NULL CHECK (mpa_signed IN (0, 1)),
    mpn_id     text NOT NULL,
    market     text NOT NULL,
    currency   text NOT NULL,
    locale     text NOT NULL
) STRICT;

CREATE INDEX partners_mpn_id ON partners (mpn_id);

CREATE TABLE admin_agents (
    partner_tenant_id text NOT NULL REFERENCES partners (tenant_id),
    position          integer NOT NULL,
    user_id           text NOT NULL,
    email             text NOT NULL,
    PRIMARY KEY (partner_tenant_id, position)
) STRICT;

CREATE TABLE customers (
    tenant_id text PRIMARY KEY,
    name      text NOT NULL,
    domain    text NOT NULL,
    email     text NOT NULL,
    market    text NOT NULL,
    locale    text NOT NULL
) STRICT;

-- A row says that the customer accepted the partner as reseller (R-50).
CREATE TABLE relationships (
    customer_tenant_id text NOT NULL REFERENCES customers (tenant_id),
    partner_tenant_id  text NOT NULL REFERENCES partners (tenant_id),
    PRIMARY KEY (customer_tenant_id, partner_tenant_id)
) STRICT;

CREATE TABLE agreements (
    customer_tenant_id text NOT NULL REFERENCES customers (tenant_id),
    partner_tenant_id  text NOT NULL REFERENCES partners (tenant_id),
    mode               text NOT NULL CHECK (mode IN ('attestation', 'direct')),
    PRIMARY KEY (customer_tenant_id, partner_tenant_id, mode)
) STRICT;

CREATE TABLE subscriptions (
    id                  text PRIMARY KEY,
    lineage_id          text NOT NULL,
    customer_tenant_id  text NOT NULL REFERENCES customers (tenant_id),
    partner_tenant_id   text NOT NULL REFERENCES partners (tenant_id),
    product_type        text NOT NULL,
    offer_id            text NOT NULL,
    friendly_name       text NOT NULL,
    quantity            integer NOT NULL CHECK (quantity >= 0),
    unit_price_minor    integer NOT NULL,
    billing_cycle       text NOT NULL,
    term_duration       text NOT NULL,
    creation_date       text NOT NULL,
    commitment_end_date text,
    status              text NOT NULL CHECK (status IN ('active', 'pending', 'suspended', 'expired', 'disabled', 'deleted')),
    auto_renew          integer NOT NULL CHECK (auto_renew IN (0, 1)),
    parent_id           text REFERENCES subscriptions (id) DEFERRABLE INITIALLY DEFERRED,
    partner_on_record   text NOT NULL,
    cancel_at           text,
    locked              integer NOT NULL CHECK (locked IN (0, 1)),
    sandbox_fault       text NOT NULL
) STRICT;

CREATE INDEX subscriptions_holdings ON subscriptions (customer_tenant_id, partner_tenant_id);

-- I-1: in a chain of moves at most one subscription lives, so a subscription never has two billing owners.
CREATE UNIQUE INDEX subscriptions_one_owner ON subscriptions (lineage_id) WHERE status <> 'deleted';

CREATE TABLE transfers (
    id                       text PRIMARY KEY,
    request_id               text NOT NULL,
    request_digest           text NOT NULL,
    requested_by             text NOT NULL,
    customer_tenant_id       text NOT NULL REFERENCES customers (tenant_id),
    customer_email           text NOT NULL,
    customer_name            text NOT NULL,
    source_tenant_id         text NOT NULL REFERENCES partners (tenant_id),
    source_name              text NOT NULL,
    target_tenant_id         text NOT NULL REFERENCES partners (tenant_id),
    target_name              text NOT NULL,
    target_email_id          text NOT NULL,
    target_product_types     text, -- JSON list; NULL for all types (R-60)
    partner_on_record        text NOT NULL,
    transfer_type            integer NOT NULL,
    ignore_eligibility_check integer NOT NULL CHECK (ignore_eligibility_check IN (0, 1)),
    status                   text NOT NULL CHECK (status IN ('Pending', 'InProgress', 'Complete', 'Expired', 'Cancel', 'Reject', 'Failed', 'PartiallyComplete')),
    created_time             text NOT NULL,
    last_modified_time       text NOT NULL,
    expiration_time          text NOT NULL,
    submitted_time           text,
    completed_time           text,
    last_modified_user       text NOT NULL,
    decline_reason           text NOT NULL,
    overdue                  integer NOT NULL CHECK (overdue IN (0, 1)),
    decision                 text NOT NULL CHECK (decision IN ('', 'submit', 'cancel', 'decline')),
    decision_request_id      text NOT NULL,
    decision_digest          text NOT NULL,
    CHECK (source_tenant_id <> target_tenant_id),
    CHECK ((status = 'Complete') = (completed_time IS NOT NULL)),
    CHECK ((status IN ('InProgress', 'Complete', 'Failed', 'PartiallyComplete')) = (submitted_time IS NOT NULL))
) STRICT;

CREATE INDEX transfers_by_source ON transfers (source_tenant_id, customer_tenant_id);
CREATE INDEX transfers_by_target ON transfers (target_tenant_id, customer_tenant_id);
CREATE INDEX transfers_by_customer ON transfers (customer_tenant_id);

CREATE TABLE line_items (
    transfer_id            text NOT NULL REFERENCES transfers (id),
    ordinal                integer NOT NULL CHECK (ordinal >= 0),
    base_ordinal           integer,
    subscription_id        text NOT NULL REFERENCES subscriptions (id),
    product_type           text NOT NULL,
    offer_id               text NOT NULL,
    friendly_name          text NOT NULL,
    quantity               integer NOT NULL,
    billing_cycle          text NOT NULL,
    status                 text NOT NULL CHECK (status IN ('InProgress', 'Complete', 'Failed')),
    target_subscription_id text UNIQUE REFERENCES subscriptions (id),
    attempts               integer NOT NULL CHECK (attempts >= 0),
    last_error             text NOT NULL,
    transfer_error         text,
    give_up_request_id     text NOT NULL,
    PRIMARY KEY (transfer_id, ordinal),
    FOREIGN KEY (transfer_id, base_ordinal) REFERENCES line_items (transfer_id, ordinal),
    CHECK ((status = 'Complete') = (target_subscription_id IS NOT NULL)),
    CHECK ((status = 'Failed') = (transfer_error IS NOT NULL))
) STRICT;

-- R-76: a subscription is in at most one open transfer.
CREATE UNIQUE INDEX line_items_open ON line_items (subscription_id) WHERE status = 'InProgress';
CREATE INDEX line_items_addons ON line_items (transfer_id, base_ordinal) WHERE base_ordinal IS NOT NULL;

CREATE TABLE audit_records (
    id                text PRIMARY KEY,
    transfer_id       text NOT NULL REFERENCES transfers (id),
    event_key         text NOT NULL,
    partner_tenant_id text NOT NULL REFERENCES partners (tenant_id),
    user_id           text NOT NULL,
    operation         text NOT NULL CHECK (operation IN ('create_transfer', 'update_transfer', 'complete_transfer', 'fail_transfer')),
    status            text NOT NULL CHECK (status IN ('succeeded', 'failed')),
    detail            text NOT NULL,
    recorded_at       text NOT NULL,
    UNIQUE (transfer_id, event_key, partner_tenant_id)
) STRICT;

CREATE INDEX audit_records_by_partner ON audit_records (partner_tenant_id, recorded_at);

CREATE TABLE notifications (
    id             integer PRIMARY KEY,
    transfer_id    text NOT NULL REFERENCES transfers (id),
    event          text NOT NULL,
    audience       text NOT NULL CHECK (audience IN ('source', 'target', 'customer')),
    recipient      text NOT NULL,
    locale         text NOT NULL,
    message_id     text NOT NULL UNIQUE,
    attempts       integer NOT NULL DEFAULT 0,
    sent_at        text,
    undelivered_at text,
    last_error     text NOT NULL DEFAULT '',
    UNIQUE (transfer_id, event, recipient)
) STRICT;

-- I-5: nothing leaves a final state.
-- +goose StatementBegin
CREATE TRIGGER transfers_final BEFORE UPDATE ON transfers
    WHEN OLD.status NOT IN ('Pending', 'InProgress') AND NEW.status <> OLD.status
BEGIN
    SELECT RAISE(ABORT, 'nothing leaves a final state');
END;
-- +goose StatementEnd

-- I-2: a line item ends once.
-- +goose StatementBegin
CREATE TRIGGER line_items_ended BEFORE UPDATE ON line_items
    WHEN OLD.status <> 'InProgress'
BEGIN
    SELECT RAISE(ABORT, 'a line item ends once');
END;
-- +goose StatementEnd

-- I-3: audit records are append-only (R-308).
-- +goose StatementBegin
CREATE TRIGGER audit_records_no_update BEFORE UPDATE ON audit_records
BEGIN
    SELECT RAISE(ABORT, 'audit records are append-only');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER audit_records_no_delete BEFORE DELETE ON audit_records
BEGIN
    SELECT RAISE(ABORT, 'audit records are append-only');
END;
-- +goose StatementEnd
