-- Activities carry the name of their context in front of their own. A run that was begun before cannot go on by replay, so each
-- that is open is ended, and another begins in its place and looks: those of transfers, of their ranges, of an outage.

-- +goose Up

INSERT INTO runs (workflow_id, workflow_type, subject_id, fair_key, wanted, cause, due_at, since)
    SELECT 'transfer/' || id, 'Transfer', id, target_tenant_id, 1, 'replaced', now(), now()
    FROM transfers WHERE status IN ('Pending', 'InProgress')
    ON CONFLICT (workflow_id) DO UPDATE SET wanted = runs.wanted + 1, cause = 'replaced', due_at = excluded.due_at, attempts = 0, last_error = '',
        since = CASE WHEN runs.told < runs.wanted THEN runs.since ELSE excluded.since END
        WHERE runs.told = runs.wanted OR runs.cause <> 'replaced'; -- a replacement stands until it is made

-- Every transfer so far follows the rules 0 of runs: of more than 250 line items, each 250 are moved by a run of their own.
INSERT INTO runs (workflow_id, workflow_type, subject_id, fair_key, wanted, cause, due_at, since)
    SELECT 'transfer/' || r.id || '/items/' || (r.n * 250) || '-' || CASE WHEN (r.n + 1) * 250 < r.total THEN (r.n + 1) * 250 ELSE r.total END,
        'MoveRange', r.id, r.target_tenant_id, 1, 'replaced', now(), now()
    FROM (
        SELECT DISTINCT t.id, t.target_tenant_id, i.ordinal / 250 AS n, (SELECT COUNT(*) FROM line_items c WHERE c.transfer_id = t.id) AS total
        FROM transfers t JOIN line_items i ON i.transfer_id = t.id WHERE t.status = 'InProgress' AND i.status = 'InProgress'
    ) r WHERE r.total > 250
    ON CONFLICT (workflow_id) DO UPDATE SET wanted = runs.wanted + 1, cause = 'replaced', due_at = excluded.due_at, attempts = 0, last_error = '',
        since = CASE WHEN runs.told < runs.wanted THEN runs.since ELSE excluded.since END
        WHERE runs.told = runs.wanted OR runs.cause <> 'replaced';

INSERT INTO runs (workflow_id, workflow_type, subject_id, fair_key, wanted, cause, due_at, since)
    SELECT 'billing-outage', 'BillingOutage', name, name, 1, 'replaced', now(), now()
    FROM outages WHERE ended_at IS NULL
    ON CONFLICT (workflow_id) DO UPDATE SET wanted = runs.wanted + 1, cause = 'replaced', due_at = excluded.due_at, attempts = 0, last_error = '',
        since = CASE WHEN runs.told < runs.wanted THEN runs.since ELSE excluded.since END
        WHERE runs.told = runs.wanted OR runs.cause <> 'replaced';
