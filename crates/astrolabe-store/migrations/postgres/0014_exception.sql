-- What people have to settle, in place of the tasks that nobody could close. `subject` is the one thing it is about; open
-- ones are unique by it and their kind. `owner`: who took it. `notes` is a document.
CREATE TABLE exception (
    seller_id BIGINT NOT NULL,
    exception_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    tid BIGINT,
    oid BIGINT,
    location_id BIGINT,
    owner TEXT,
    opened_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    times BIGINT NOT NULL,
    detail TEXT NOT NULL,
    notes TEXT NOT NULL DEFAULT '[]',
    closed BOOLEAN NOT NULL DEFAULT false,
    closed_at BIGINT,
    closed_by TEXT,
    how TEXT,
    PRIMARY KEY (seller_id, exception_id)
);
CREATE UNIQUE INDEX exception_open ON exception (seller_id, subject, kind) WHERE NOT closed;
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
ALTER TABLE stock_cell ADD COLUMN unreported_due BIGINT;
ALTER TABLE stock_cell ADD COLUMN unreported_late BOOLEAN NOT NULL DEFAULT false;
UPDATE stock_cell SET unreported_due = 0 WHERE unreported > 0;
CREATE INDEX stock_cell_unreported ON stock_cell (seller_id, unreported_due) WHERE unreported_due IS NOT NULL;
