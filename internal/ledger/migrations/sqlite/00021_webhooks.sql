-- What partners are told over HTTP: who wants to hear what, what each is owed, and every attempt to tell it.

-- +goose Up

-- R-230: one for each partner.
CREATE TABLE webhook_registrations (
    partner_tenant_id text PRIMARY KEY REFERENCES partners (tenant_id),
    url               text NOT NULL,
    events            text NOT NULL, -- names with a blank before and after each
    format            text NOT NULL CHECK (format IN ('partner-center', 'standard')),
    in_ms_header      integer NOT NULL CHECK (in_ms_header IN (0, 1)), -- R-221: where the signature's token stands
    secret            text NOT NULL, -- signs; empty for none
    previous_secret   text NOT NULL, -- signs, too, until
    previous_until    text,
    created_at        text NOT NULL,
    modified_at       text NOT NULL,
    failing_since     text, -- the first failure since the latest success
    failures          integer NOT NULL, -- in a row
    rests_until       text, -- not to be called before
    off_at            text, -- not called any more since
    off_why           text NOT NULL CHECK (off_why IN ('', 'gone', 'failing')),
    CHECK ((off_at IS NULL) = (off_why = ''))
) STRICT;

CREATE TABLE webhook_deliveries (
    id                 text PRIMARY KEY, -- of the partner's audit record (R-211), or of a test
    partner_tenant_id  text NOT NULL REFERENCES partners (tenant_id),
    event              text NOT NULL,
    customer_tenant_id text NOT NULL, -- empty for a test
    resource_id        text NOT NULL,
    happened_at        text NOT NULL,
    status             text NOT NULL CHECK (status IN ('waiting', 'delivered', 'dead')),
    attempts           integer NOT NULL, -- in all
    attempts_before    integer NOT NULL, -- when it was last asked to be sent again
    next_at            text NOT NULL, -- of the next attempt, while it waits
    ended_at           text,
    last_status        integer NOT NULL, -- of HTTP; 0 when there was no answer
    last_fault         text NOT NULL, -- why not
    CHECK ((status = 'waiting') = (ended_at IS NULL))
) STRICT;
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (partner_tenant_id, happened_at, id) WHERE status = 'waiting';
CREATE INDEX webhook_deliveries_resource ON webhook_deliveries (partner_tenant_id, resource_id, happened_at, id) WHERE status = 'waiting';
CREATE INDEX webhook_deliveries_log ON webhook_deliveries (partner_tenant_id, happened_at, id);
CREATE INDEX webhook_deliveries_age ON webhook_deliveries (happened_at);

CREATE TABLE webhook_attempts (
    delivery_id text NOT NULL REFERENCES webhook_deliveries (id) ON DELETE CASCADE,
    n           integer NOT NULL CHECK (n > 0),
    at          text NOT NULL,
    status      integer NOT NULL, -- of HTTP; 0 when there was no answer
    took_ms     integer NOT NULL,
    fault       text NOT NULL, -- why there was no answer
    excerpt     text NOT NULL, -- of the answer
    PRIMARY KEY (delivery_id, n)
) STRICT;

-- The certificates behind the signatures of R-222, for the gateway to serve. The keys are with the workers.
CREATE TABLE webhook_certificates (
    id           text PRIMARY KEY, -- SHA-256 of it
    certificate  text NOT NULL, -- DER in base64
    published_at text NOT NULL
) STRICT;
