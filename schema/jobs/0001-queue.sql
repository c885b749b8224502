-- Why:  the queue, its ledger and the rules that hold whoever writes: an INSERT asks, the daemon
--       alone does the rest, and what was asked or has ended never changes.
-- How:  UPDATE and DELETE of every table, and INSERT into all but `jobs`, call cloudpcd_daemon(),
--       which only the daemon's connection registers: nobody else's statement compiles.
--       Readers with trusted_schema=OFF and since SQLite 3.15 must be able to open the file: no
--       JSON function, no newer syntax, and texts of RAISE are literals.
-- Cost: new empty tables.
-- Undo: none; restore a backup.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE jobs (
    -- Not AUTOINCREMENT: anybody could change sqlite_sequence. The newest row is never removed.
    job_id           INTEGER PRIMARY KEY,
    request_id       TEXT COLLATE NOCASE NOT NULL UNIQUE DEFAULT (lower(
        hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) ||
        '-' || substr('89ab', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || '-' ||
        hex(randomblob(6)))),

    -- The request: what an INSERT may set.
    kind             TEXT      NOT NULL,
    target_id        TEXT,
    params           TEXT,
    expect           TEXT,
    reason           TEXT,
    requested_by     TEXT,
    batch_id         TEXT,
    priority         INTEGER   NOT NULL DEFAULT 5,
    not_before       TIMESTAMP,
    expires_at       TIMESTAMP,
    dry_run          BOOLEAN   NOT NULL DEFAULT 0,
    allow_duplicate  BOOLEAN   NOT NULL DEFAULT 0,
    created_at       TIMESTAMP NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),

    -- Filled by the daemon.
    state            TEXT      NOT NULL DEFAULT 'submitted',
    state_reason     TEXT,
    held_by          TEXT,       -- of `held`: what has to change
    due_at           TIMESTAMP,  -- when the daemon looks at it again by itself
    target_name      TEXT,
    risk             INTEGER,
    touches          INTEGER,    -- Cloud PCs
    duplicate_key    TEXT,       -- equal on one Cloud PC: the same deed
    origin           TEXT      NOT NULL DEFAULT 'sql',
    actor_verified   BOOLEAN   NOT NULL DEFAULT 0,
    approved_by      TEXT,
    approved_at      TIMESTAMP,
    approval_hash    TEXT,       -- of what was approved
    http_status      INTEGER,
    error_code       TEXT,
    error_message    TEXT,
    result           TEXT,
    graph_request_id TEXT,
    attempts         INTEGER   NOT NULL DEFAULT 0,
    updated_at       TIMESTAMP,
    finished_at      TIMESTAMP,

    -- In a BEFORE INSERT trigger -1 stands for "none given".
    CONSTRAINT job_id_positive CHECK (job_id > 0),
    CONSTRAINT request_id_is_a_uuid CHECK (
        typeof(request_id) = 'text' AND length(CAST(request_id AS BLOB)) = 36 AND
        request_id NOT GLOB '*[^-0-9A-Fa-f]*' AND request_id GLOB '????????-????-????-????-????????????'
        AND length(replace(request_id, '-', '')) = 32),
    CONSTRAINT texts_are_text CHECK (
        typeof(kind) = 'text' AND typeof(target_id) IN ('text', 'null') AND
        typeof(params) IN ('text', 'null') AND typeof(expect) IN ('text', 'null') AND
        typeof(reason) IN ('text', 'null') AND typeof(requested_by) IN ('text', 'null') AND
        typeof(batch_id) IN ('text', 'null')),
    CONSTRAINT request_at_most_64_kb CHECK (
        length(CAST(kind AS BLOB)) + coalesce(length(CAST(target_id AS BLOB)), 0) +
        coalesce(length(CAST(params AS BLOB)), 0) + coalesce(length(CAST(expect AS BLOB)), 0) +
        coalesce(length(CAST(reason AS BLOB)), 0) + coalesce(length(CAST(requested_by AS BLOB)), 0) +
        coalesce(length(CAST(batch_id AS BLOB)), 0) + coalesce(length(CAST(not_before AS BLOB)), 0) +
        coalesce(length(CAST(expires_at AS BLOB)), 0) <= 65536),
    CONSTRAINT priority_0_to_9 CHECK (typeof(priority) = 'integer' AND priority BETWEEN 0 AND 9),
    CONSTRAINT dry_run_0_or_1 CHECK (typeof(dry_run) = 'integer' AND dry_run IN (0, 1)),
    CONSTRAINT allow_duplicate_0_or_1 CHECK (
        typeof(allow_duplicate) = 'integer' AND allow_duplicate IN (0, 1)),
    CONSTRAINT state_known CHECK (
        state IN ('submitted', 'awaiting_approval', 'held', 'queued', 'sending', 'accepted',
                  'in_doubt', 'succeeded', 'failed', 'rejected', 'cancelled', 'expired', 'checked')),
    CONSTRAINT held_by_known CHECK (
        held_by IN ('not_before', 'target_busy', 'budget', 'freeze', 'clock', 'login', 'unreadable',
                    'retry', 'restored')),
    CONSTRAINT held_by_something CHECK ((state = 'held') = (held_by IS NOT NULL)),
    CONSTRAINT risk_0_to_2 CHECK (risk IN (0, 1, 2)),
    CONSTRAINT touches_counted CHECK (touches >= 0),
    CONSTRAINT origin_known CHECK (origin IN ('sql', 'api')),
    CONSTRAINT actor_verified_by_the_api CHECK (actor_verified = (origin = 'api')),
    CONSTRAINT approval_whole CHECK (
        (approved_by IS NULL) = (approved_at IS NULL) AND
        (approved_by IS NULL) = (approval_hash IS NULL)),
    CONSTRAINT dry_run_sends_nothing CHECK (
        dry_run = 0 OR state IN ('submitted', 'checked', 'rejected', 'cancelled', 'expired')),
    CONSTRAINT sent_has_its_class CHECK (
        state NOT IN ('sending', 'accepted', 'in_doubt') OR (risk IS NOT NULL AND attempts > 0)),
    CONSTRAINT finished_when_ended CHECK (
        (state IN ('succeeded', 'failed', 'rejected', 'cancelled', 'expired', 'checked')) =
        (finished_at IS NOT NULL))
);
CREATE INDEX jobs_state ON jobs (state, job_id);
CREATE INDEX jobs_queue ON jobs (priority, not_before, job_id) WHERE state = 'queued';
-- What destructive jobs are about to take from the budgets. Columns of the condition are in it, or
-- SQLite 3.40 looks into each row for them.
CREATE INDEX jobs_destructive ON jobs (state, risk, priority, not_before, job_id, due_at, touches)
    WHERE state = 'queued' AND risk = 2;
