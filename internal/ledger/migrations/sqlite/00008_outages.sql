-- A billing system that is not there for anybody is one fact, shared by all programs that call it.

-- +goose Up

CREATE TABLE outages (
    name        text PRIMARY KEY, -- of what is away
    since       text NOT NULL,
    failures    integer NOT NULL, -- calls in vain since then, as far as they were reported
    last_status integer NOT NULL DEFAULT 0, -- HTTP status of the latest answer; 0 when there was none
    last_error  text NOT NULL DEFAULT '', -- what it said
    next_at     text NOT NULL, -- when it is asked again, by whoever reported last
    ended_at    text -- null while it goes on
) STRICT;
