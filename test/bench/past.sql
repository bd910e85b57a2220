-- Transfers as their lives would have left them, without living them: {customers} customers with {each} transfers each, from
-- customer number {first} on. The same text runs on both databases: stamp(s) stands for the time s seconds after 1970.
--
-- Of each customer's transfers, by age: seven tenths are over (six in seven Expired, Cancel or Reject, one in seven Complete
-- with one to three line items), three tenths, of the last 28 days, are Pending. Ids are scattered, as real ones are.

CREATE TEMP TABLE past AS
WITH RECURSIVE numbers (i) AS (SELECT CAST(0 AS bigint) UNION ALL SELECT i + 1 FROM numbers WHERE i + 1 < {customers} * {each}),
parties (customer, source, target) AS (VALUES {parties}),
aged AS (SELECT {first} + i % {customers} AS c, i / {customers} AS age, i / {customers} * 10 >= {each} * 7 AS waits FROM numbers),
dated AS (
    SELECT c, age, c * 10000 + age AS number,
        {now} - ({each} - age) * {apart} + c % 1000 * ({apart} / 1000) - CASE WHEN waits THEN 0 ELSE 4 * 86400 END AS created,
        CASE WHEN waits THEN 'Pending' ELSE CASE (c + age) % 7 WHEN 0 THEN 'Expired' WHEN 1 THEN 'Expired' WHEN 2 THEN 'Cancel'
            WHEN 3 THEN 'Cancel' WHEN 4 THEN 'Reject' WHEN 5 THEN 'Reject' ELSE 'Complete' END END AS status
    FROM aged)
SELECT number, age, status, source, target, created,
    substr(CAST(100000000 + number * 61803399 % 100000000 AS text), 2) AS scattered,
    substr(CAST(1000000000000 + number AS text), 2) AS counted,
    substr(CAST(100000000 + number * 61803399 % 100000000 AS text), 2) || '-7777-4000-8000-' || substr(CAST(1000000000000 + number AS text), 2) AS id,
    'cccccccc-7777-4000-8000-' || substr(CAST(1000000000000 + c AS text), 2) AS customer,
    'it@past' || c || '.example' AS email,
    (created / 86400 + 31) * 86400 AS expiration,
    CASE status WHEN 'Pending' THEN created WHEN 'Expired' THEN (created / 86400 + 31) * 86400 ELSE created + 7200 END AS ended
FROM dated JOIN parties ON parties.customer = dated.c % 5;

CREATE TEMP TABLE picked AS
SELECT p.id, p.customer, p.source, p.target, p.created, p.ended, k AS ordinal,
    p.scattered || '-7777-4000-900' || k || '-' || p.counted AS old, p.scattered || '-7777-4000-a00' || k || '-' || p.counted AS new
FROM past p JOIN (SELECT 0 AS k UNION ALL SELECT 1 UNION ALL SELECT 2) AS three ON k <= p.age % 3
WHERE p.status = 'Complete';

INSERT INTO subscriptions (id, lineage_id, customer_tenant_id, partner_tenant_id, product_type, offer_id, friendly_name, quantity,
    unit_price_minor, billing_cycle, term_duration, creation_date, commitment_end_date, status, auto_renew,
    partner_on_record, locked, sandbox_fault)
SELECT old, old, customer, source, 'OnlineServicesNCE', 'licence:0001', 'Licence ' || ordinal, 10,
    1250, 'monthly', 'P1Y', stamp(created - 86400), stamp(created + 364 * 86400), 'deleted', TRUE, '', FALSE, '' FROM picked
UNION ALL
SELECT new, old, customer, target, 'OnlineServicesNCE', 'licence:0001', 'Licence ' || ordinal, 10,
    1250, 'monthly', 'P1Y', stamp(ended), stamp(created + 364 * 86400), 'active', TRUE, '', FALSE, '' FROM picked;

INSERT INTO transfers (id, request_id, requested_by, customer_tenant_id, customer_email, customer_name,
    source_tenant_id, source_name, target_tenant_id, target_name, target_email_id, partner_on_record,
    transfer_type, ignore_eligibility_check, status, created_time, last_modified_time, expiration_time, submitted_time,
    completed_time, last_modified_user, decline_reason, overdue, change_id)