CREATE INDEX jobs_held ON jobs (held_by, priority, not_before, job_id, touches)
    WHERE held_by IS NOT NULL;
CREATE INDEX jobs_due ON jobs (due_at) WHERE finished_at IS NULL;
CREATE INDEX jobs_expiry ON jobs (expires_at) WHERE finished_at IS NULL;
CREATE INDEX jobs_batch ON jobs (batch_id) WHERE batch_id IS NOT NULL;
CREATE INDEX jobs_target ON jobs (target_id) WHERE target_id IS NOT NULL;
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;

-- One row per request that was, or may have been, sent; written before its first byte.
CREATE TABLE job_attempts (
    attempt_id        INTEGER PRIMARY KEY,  -- over all jobs; the anchor file has the highest
    job_id            INTEGER   NOT NULL REFERENCES jobs (job_id),
    attempt           INTEGER   NOT NULL,   -- of the job, from 1
    client_request_id TEXT      NOT NULL UNIQUE,
    method            TEXT      NOT NULL,
    path              TEXT      NOT NULL,   -- from the version on
    body_sha256       TEXT,                 -- of the body as it may be shown; NULL: none
    acted_as          TEXT      NOT NULL,   -- 'application', or the signed-in user
    boot_id           TEXT      NOT NULL,
    intent_at         TIMESTAMP NOT NULL,
    verdict           TEXT,                 -- NULL: on its way
    verdict_at        TIMESTAMP,
    http_status       INTEGER,              -- NULL: no response was read
    error_code        TEXT,
    error_message     TEXT,
    graph_request_id  TEXT,
    evidence          TEXT,                 -- what proved it: explains this attempt and no other
    UNIQUE (job_id, attempt),
    CONSTRAINT verdict_known CHECK (verdict IN ('executed', 'not_executed', 'unknown')),
    CONSTRAINT verdict_dated CHECK ((verdict IS NULL) = (verdict_at IS NULL))
);
CREATE UNIQUE INDEX job_attempts_evidence ON job_attempts (evidence) WHERE evidence IS NOT NULL;
CREATE INDEX job_attempts_on_their_way ON job_attempts (job_id) WHERE verdict IS NULL;

-- Every change of state or of its reason, who made it, and what else people did to a job.
CREATE TABLE job_events (
    event_id   INTEGER PRIMARY KEY,
    job_id     INTEGER   NOT NULL REFERENCES jobs (job_id),
    at         TIMESTAMP NOT NULL,
    from_state TEXT,                 -- NULL: submitted through the control API
    to_state   TEXT      NOT NULL,
    reason     TEXT,
    actor      TEXT      NOT NULL    -- 'daemon', or a person as the kernel knows them
);
CREATE INDEX job_events_job ON job_events (job_id, event_id);

