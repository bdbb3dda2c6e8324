-- The Parquet files of the event store, the names of their columns, and how far its log is in them.

CREATE TABLE event_files (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('logs', 'spans', 'errors')),
    -- Below the root of the object store; never used twice.
    path TEXT NOT NULL UNIQUE,
    rows INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    -- Unix nanoseconds, both inclusive.
    min_time_ns INTEGER NOT NULL,
    max_time_ns INTEGER NOT NULL,
    -- JSON arrays of names; no services when they are too many to name.
    services TEXT,
    columns TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    -- 0 for what a flush wrote, one more with each merge.
    level INTEGER NOT NULL
);

-- (kind, scope, key, value kind) → column, for ever.
CREATE TABLE event_columns (
    kind TEXT NOT NULL,
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    value_kind TEXT NOT NULL,
    name TEXT NOT NULL,
    -- The order in which columns of a kind came.
    position INTEGER NOT NULL,
    PRIMARY KEY (kind, scope, key, value_kind),
    UNIQUE (kind, name)
);

-- What of the log of a store lies in its files: all segments up to this one.
CREATE TABLE log_watermarks (
    store TEXT PRIMARY KEY,
    segment INTEGER NOT NULL
);
