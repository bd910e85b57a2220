-- Which workflow runs have yet to look at the ledger. A change raises "wanted" in its own transaction; whoever makes runs
-- follow tells the run and raises "told". A run is told a number, never a decision.

-- +goose Up

CREATE TABLE runs (
    workflow_id    text PRIMARY KEY,
    workflow_type  text NOT NULL,
    subject_id     text NOT NULL,
    fair_key       text NOT NULL, -- whose runs share a part of what is told at once
    wanted         integer NOT NULL,
    told           integer NOT NULL DEFAULT 0,
    cause          text NOT NULL CHECK (cause IN ('opened', 'submitted', 'cancelled', 'declined', 'given-up', 'answered', 'resumed', 'replaced', 'watch')),
    due_at         text NOT NULL, -- not to be told before; moved on by whoever is about to
    attempts       integer NOT NULL DEFAULT 0,
    last_error     text NOT NULL DEFAULT '', -- a code
    since          text NOT NULL, -- when told fell behind
    watched_at     text, -- when it was last raised because nobody else did
    correlation_id text NOT NULL DEFAULT '',
    CHECK (told BETWEEN 0 AND wanted)
) STRICT;

CREATE INDEX runs_due ON runs (due_at) WHERE told < wanted;
CREATE INDEX runs_due_fairly ON runs (fair_key, due_at) WHERE told < wanted;

-- Leave for the latest call of a billing system about the item.
ALTER TABLE line_items ADD COLUMN attempted_at text;

CREATE INDEX transfers_open ON transfers (id) WHERE status IN ('Pending', 'InProgress');

-- The runs of the version before are replaced by ones that look.
INSERT INTO runs (workflow_id, workflow_type, subject_id, fair_key, wanted, cause, due_at, since)
    SELECT 'transfer/' || id, 'Transfer', id, target_tenant_id, 1, 'replaced',
        strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'), strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')
    FROM transfers WHERE status IN ('Pending', 'InProgress');