-- Every object that a job touches. Of one object only one row is open: one active job.
CREATE TABLE job_targets (
    job_id    INTEGER NOT NULL REFERENCES jobs (job_id),
    resource  TEXT    NOT NULL,  -- table of the mirror
    target_id TEXT    NOT NULL,
    open      BOOLEAN NOT NULL DEFAULT 0,
    PRIMARY KEY (job_id, resource, target_id),
    CONSTRAINT open_0_or_1 CHECK (open IN (0, 1))
) WITHOUT ROWID;
CREATE UNIQUE INDEX job_targets_open ON job_targets (resource, target_id) WHERE open = 1;
CREATE INDEX job_targets_object ON job_targets (resource, target_id, job_id);

-- What a destructive job expects untold: the user whom the mirror had on each of its Cloud PCs when
-- it was submitted. A Cloud PC that the mirror did not know has no row.
CREATE TABLE job_expectations (
    job_id              INTEGER NOT NULL REFERENCES jobs (job_id),
    cloud_pc_id         TEXT    NOT NULL,
    user_principal_name TEXT    NOT NULL,
    PRIMARY KEY (job_id, cloud_pc_id)
) WITHOUT ROWID;

-- What destructive attempts took from the budgets. Given back by a proof of non-execution only.
CREATE TABLE guard_ledger (
    attempt_id  INTEGER PRIMARY KEY REFERENCES job_attempts (attempt_id),
    job_id      INTEGER   NOT NULL REFERENCES jobs (job_id),
    debited_at  TIMESTAMP NOT NULL,
    cloud_pcs   INTEGER   NOT NULL,
    refunded_at TIMESTAMP,
    CONSTRAINT cloud_pcs_counted CHECK (cloud_pcs > 0)
);
CREATE INDEX guard_ledger_time ON guard_ledger (debited_at);
CREATE INDEX guard_ledger_job ON guard_ledger (job_id);

-- The only changes of state there are. `needs` names a condition of the trigger jobs_change.
CREATE TABLE job_transitions (
    from_state TEXT NOT NULL,
    to_state   TEXT NOT NULL,
    needs      TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (from_state, to_state),
    CONSTRAINT needs_known CHECK (
        needs IN ('', 'dry_run', 'approval', 'delete', 'intent', 'verdict', 'executed', 'not_executed',
                  'unknown', 'class_0', 'restored', 'not_restored'))
) WITHOUT ROWID;
INSERT INTO job_transitions (from_state, to_state, needs) VALUES
    ('submitted', 'rejected', ''),
    ('submitted', 'awaiting_approval', ''),
    ('submitted', 'queued', ''),
    ('submitted', 'held', ''),
    ('submitted', 'cancelled', ''),
    ('submitted', 'expired', ''),
    ('submitted', 'checked', 'dry_run'),
    ('awaiting_approval', 'queued', 'approval'),
    ('awaiting_approval', 'held', ''),
    ('awaiting_approval', 'rejected', ''),
    ('awaiting_approval', 'cancelled', ''),
    ('awaiting_approval', 'expired', ''),
    ('held', 'queued', 'not_restored'),
    ('held', 'awaiting_approval', 'not_restored'),
    ('held', 'cancelled', ''),
    ('held', 'expired', ''),
    ('held', 'rejected', ''),
    ('held', 'succeeded', 'restored'),
    ('held', 'failed', 'restored'),
    ('queued', 'sending', 'intent'),
    ('queued', 'held', ''),
    ('queued', 'awaiting_approval', ''),
    ('queued', 'succeeded', 'delete'),
    ('queued', 'cancelled', ''),
    ('queued', 'expired', ''),
    ('queued', 'rejected', ''),
    ('sending', 'accepted', 'executed'),
    ('sending', 'succeeded', 'verdict'),
    ('sending', 'failed', 'verdict'),
    ('sending', 'in_doubt', 'unknown'),
    ('sending', 'queued', 'not_executed'),
    ('in_doubt', 'accepted', 'executed'),
    ('in_doubt', 'succeeded', 'verdict'),
    ('in_doubt', 'failed', 'verdict'),
    ('in_doubt', 'queued', 'class_0'),
    ('accepted', 'succeeded', ''),
    ('accepted', 'failed', ''),
    ('accepted', 'in_doubt', '');

