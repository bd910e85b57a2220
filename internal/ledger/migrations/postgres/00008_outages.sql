-- A billing system that is not there for anybody is one fact, shared by all programs that call it.

-- +goose Up

CREATE TABLE outages (
    name        text PRIMARY KEY, -- of what is away
    since       timestamptz NOT NULL,
    failures    bigint NOT NULL, -- calls in vain since then, as far as they were reported
    last_status integer NOT NULL DEFAULT 0, -- HTTP status of the latest answer; 0 when there was none
    last_error  text NOT NULL DEFAULT '', -- what it said
    next_at     timestamptz NOT NULL, -- when it is asked again, by whoever reported last
    ended_at    timestamptz -- null while it goes on
);
