-- What people have to settle, in place of the tasks that nobody could close. `subject` is the one thing it is about; open
-- ones are unique by it and their kind. `owner`: who took it. `notes` is a document.
CREATE TABLE exception (
    seller_id INTEGER NOT NULL,
    exception_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    tid INTEGER,
    oid INTEGER,
    location_id INTEGER,
    owner TEXT,
    opened_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    times INTEGER NOT NULL,
    detail TEXT NOT NULL,
    notes TEXT NOT NULL DEFAULT '[]',
    closed INTEGER NOT NULL DEFAULT 0,
    closed_at INTEGER,
    closed_by TEXT,
    how TEXT,
    PRIMARY KEY (seller_id, exception_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX exception_open ON exception (seller_id, subject, kind) WHERE closed = 0;
CREATE INDEX exception_by_age ON exception (seller_id, closed, opened_at, exception_id);
CREATE INDEX exception_by_kind ON exception (seller_id, kind, closed, opened_at, exception_id);
CREATE INDEX exception_by_location ON exception (seller_id, location_id, closed, opened_at, exception_id)
    WHERE location_id IS NOT NULL;
CREATE INDEX exception_by_owner ON exception (seller_id, owner, closed, opened_at, exception_id) WHERE owner IS NOT NULL;
CREATE INDEX exception_by_trade ON exception (seller_id, tid, opened_at, exception_id) WHERE tid IS NOT NULL;

-- A version is far below a minted id, so that these are nobody else's.
INSERT INTO exception (seller_id, exception_id, kind, subject, tid, oid, opened_at, last_at, times, detail)
    SELECT seller_id, min(version * 65536 + n), kind,
           CASE WHEN oid IS NULL THEN '{"trade":' || tid || '}' ELSE '{"sub_order":[' || tid || ',' || oid || ']}' END,
           tid, oid, min(at), max(at), count(*), max(detail)
    FROM task GROUP BY seller_id, kind, tid, oid;
DROP TABLE task;

-- When a cell's unreported units are judged next, and whether some were too old. What is there already is judged at once.
ALTER TABLE stock_cell ADD COLUMN unreported_due INTEGER;
ALTER TABLE stock_cell ADD COLUMN unreported_late INTEGER NOT NULL DEFAULT 0;
UPDATE stock_cell SET unreported_due = 0 WHERE unreported > 0;
CREATE INDEX stock_cell_unreported ON stock_cell (seller_id, unreported_due) WHERE unreported_due IS NOT NULL;

-- As the planning step before: one seller has most of the rows.
DELETE FROM sqlite_stat1 WHERE tbl = 'task';
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('exception', 'exception', '100000 100000 1'),
    ('exception', 'exception_open', '1000 1000 1 1'),
    ('exception', 'exception_by_age', '100000 100000 50000 1 1'),
    ('exception', 'exception_by_kind', '100000 100000 10000 5000 1 1'),
    ('exception', 'exception_by_location', '50000 50000 50 25 1 1'),
    ('exception', 'exception_by_owner', '50000 50000 5000 2500 1 1'),
    ('exception', 'exception_by_trade', '100000 100000 2 1 1'),
    ('stock_cell', 'stock_cell_unreported', '10000 10000 1');
ANALYZE sqlite_schema;