-- One trigger, since the order of several is nobody's promise: a repeated request must be ignored
-- before anything of it is judged.
CREATE TRIGGER jobs_insert BEFORE INSERT ON jobs BEGIN
    SELECT RAISE(IGNORE) FROM jobs
     WHERE request_id = NEW.request_id AND kind IS NEW.kind AND target_id IS NEW.target_id
       AND params IS NEW.params AND expect IS NEW.expect AND dry_run IS NEW.dry_run;
    SELECT RAISE(ABORT, 'request_id: a job with other content has it')
      FROM jobs WHERE request_id = NEW.request_id;
    -- REPLACE would take the row away without firing a trigger.
    SELECT RAISE(ABORT, 'job_id: there is such a job; leave job_id out')
      FROM jobs WHERE job_id = NEW.job_id;

    SELECT RAISE(ABORT, 'state is filled by the daemon') WHERE NEW.state IS NOT 'submitted';
    SELECT RAISE(ABORT, 'state_reason is filled by the daemon') WHERE NEW.state_reason IS NOT NULL;
    SELECT RAISE(ABORT, 'held_by is filled by the daemon') WHERE NEW.held_by IS NOT NULL;
    SELECT RAISE(ABORT, 'due_at is filled by the daemon') WHERE NEW.due_at IS NOT NULL;
    SELECT RAISE(ABORT, 'target_name is filled by the daemon') WHERE NEW.target_name IS NOT NULL;
    SELECT RAISE(ABORT, 'risk is filled by the daemon') WHERE NEW.risk IS NOT NULL;
    SELECT RAISE(ABORT, 'touches is filled by the daemon') WHERE NEW.touches IS NOT NULL;
    SELECT RAISE(ABORT, 'duplicate_key is filled by the daemon') WHERE NEW.duplicate_key IS NOT NULL;
    SELECT RAISE(ABORT, 'origin is filled by the daemon') WHERE NEW.origin IS NOT 'sql';
    SELECT RAISE(ABORT, 'actor_verified is filled by the daemon') WHERE NEW.actor_verified IS NOT 0;
    SELECT RAISE(ABORT, 'approved_by is filled by the daemon') WHERE NEW.approved_by IS NOT NULL;
    SELECT RAISE(ABORT, 'approved_at is filled by the daemon') WHERE NEW.approved_at IS NOT NULL;
    SELECT RAISE(ABORT, 'approval_hash is filled by the daemon') WHERE NEW.approval_hash IS NOT NULL;
    SELECT RAISE(ABORT, 'http_status is filled by the daemon') WHERE NEW.http_status IS NOT NULL;
    SELECT RAISE(ABORT, 'error_code is filled by the daemon') WHERE NEW.error_code IS NOT NULL;
    SELECT RAISE(ABORT, 'error_message is filled by the daemon') WHERE NEW.error_message IS NOT NULL;
    SELECT RAISE(ABORT, 'result is filled by the daemon') WHERE NEW.result IS NOT NULL;
    SELECT RAISE(ABORT, 'graph_request_id is filled by the daemon')
     WHERE NEW.graph_request_id IS NOT NULL;
    SELECT RAISE(ABORT, 'attempts is filled by the daemon') WHERE NEW.attempts IS NOT 0;
    SELECT RAISE(ABORT, 'updated_at is filled by the daemon') WHERE NEW.updated_at IS NOT NULL;
    SELECT RAISE(ABORT, 'finished_at is filled by the daemon') WHERE NEW.finished_at IS NOT NULL;

    -- datetime() reads more than dates. '+0 days' moves a day that does not exist into the next
    -- month, where it shows.
    SELECT RAISE(ABORT, 'not_before: give a date, with or without time, such as 2026-05-31 18:00; UTC')
     WHERE NEW.not_before IS NOT NULL
       AND (typeof(NEW.not_before) <> 'text' OR datetime(NEW.not_before) IS NULL
            OR NEW.not_before NOT GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*'
            OR date(substr(NEW.not_before, 1, 10), '+0 days') IS NOT substr(NEW.not_before, 1, 10));
    SELECT RAISE(ABORT, 'expires_at: give a date, with or without time, such as 2026-05-31 18:00; UTC')
     WHERE NEW.expires_at IS NOT NULL
       AND (typeof(NEW.expires_at) <> 'text' OR datetime(NEW.expires_at) IS NULL
            OR NEW.expires_at NOT GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*'
            OR date(substr(NEW.expires_at, 1, 10), '+0 days') IS NOT substr(NEW.expires_at, 1, 10));

    -- A secret is {"credential": NAME}: white space taken out and in lower case, the text behind
    -- the member's name begins so, and behind NAME the object ends.
    SELECT RAISE(ABORT, 'params: adDomainPassword must be {"credential": NAME}, never the secret')
      FROM (SELECT substr(text, instr(text, '"addomainpassword":') + 19) AS value
              FROM (SELECT lower(replace(replace(replace(replace(
                        NEW.params, ' ', ''), char(9), ''), char(10), ''), char(13), '')) AS text)
             WHERE instr(text, '"addomainpassword":') > 0)
     WHERE substr(value, 1, 15) <> '{"credential":"'
        OR substr(value, 16 + instr(substr(value, 16), '"'), 1) <> '}';
    -- Where the member belongs, its name stands nowhere else: not twice, not in other quotes.
    SELECT RAISE(ABORT, 'params: adDomainPassword is to be there once, as {"credential": NAME}')
      FROM (SELECT lower(replace(replace(replace(replace(
                NEW.params, ' ', ''), char(9), ''), char(10), ''), char(13), '')) AS text)
     WHERE lower(NEW.kind) GLOB 'on_premises_connection.*'
       AND instr(text, 'addomainpassword') > 0
       AND (instr(text, '"addomainpassword":{"credential":"') = 0
            OR length(CAST(text AS BLOB)) -
               length(CAST(replace(text, 'addomainpassword', '') AS BLOB)) > 16);
    -- \u could spell the name. An escaped backslash before a u, as in DOMAIN\\user, does not.
    SELECT RAISE(ABORT, 'params: of a kind that takes a secret, write characters without \u escapes')
     WHERE lower(NEW.kind) GLOB 'on_premises_connection.*'
       AND instr(replace(NEW.params, '\\', ''), '\u') > 0;
