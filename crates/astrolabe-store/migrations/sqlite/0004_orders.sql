-- Trades, their assignments, what happened to them, and what is left to be done.

-- `awaiting`: a line waits for an allocation. `published` is the channel's own JSON: passed on, never decided on. The
-- table keeps its row ids because its rows are long.
CREATE TABLE trade (
    seller_id INTEGER NOT NULL,
    tid INTEGER NOT NULL,
    level TEXT NOT NULL,
    pay_time INTEGER,
    modified INTEGER NOT NULL,
    due_at INTEGER,
    awaiting INTEGER NOT NULL,
    sub_orders INTEGER NOT NULL,
    doc TEXT NOT NULL,
    published TEXT NOT NULL,
    PRIMARY KEY (seller_id, tid)
) STRICT;
CREATE INDEX trade_due ON trade (seller_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX trade_awaiting ON trade (seller_id, pay_time, tid) WHERE awaiting = 1;

-- `open`: somebody at the location still has something to do (units are held, or a return is on its way).
-- `made_version`: the group that made it, which is the order they were made in.
CREATE TABLE assignment (
    seller_id INTEGER NOT NULL,
    code INTEGER NOT NULL,
    tid INTEGER NOT NULL,
    oid INTEGER NOT NULL,
    location_id INTEGER NOT NULL,
    state TEXT NOT NULL,
    open INTEGER NOT NULL,
    due_at INTEGER,
    made_version INTEGER NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (seller_id, code)
) STRICT, WITHOUT ROWID;
CREATE INDEX assignment_by_trade ON assignment (seller_id, tid);
CREATE INDEX assignment_by_sub_order ON assignment (seller_id, oid);
CREATE INDEX assignment_open ON assignment (seller_id, location_id, code) WHERE open = 1;
CREATE INDEX assignment_due ON assignment (seller_id, due_at) WHERE due_at IS NOT NULL;

-- The idempotency record of order commands: `oid` and `code` are 0 for facts of the whole trade or sub-order.
CREATE TABLE timeline (
    seller_id INTEGER NOT NULL,
    tid INTEGER NOT NULL,
    oid INTEGER NOT NULL,
    code INTEGER NOT NULL,
    fact TEXT NOT NULL,
    request INTEGER NOT NULL,
    version INTEGER NOT NULL,
    n INTEGER NOT NULL,
    location_id INTEGER,
    who TEXT NOT NULL,
    happened INTEGER NOT NULL,
    learnt INTEGER NOT NULL,
    detail TEXT,
    PRIMARY KEY (seller_id, tid, oid, code, fact, request)
) STRICT, WITHOUT ROWID;

CREATE TABLE work (
    seller_id INTEGER NOT NULL,
    work_id INTEGER NOT NULL,
    work TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    PRIMARY KEY (seller_id, work_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX work_once ON work (seller_id, work);

CREATE TABLE task (
    seller_id INTEGER NOT NULL,
    version INTEGER NOT NULL,
    n INTEGER NOT NULL,
    kind TEXT NOT NULL,
    tid INTEGER NOT NULL,
    oid INTEGER,
    detail TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (seller_id, version, n)
) STRICT, WITHOUT ROWID;
