-- Why:  the rows that a refused run held back can be looked at, and accepted by that run's number.
-- Cost: one new empty table.
-- Undo: none needed; older versions ignore it.
CREATE TABLE refused_deletes (
    resource TEXT    NOT NULL,
    id       TEXT    NOT NULL,
    from_run INTEGER NOT NULL,  -- the first of the refused runs in a row that lacked the id
    to_run   INTEGER,           -- the last of them; NULL: the latest one lacks it still
    PRIMARY KEY (resource, id, from_run)
) WITHOUT ROWID;