END;

CREATE TRIGGER jobs_inserted AFTER INSERT ON jobs BEGIN
    -- 'now' is one moment throughout a statement, so the default is known again.
    SELECT RAISE(ABORT, 'created_at is filled by the database')
     WHERE NEW.created_at IS NOT strftime('%Y-%m-%d %H:%M:%f', 'now');
    SELECT RAISE(ABORT, 'job_id: leave it out; jobs are numbered without gaps at the end')
     WHERE NEW.job_id <> 1 + coalesce((SELECT max(job_id) FROM jobs WHERE job_id < NEW.job_id), 0);
END;

CREATE TRIGGER jobs_change BEFORE UPDATE ON jobs BEGIN
    SELECT cloudpcd_daemon();
    SELECT RAISE(ABORT, 'a request does not change')
     WHERE NEW.job_id IS NOT OLD.job_id OR NEW.request_id IS NOT OLD.request_id
        OR NEW.kind IS NOT OLD.kind OR NEW.target_id IS NOT OLD.target_id
        OR NEW.expect IS NOT OLD.expect OR NEW.reason IS NOT OLD.reason
        OR NEW.requested_by IS NOT OLD.requested_by OR NEW.batch_id IS NOT OLD.batch_id
        OR NEW.priority IS NOT OLD.priority OR NEW.dry_run IS NOT OLD.dry_run
        OR NEW.allow_duplicate IS NOT OLD.allow_duplicate;
    -- A secret found late is erased where the job can no longer be sent.
    SELECT RAISE(ABORT, 'params do not change')
     WHERE NEW.params IS NOT OLD.params
       AND NOT (NEW.finished_at IS NOT NULL AND NEW.params IS '{"erased":true}');
    -- Times are filled and respelled once, and never moved.
    SELECT RAISE(ABORT, 'not_before does not change')
     WHERE NEW.not_before IS NOT OLD.not_before
       AND (OLD.state <> 'submitted'
            OR (OLD.not_before IS NOT NULL
                AND NEW.not_before IS NOT strftime('%Y-%m-%d %H:%M:%f', OLD.not_before)));
    SELECT RAISE(ABORT, 'expires_at does not change')
     WHERE NEW.expires_at IS NOT OLD.expires_at
       AND (OLD.state <> 'submitted'
            OR (OLD.expires_at IS NOT NULL
                AND NEW.expires_at IS NOT strftime('%Y-%m-%d %H:%M:%f', OLD.expires_at)));
    SELECT RAISE(ABORT, 'where a job came from does not change')
     WHERE (NEW.origin IS NOT OLD.origin OR NEW.actor_verified IS NOT OLD.actor_verified
            OR NEW.created_at IS NOT OLD.created_at)
       AND NOT (OLD.state = 'submitted' AND OLD.updated_at IS NULL AND OLD.origin = 'sql'
                AND NEW.origin = 'api');
    SELECT RAISE(ABORT, 'what is sent is settled')
     WHERE OLD.state IN ('sending', 'accepted', 'in_doubt')
       AND (NEW.risk IS NOT OLD.risk OR NEW.touches IS NOT OLD.touches
            OR NEW.duplicate_key IS NOT OLD.duplicate_key);
    SELECT RAISE(ABORT, 'attempts count intents')
     WHERE NEW.attempts IS NOT OLD.attempts + (OLD.state = 'queued' AND NEW.state = 'sending');
    SELECT RAISE(ABORT, 'a job that has ended does not change')
     WHERE OLD.finished_at IS NOT NULL
       AND (NEW.params IS OLD.params OR NEW.state IS NOT OLD.state
            OR NEW.state_reason IS NOT OLD.state_reason OR NEW.result IS NOT OLD.result
            OR NEW.http_status IS NOT OLD.http_status OR NEW.error_code IS NOT OLD.error_code
            OR NEW.error_message IS NOT OLD.error_message
            OR NEW.graph_request_id IS NOT OLD.graph_request_id
            OR NEW.finished_at IS NOT OLD.finished_at OR NEW.approved_by IS NOT OLD.approved_by
            OR NEW.approved_at IS NOT OLD.approved_at OR NEW.risk IS NOT OLD.risk
            OR NEW.touches IS NOT OLD.touches OR NEW.target_name IS NOT OLD.target_name
            OR NEW.approval_hash IS NOT OLD.approval_hash OR NEW.due_at IS NOT OLD.due_at
            OR NEW.duplicate_key IS NOT OLD.duplicate_key);
    SELECT RAISE(ABORT, 'there is no such change of state')
     WHERE NEW.state IS NOT OLD.state
       AND NOT EXISTS (
           SELECT 1 FROM job_transitions
            WHERE from_state = OLD.state AND to_state = NEW.state
              AND CASE needs
                  WHEN '' THEN 1
                  WHEN 'dry_run' THEN OLD.dry_run = 1
                  WHEN 'approval' THEN NEW.approved_by IS NOT NULL
                  WHEN 'delete' THEN OLD.kind GLOB '*.delete'
                  -- At most once: nothing of classes 1 and 2 is sent after an attempt that was
                  -- not proved to have come to nothing.
                  WHEN 'intent' THEN EXISTS (
                      SELECT 1 FROM job_attempts WHERE job_id = OLD.job_id
                         AND attempt = NEW.attempts AND verdict IS NULL)
                      AND (NEW.risk = 0 OR NOT EXISTS (
                          SELECT 1 FROM job_attempts WHERE job_id = OLD.job_id
                             AND attempt < NEW.attempts AND verdict IS NOT 'not_executed'))
                  WHEN 'verdict' THEN EXISTS (
                      SELECT 1 FROM job_attempts WHERE job_id = OLD.job_id
                         AND attempt = OLD.attempts AND verdict IN ('executed', 'not_executed'))
                  WHEN 'class_0' THEN OLD.risk = 0
                  WHEN 'restored' THEN OLD.held_by = 'restored'
                  WHEN 'not_restored' THEN OLD.held_by <> 'restored'
                  ELSE EXISTS (
                      SELECT 1 FROM job_attempts WHERE job_id = OLD.job_id
                         AND attempt = OLD.attempts AND verdict = needs)
                  END);
    SELECT RAISE(ABORT, 'only a person lets go of a restored job')
     WHERE OLD.held_by = 'restored' AND NEW.state = 'held' AND NEW.held_by IS NOT 'restored';
    SELECT RAISE(ABORT, 'a change of state has its event')
     WHERE NEW.state IS NOT OLD.state
       AND NOT EXISTS (
           SELECT 1 FROM job_events
            WHERE event_id = (SELECT max(event_id) FROM job_events WHERE job_id = OLD.job_id)
              AND from_state IS OLD.state AND to_state IS NEW.state);