SELECT p.id, 'past-' || p.number, '', p.customer, p.email, c.name,
    p.source, s.name, p.target, t.name, '', '',
    3, FALSE, p.status, stamp(p.created), stamp(p.ended), stamp(p.expiration), CASE p.status WHEN 'Complete' THEN stamp(p.created + 3600) END,
    CASE p.status WHEN 'Complete' THEN stamp(p.ended) END, '', CASE p.status WHEN 'Reject' THEN 'Not now.' ELSE '' END, FALSE,
    p.source || '_' || p.customer || '_' || p.id || '_' || CASE p.status WHEN 'Pending' THEN 'createtransfer' WHEN 'Complete' THEN 'completetransfer'
        ELSE 'updatetransfer' END || '_' || CAST(621355968000000000 + p.ended * 10000000 AS text)
FROM past p JOIN customers c ON c.tenant_id = p.customer JOIN partners s ON s.tenant_id = p.source JOIN partners t ON t.tenant_id = p.target;

INSERT INTO line_items (transfer_id, ordinal, subscription_id, product_type, offer_id, friendly_name, quantity,
    billing_cycle, status, target_subscription_id, attempts, last_error, give_up_request_id)
SELECT id, ordinal, old, 'OnlineServicesNCE', 'licence:0001', 'Licence ' || ordinal, 10, 'monthly', 'Complete', new, 1, '', ''
FROM picked;

CREATE TEMP TABLE happened AS
SELECT id, customer, email, source, target, created AS moment, 'created' AS event, 'Pending' AS status, 'target' AS actor,
    'create_transfer' AS operation FROM past
UNION ALL
SELECT id, customer, email, source, target, created + 3600, 'submitted', 'InProgress', 'source', 'update_transfer'
FROM past WHERE status = 'Complete'
UNION ALL
SELECT id, customer, email, source, target, ended,
    CASE status WHEN 'Complete' THEN 'completed' WHEN 'Cancel' THEN 'cancelled' WHEN 'Reject' THEN 'declined' ELSE 'expired' END, status,
    CASE status WHEN 'Cancel' THEN 'target' WHEN 'Reject' THEN 'source' ELSE 'platform' END,
    CASE status WHEN 'Complete' THEN 'complete_transfer' ELSE 'update_transfer' END
FROM past WHERE status <> 'Pending';

INSERT INTO activity_log (id, event_key, partner_tenant_id, participants, customer_tenant_id, resource_type, resource_id, operation, user_id,
    user_principal_name, application_id, correlation_id, old_value, new_value, status, recorded_at)
SELECT partner || '_' || customer || '_' || id || '_' || replace(operation, '_', '') || '_' || CAST(621355968000000000 + moment * 10000000 AS text),
    event, partner, '["' || source || '","' || target || '"]', customer, 'transfer', id, operation, '', '', '', '', '',
    '{"event":"' || event || '","status":"' || status || '","by":"' || actor || '"}', 'succeeded', stamp(moment)
FROM (SELECT h.*, source AS partner FROM happened h UNION ALL SELECT h.*, target FROM happened h) AS told;

INSERT INTO notifications (subject_kind, subject_id, event, audience, recipient, locale, message_id, attempts, sent_at, last_error)
SELECT 'transfer', id, event, audience, recipient, 'en-US', id || '-' || event || '-' || audience || '@handover', 1, stamp(moment), ''
FROM (SELECT id, event, moment, 'customer' AS audience, email AS recipient FROM happened WHERE event IN ('created', 'completed')
    UNION ALL SELECT id, event, moment, 'source', a.email FROM happened JOIN partner_users a ON a.partner_tenant_id = source
        WHERE event IN ('created', 'completed')
    UNION ALL SELECT id, event, moment, 'target', a.email FROM happened JOIN partner_users a ON a.partner_tenant_id = target
        WHERE event IN ('completed', 'declined')) AS owed;

-- No run is begun for them, now or when ledger and Temporal are compared: they wait to be told, next year.
INSERT INTO runs (workflow_id, workflow_type, subject_id, fair_key, wanted, cause, due_at, since)
SELECT 'transfer/' || id, 'Transfer', id, target, 1, 'opened', stamp({now} + 31536000), stamp(created) FROM past WHERE status = 'Pending';

DROP TABLE happened;
DROP TABLE picked;
DROP TABLE past;
