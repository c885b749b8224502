-- Why:  the tables of the mirror that are no resource: identity, runs, state, history, drift.
-- Cost: new empty tables.
-- Undo: none; the mirror can be read again from Graph, its history cannot: restore the backup.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- One row per pull of a resource, written with the data when the pull ends.
CREATE TABLE sync_runs (
    run_id     INTEGER PRIMARY KEY,
    resource   TEXT      NOT NULL,
    started_at TIMESTAMP NOT NULL,
    ended_at   TIMESTAMP NOT NULL,
    outcome    TEXT      NOT NULL,
    pages      INTEGER   NOT NULL DEFAULT 0,
    requests   INTEGER   NOT NULL DEFAULT 0,
    inserted   INTEGER   NOT NULL DEFAULT 0,
    updated    INTEGER   NOT NULL DEFAULT 0,
    deleted    INTEGER   NOT NULL DEFAULT 0,
    refused    INTEGER   NOT NULL DEFAULT 0,  -- deletes held back by the brake
    error      TEXT,
    CONSTRAINT outcome_known CHECK (outcome IN ('complete', 'incomplete', 'refused', 'skipped')),
    -- Only a list that proved itself complete may delete.
    CONSTRAINT only_complete_deletes CHECK (deleted = 0 OR outcome = 'complete')
);
CREATE INDEX sync_runs_resource ON sync_runs (resource, run_id);

-- What a resource remembers between runs: watermark, link of a first fill that was cut off, ids
-- that were missing from the last complete list, names that the tenant refused.
CREATE TABLE sync_state (
    resource   TEXT      NOT NULL,
    key        TEXT      NOT NULL,
    value      TEXT      NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    PRIMARY KEY (resource, key)
) WITHOUT ROWID;

-- Behind the view freshness: one row per included resource.
CREATE TABLE resource_status (
    resource             TEXT PRIMARY KEY,
    interval_seconds     INTEGER NOT NULL,
    last_complete_at     TIMESTAMP,
    consecutive_failures INTEGER NOT NULL DEFAULT 0,
    last_error           TEXT,
    degraded_reason      TEXT,
    row_count            INTEGER NOT NULL DEFAULT 0,
    included             BOOLEAN NOT NULL DEFAULT 1
);

CREATE TABLE history (
    resource   TEXT      NOT NULL,
    id         TEXT      NOT NULL,
    from_seq   INTEGER   NOT NULL,
    to_seq     INTEGER   NOT NULL,
    valid_from TIMESTAMP NOT NULL,
    valid_to   TIMESTAMP NOT NULL,
    ended_by   TEXT      NOT NULL,
    raw        TEXT      NOT NULL,
    CONSTRAINT ended_by_known CHECK (ended_by IN ('update', 'delete')),
    CONSTRAINT seq_grows CHECK (to_seq > from_seq)
);
CREATE INDEX history_from_seq ON history (from_seq);
CREATE INDEX history_to_seq ON history (to_seq, ended_by);
CREATE INDEX history_object ON history (resource, id, from_seq);

CREATE TABLE schema_drift (
    resource      TEXT      NOT NULL,
    path          TEXT      NOT NULL,  -- Graph's spelling, dotted
    kind          TEXT      NOT NULL,
    example       TEXT,
    first_seen_at TIMESTAMP NOT NULL,
    count         INTEGER   NOT NULL DEFAULT 0,  -- objects
    PRIMARY KEY (resource, path, kind),
    CONSTRAINT kind_known CHECK (kind IN ('property', 'enum', 'type', 'refused'))
) WITHOUT ROWID;

CREATE TABLE quarantine (
    resource      TEXT      NOT NULL,
    id            TEXT      NOT NULL,  -- '' where none could be found
    _hash         INTEGER   NOT NULL,  -- of the whole item's bytes
    reason        TEXT      NOT NULL,
    raw           BLOB      NOT NULL,  -- as sent, cut to 64 KiB; a BLOB because it may be no text
    run_id        INTEGER   NOT NULL,  -- of the last run that met it
    first_seen_at TIMESTAMP NOT NULL,
    -- Its columns stand first: SQLite 3.40's integrity_check reports NULLs that are not there in a
    -- table WITHOUT ROWID whose key columns do not.
    PRIMARY KEY (resource, id, _hash)
) WITHOUT ROWID;

-- Intervals of the audit log that can no longer be read.
CREATE TABLE gaps (
    resource  TEXT      NOT NULL,
    from_time TIMESTAMP NOT NULL,
    to_time   TIMESTAMP NOT NULL,
    reason    TEXT      NOT NULL
);

-- julianday() and strftime() are plain SQL functions that a reader with trusted_schema=OFF may call.
CREATE VIEW freshness AS
SELECT resource,
       last_complete_at,
       CAST((julianday('now') - julianday(last_complete_at)) * 86400 AS INTEGER) AS age_seconds,
       interval_seconds,
       consecutive_failures,
       last_error,
       degraded_reason,
       row_count
  FROM resource_status
 WHERE included = 1;