END;

-- An ended job lets go of its targets with the statement that ends it.
CREATE TRIGGER jobs_ended AFTER UPDATE OF state ON jobs
WHEN NEW.finished_at IS NOT NULL AND OLD.finished_at IS NULL BEGIN
    UPDATE job_targets SET open = 0 WHERE job_id = NEW.job_id AND open = 1;
END;

CREATE TRIGGER jobs_delete BEFORE DELETE ON jobs BEGIN
    SELECT cloudpcd_daemon();
    SELECT RAISE(ABORT, 'an open job is not removed') WHERE OLD.finished_at IS NULL;
    SELECT RAISE(ABORT, 'the newest job is not removed; its number would be given again')
     WHERE OLD.job_id = (SELECT max(job_id) FROM jobs);
END;

CREATE TRIGGER job_attempts_insert BEFORE INSERT ON job_attempts BEGIN
    SELECT cloudpcd_daemon();
    SELECT RAISE(ABORT, 'there is such an attempt')
      FROM job_attempts
     WHERE attempt_id = NEW.attempt_id OR client_request_id = NEW.client_request_id
        OR (job_id = NEW.job_id AND attempt = NEW.attempt);
    SELECT RAISE(ABORT, 'an attempt begins as the next one of a queued job')
     WHERE NOT EXISTS (SELECT 1 FROM jobs WHERE job_id = NEW.job_id AND state = 'queued'
                          AND dry_run = 0 AND attempts + 1 = NEW.attempt)
        OR NEW.verdict IS NOT NULL OR NEW.evidence IS NOT NULL;
