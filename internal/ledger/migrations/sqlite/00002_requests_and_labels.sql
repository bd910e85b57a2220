-- What the HTTP API needs: requests that are answered once, the parties' own labels, and lists of many transfers.

-- +goose Up

-- R-103: the write requests of clients, kept for 30 days.
CREATE TABLE api_requests (
    caller_tenant_id text NOT NULL,
    route            text NOT NULL,
    request_key      text NOT NULL,
    fingerprint      text NOT NULL,
    owner            text NOT NULL,
    claimed_at       text NOT NULL, -- by this owner
    lease_until      text NOT NULL,
    result           text, -- JSON; of the change in the ledger, once it is made
    status           integer CHECK (status BETWEEN 100 AND 599),
    header           text, -- JSON
    body             blob, -- gzip
    answered_at      text,
    PRIMARY KEY (caller_tenant_id, route, request_key),
    CHECK ((status IS NULL) = (answered_at IS NULL)),
    CHECK ((status IS NULL) = (header IS NULL))
) STRICT;

CREATE INDEX api_requests_by_age ON api_requests (claimed_at);

-- What one party calls a transfer. The transfer's created_time is repeated, so that what is found by a label comes in the
-- order of a list.
CREATE TABLE transfer_labels (
    transfer_id        text NOT NULL REFERENCES transfers (id),
    partner_tenant_id  text NOT NULL REFERENCES partners (tenant_id),
    created_time       text NOT NULL,
    external_reference text NOT NULL,
    tags               text NOT NULL, -- JSON list
    PRIMARY KEY (transfer_id, partner_tenant_id)
) STRICT;

CREATE INDEX transfer_labels_by_reference ON transfer_labels (partner_tenant_id, external_reference, created_time, transfer_id);

-- The same tags one by one, to search for.
CREATE TABLE transfer_tags (
    transfer_id       text NOT NULL,
    partner_tenant_id text NOT NULL,
    tag               text NOT NULL,
    created_time      text NOT NULL,
    PRIMARY KEY (transfer_id, partner_tenant_id, tag),
    FOREIGN KEY (transfer_id, partner_tenant_id) REFERENCES transfer_labels (transfer_id, partner_tenant_id)
) STRICT;

CREATE INDEX transfer_tags_by_tag ON transfer_tags (partner_tenant_id, tag, created_time, transfer_id);

-- A partner's transfers in the order of a list: all, those of one status, those of one customer. The last column of the first
-- two lets a search for what was modified pass over a transfer unread.
DROP INDEX transfers_by_source;
DROP INDEX transfers_by_target;
CREATE INDEX transfers_by_source ON transfers (source_tenant_id, created_time, id, last_modified_time);
CREATE INDEX transfers_by_target ON transfers (target_tenant_id, created_time, id, last_modified_time);
CREATE INDEX transfers_by_source_status ON transfers (source_tenant_id, status, created_time, id);
CREATE INDEX transfers_by_target_status ON transfers (target_tenant_id, status, created_time, id);
CREATE INDEX transfers_by_source_customer ON transfers (source_tenant_id, customer_tenant_id, created_time, id);
CREATE INDEX transfers_by_target_customer ON transfers (target_tenant_id, customer_tenant_id, created_time, id);
