-- What partners pay: orders, and lines of what is charged and credited. Subscriptions that moved before have neither: what was paid for them
-- is the billing system's to say. Their cycles are derived from their terms.

-- +goose Up

ALTER TABLE subscriptions ADD COLUMN cycles_from timestamptz; -- of what a transfer moved from here on: a day on which a billing cycle began
CREATE INDEX subscriptions_paid ON subscriptions (partner_tenant_id, id) WHERE billed;

CREATE TABLE orders (
    id                 text PRIMARY KEY,
    customer_tenant_id text NOT NULL REFERENCES customers (tenant_id),
    partner_tenant_id  text NOT NULL REFERENCES partners (tenant_id),
    billing_cycle      text NOT NULL,
    currency           text NOT NULL, -- that the partner was billed in
    created            timestamptz NOT NULL,
    status             text NOT NULL CHECK (status IN ('pending', 'completed', 'cancelled')),
    transaction_type   text NOT NULL CHECK (transaction_type IN ('UserPurchase', 'SystemPurchase', 'SystemBilling'))
);
CREATE INDEX orders_of_customer ON orders (customer_tenant_id, partner_tenant_id, created, id);

CREATE TABLE order_lines (
    order_id             text NOT NULL REFERENCES orders (id),
    number               integer NOT NULL CHECK (number >= 0),
    offer_id             text NOT NULL,
    subscription_id      text NOT NULL REFERENCES subscriptions (id),
    term_duration        text NOT NULL,
    friendly_name        text NOT NULL,
    quantity             integer NOT NULL CHECK (quantity >= 0),
    partner_id_on_record text NOT NULL,
    PRIMARY KEY (order_id, number)
);
CREATE INDEX order_lines_of_subscription ON order_lines (subscription_id);

CREATE TABLE billing_lines (
    id                 text PRIMARY KEY,
    partner_tenant_id  text NOT NULL REFERENCES partners (tenant_id),
    customer_tenant_id text NOT NULL REFERENCES customers (tenant_id),
    subscription_id    text NOT NULL REFERENCES subscriptions (id),
    from_day           timestamptz NOT NULL,
    to_day             timestamptz NOT NULL, -- belongs to the line as well
    quantity           integer NOT NULL CHECK (quantity >= 0),
    amount_minor       bigint NOT NULL CHECK (amount_minor >= 0), -- in hundredths
    currency           text NOT NULL,
    kind               text NOT NULL CHECK (kind IN ('charge', 'credit')),
    cause              text NOT NULL CHECK (cause IN ('transfer', 'cancellation', 'quantity')),
    subject            text NOT NULL, -- the transfer, or which change of the subscription it was
    month              text NOT NULL, -- of whose invoice it is, such as 203103
    created_at         timestamptz NOT NULL,
    CHECK (from_day <= to_day)
);
-- Whatever is repeated, it is charged and credited once.
CREATE UNIQUE INDEX billing_lines_once ON billing_lines (subscription_id, cause, subject);
CREATE INDEX billing_lines_of_invoice ON billing_lines (partner_tenant_id, month, created_at, id);

-- A line that was wrong is made good by another one.
-- +goose StatementBegin
CREATE FUNCTION refuse_changing_bills() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'billing lines are append-only';
END $$;
-- +goose StatementEnd

CREATE TRIGGER billing_lines_no_update BEFORE UPDATE ON billing_lines FOR EACH ROW EXECUTE FUNCTION refuse_changing_bills();
CREATE TRIGGER billing_lines_no_delete BEFORE DELETE ON billing_lines FOR EACH ROW EXECUTE FUNCTION refuse_changing_bills();
CREATE TRIGGER billing_lines_no_truncate BEFORE TRUNCATE ON billing_lines FOR EACH STATEMENT EXECUTE FUNCTION refuse_changing_bills();