END;
CREATE TRIGGER job_attempts_update BEFORE UPDATE ON job_attempts BEGIN
    SELECT cloudpcd_daemon();
    SELECT RAISE(ABORT, 'an intent does not change')
     WHERE NEW.attempt_id IS NOT OLD.attempt_id OR NEW.job_id IS NOT OLD.job_id
        OR NEW.attempt IS NOT OLD.attempt OR NEW.client_request_id IS NOT OLD.client_request_id
        OR NEW.method IS NOT OLD.method OR NEW.path IS NOT OLD.path
        OR NEW.body_sha256 IS NOT OLD.body_sha256 OR NEW.acted_as IS NOT OLD.acted_as
        OR NEW.boot_id IS NOT OLD.boot_id OR NEW.intent_at IS NOT OLD.intent_at;
    SELECT RAISE(ABORT, 'a verdict is final, but for one in doubt')
     WHERE OLD.verdict IN ('executed', 'not_executed') AND NEW.verdict IS NOT OLD.verdict
        OR OLD.verdict IS NOT NULL AND NEW.verdict IS NULL;
    SELECT RAISE(ABORT, 'evidence does not change')
     WHERE OLD.evidence IS NOT NULL AND NEW.evidence IS NOT OLD.evidence;
END;
CREATE TRIGGER job_attempts_delete BEFORE DELETE ON job_attempts BEGIN
    SELECT cloudpcd_daemon();
    SELECT RAISE(ABORT, 'what an open job did is not removed')
     WHERE EXISTS (SELECT 1 FROM jobs WHERE job_id = OLD.job_id AND finished_at IS NULL);
    SELECT RAISE(ABORT, 'the newest attempt is not removed; the anchor knows it')
     WHERE OLD.attempt_id = (SELECT max(attempt_id) FROM job_attempts);
END;

CREATE TRIGGER job_events_insert BEFORE INSERT ON job_events BEGIN
    SELECT cloudpcd_daemon();
    SELECT RAISE(ABORT, 'there is such an event') FROM job_events WHERE event_id = NEW.event_id;
    SELECT RAISE(ABORT, 'an event begins in the state that the job is in')
     WHERE NOT EXISTS (SELECT 1 FROM jobs WHERE job_id = NEW.job_id
                          AND state = coalesce(NEW.from_state, 'submitted'));
END;
CREATE TRIGGER job_events_update BEFORE UPDATE ON job_events BEGIN
    SELECT cloudpcd_daemon();
    SELECT RAISE(ABORT, 'an event does not change');
END;
CREATE TRIGGER job_events_delete BEFORE DELETE ON job_events BEGIN
    SELECT cloudpcd_daemon();
    SELECT RAISE(ABORT, 'what happened to an open job is not removed')
     WHERE EXISTS (SELECT 1 FROM jobs WHERE job_id = OLD.job_id AND finished_at IS NULL);
END;

CREATE TRIGGER job_targets_insert BEFORE INSERT ON job_targets BEGIN
    SELECT cloudpcd_daemon();
    SELECT RAISE(ABORT, 'another job is active on this object')
      FROM job_targets
     WHERE NEW.open = 1 AND open = 1 AND resource = NEW.resource AND target_id = NEW.target_id;
    SELECT RAISE(ABORT, 'a job that has ended touches nothing more')
     WHERE NOT EXISTS (SELECT 1 FROM jobs WHERE job_id = NEW.job_id AND finished_at IS NULL);
END;
CREATE TRIGGER job_targets_update BEFORE UPDATE ON job_targets BEGIN
    SELECT cloudpcd_daemon();
    SELECT RAISE(ABORT, 'a target does not change')
     WHERE NEW.job_id IS NOT OLD.job_id OR NEW.resource IS NOT OLD.resource
        OR NEW.target_id IS NOT OLD.target_id;
    SELECT RAISE(ABORT, 'another job is active on this object')
      FROM job_targets
     WHERE NEW.open = 1 AND open = 1 AND resource = NEW.resource AND target_id = NEW.target_id
       AND job_id <> NEW.job_id;
    SELECT RAISE(ABORT, 'a job that has ended touches nothing more')
     WHERE NEW.open = 1
       AND NOT EXISTS (SELECT 1 FROM jobs WHERE job_id = NEW.job_id AND finished_at IS NULL);
    SELECT RAISE(ABORT, 'a job that may have been sent keeps its targets')
     WHERE NEW.open = 0 AND OLD.open = 1
       AND EXISTS (SELECT 1 FROM jobs WHERE job_id = NEW.job_id
                      AND state IN ('sending', 'accepted', 'in_doubt'));
