-- 分账: rule sets, what was posted by them, what waits for its day, and sums by party and month.

-- `version` counts a merchant's sets. At most one is active; a retired one is kept, because postings name it.
CREATE TABLE settlement_rule_set (
    seller_id INTEGER NOT NULL,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    doc TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    made_by TEXT NOT NULL,
    made_why TEXT NOT NULL,
    activated_at INTEGER,
    activated_by TEXT,
    activated_why TEXT,
    retired_at INTEGER,
    retired_by TEXT,
    retired_why TEXT,
    PRIMARY KEY (seller_id, version)
) STRICT;
CREATE UNIQUE INDEX settlement_rule_set_active ON settlement_rule_set (seller_id) WHERE state = 'active';

-- A merchant who settles: made when a set is activated first. `revision` counts what was written of his settlement, so
-- that whoever read an older one writes nothing.
CREATE TABLE settlement_book (
    seller_id INTEGER NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Append-only. `revision` and `k` are the order of posting. `request`: the refund, else 0. `n` counts postings of one cause.
CREATE TABLE settlement_posting (
    seller_id INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    k INTEGER NOT NULL,
    tid INTEGER NOT NULL,
    oid INTEGER NOT NULL,
    code INTEGER NOT NULL,
    cause TEXT NOT NULL,
    request INTEGER NOT NULL,
    n INTEGER NOT NULL,
    location_id INTEGER NOT NULL,
    version INTEGER NOT NULL,
    units INTEGER NOT NULL,
    gross INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    happened INTEGER NOT NULL,
    booked INTEGER NOT NULL,
    PRIMARY KEY (seller_id, revision, k)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX settlement_posting_once ON settlement_posting (seller_id, tid, oid, code, cause, request, n);

-- Append-only: the lines of a posting, in its order `line`. `period`: year and month in Shanghai as a number, 202611.
CREATE TABLE settlement_entry (
    seller_id INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    k INTEGER NOT NULL,
    line INTEGER NOT NULL,
    account TEXT NOT NULL,
    period INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    PRIMARY KEY (seller_id, revision, k, line)
) STRICT, WITHOUT ROWID;
CREATE INDEX settlement_entry_statement ON settlement_entry (seller_id, account, period, revision, k);

-- Sums of entries by month and account: of settlements, and of refunds (against them).
CREATE TABLE settlement_balance (
    seller_id INTEGER NOT NULL,
    period INTEGER NOT NULL,
    account TEXT NOT NULL,
    settled INTEGER NOT NULL,
    refunded INTEGER NOT NULL,
    postings INTEGER NOT NULL,
    PRIMARY KEY (seller_id, period, account)
) STRICT, WITHOUT ROWID;

CREATE TABLE settlement_pending (
    seller_id INTEGER NOT NULL,
    tid INTEGER NOT NULL,
    oid INTEGER NOT NULL,
    code INTEGER NOT NULL,
    version INTEGER NOT NULL,
    happened INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    PRIMARY KEY (seller_id, tid, oid, code)
) STRICT, WITHOUT ROWID;
CREATE INDEX settlement_pending_due ON settlement_pending (seller_id, due_at);

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('settlement_rule_set', 'sqlite_autoindex_settlement_rule_set_1', '1000 1000 1'),
    ('settlement_posting', 'settlement_posting', '1000000 1000000 100 1'),
    ('settlement_posting', 'settlement_posting_once', '1000000 1000000 2 2 1 1 1 1'),
    ('settlement_entry', 'settlement_entry', '4000000 4000000 400 4 1'),
    ('settlement_entry', 'settlement_entry_statement', '4000000 4000000 1000 100 2 1'),
    ('settlement_balance', 'settlement_balance', '100000 100000 1000 1'),
    ('settlement_pending', 'settlement_pending', '100000 100000 2 1 1'),
    ('settlement_pending', 'settlement_pending_due', '100000 100000 10');
ANALYZE sqlite_schema;