END;
CREATE TRIGGER job_targets_delete BEFORE DELETE ON job_targets BEGIN
    SELECT cloudpcd_daemon();
    SELECT RAISE(ABORT, 'a job that may have been sent keeps its targets')
     WHERE EXISTS (SELECT 1 FROM jobs WHERE job_id = OLD.job_id
                      AND state IN ('sending', 'accepted', 'in_doubt'));
END;

CREATE TRIGGER job_expectations_insert BEFORE INSERT ON job_expectations BEGIN
    SELECT cloudpcd_daemon();
    SELECT RAISE(ABORT, 'what a job expects is settled when it is taken in')
     WHERE NOT EXISTS (SELECT 1 FROM jobs WHERE job_id = NEW.job_id AND state = 'submitted')
        OR EXISTS (SELECT 1 FROM job_expectations
                    WHERE job_id = NEW.job_id AND cloud_pc_id = NEW.cloud_pc_id);
END;
CREATE TRIGGER job_expectations_update BEFORE UPDATE ON job_expectations BEGIN
    SELECT cloudpcd_daemon();
    SELECT RAISE(ABORT, 'what a job expects does not change');
END;
CREATE TRIGGER job_expectations_delete BEFORE DELETE ON job_expectations BEGIN
    SELECT cloudpcd_daemon();
    SELECT RAISE(ABORT, 'what an open job expects is not removed')
     WHERE EXISTS (SELECT 1 FROM jobs WHERE job_id = OLD.job_id AND finished_at IS NULL);
END;

CREATE TRIGGER guard_ledger_insert BEFORE INSERT ON guard_ledger BEGIN
    SELECT cloudpcd_daemon();
    SELECT RAISE(ABORT, 'there is such a debit') FROM guard_ledger WHERE attempt_id = NEW.attempt_id;
    SELECT RAISE(ABORT, 'a debit goes with the intent of its job')
     WHERE NEW.refunded_at IS NOT NULL
        OR NOT EXISTS (SELECT 1 FROM job_attempts WHERE attempt_id = NEW.attempt_id
                          AND job_id = NEW.job_id AND verdict IS NULL);
END;
CREATE TRIGGER guard_ledger_update BEFORE UPDATE ON guard_ledger BEGIN
    SELECT cloudpcd_daemon();
    SELECT RAISE(ABORT, 'a debit does not change')
     WHERE NEW.attempt_id IS NOT OLD.attempt_id OR NEW.job_id IS NOT OLD.job_id
        OR NEW.debited_at IS NOT OLD.debited_at OR NEW.cloud_pcs IS NOT OLD.cloud_pcs
        OR OLD.refunded_at IS NOT NULL;
    SELECT RAISE(ABORT, 'only what was not executed gives its debit back')
     WHERE NOT EXISTS (SELECT 1 FROM job_attempts WHERE attempt_id = NEW.attempt_id
                          AND verdict = 'not_executed');
END;
CREATE TRIGGER guard_ledger_delete BEFORE DELETE ON guard_ledger BEGIN
    SELECT cloudpcd_daemon();
    SELECT RAISE(ABORT, 'the debit of an open job is not removed')
     WHERE EXISTS (SELECT 1 FROM jobs WHERE job_id = OLD.job_id AND finished_at IS NULL);
END;

CREATE TRIGGER job_transitions_insert BEFORE INSERT ON job_transitions BEGIN
    SELECT cloudpcd_daemon(), RAISE(ABORT, 'the changes of state are fixed');
END;
CREATE TRIGGER job_transitions_update BEFORE UPDATE ON job_transitions BEGIN
    SELECT cloudpcd_daemon(), RAISE(ABORT, 'the changes of state are fixed');
END;
CREATE TRIGGER job_transitions_delete BEFORE DELETE ON job_transitions BEGIN
    SELECT cloudpcd_daemon(), RAISE(ABORT, 'the changes of state are fixed');
END;

CREATE TRIGGER meta_insert BEFORE INSERT ON meta BEGIN SELECT cloudpcd_daemon(); END;
CREATE TRIGGER meta_update BEFORE UPDATE ON meta BEGIN SELECT cloudpcd_daemon(); END;
CREATE TRIGGER meta_delete BEFORE DELETE ON meta BEGIN SELECT cloudpcd_daemon(); END;
CREATE TRIGGER schema_migrations_insert BEFORE INSERT ON schema_migrations BEGIN
    SELECT cloudpcd_daemon();
END;
CREATE TRIGGER schema_migrations_update BEFORE UPDATE ON schema_migrations BEGIN
    SELECT cloudpcd_daemon();
END;
CREATE TRIGGER schema_migrations_delete BEFORE DELETE ON schema_migrations BEGIN
    SELECT cloudpcd_daemon();
END;
