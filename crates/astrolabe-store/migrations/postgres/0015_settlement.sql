-- 分账: rule sets, what was posted by them, what waits for its day, and sums by party and month.

-- `version` counts a merchant's sets. At most one is active; a retired one is kept, because postings name it.
CREATE TABLE settlement_rule_set (
    seller_id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    state TEXT NOT NULL,
    doc TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    made_by TEXT NOT NULL,
    made_why TEXT NOT NULL,
    activated_at BIGINT,
    activated_by TEXT,
    activated_why TEXT,
    retired_at BIGINT,
    retired_by TEXT,
    retired_why TEXT,
    PRIMARY KEY (seller_id, version)
);
CREATE UNIQUE INDEX settlement_rule_set_active ON settlement_rule_set (seller_id) WHERE state = 'active';

-- A merchant who settles: made when a set is activated first. `revision` counts what was written of his settlement, so
-- that whoever read an older one writes nothing.
CREATE TABLE settlement_book (
    seller_id BIGINT NOT NULL PRIMARY KEY,
    revision BIGINT NOT NULL
);

-- Append-only. `revision` and `k` are the order of posting. `request`: the refund, else 0. `n` counts postings of one cause.
CREATE TABLE settlement_posting (
    seller_id BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    k BIGINT NOT NULL,
    tid BIGINT NOT NULL,
    oid BIGINT NOT NULL,
    code BIGINT NOT NULL,
    cause TEXT NOT NULL,
    request BIGINT NOT NULL,
    n BIGINT NOT NULL,
    location_id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    units BIGINT NOT NULL,
    gross BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    happened BIGINT NOT NULL,
    booked BIGINT NOT NULL,
    PRIMARY KEY (seller_id, revision, k)
);
CREATE UNIQUE INDEX settlement_posting_once ON settlement_posting (seller_id, tid, oid, code, cause, request, n);

-- Append-only: the lines of a posting, in its order `line`. `period`: year and month in Shanghai as a number, 202611.
CREATE TABLE settlement_entry (
    seller_id BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    k BIGINT NOT NULL,
    line BIGINT NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    period BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    PRIMARY KEY (seller_id, revision, k, line)
);
CREATE INDEX settlement_entry_statement ON settlement_entry (seller_id, account, period, revision, k);

-- Sums of entries by month and account: of settlements, and of refunds (against them).
CREATE TABLE settlement_balance (
    seller_id BIGINT NOT NULL,
    period BIGINT NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    settled BIGINT NOT NULL,
    refunded BIGINT NOT NULL,
    postings BIGINT NOT NULL,
    PRIMARY KEY (seller_id, period, account)
);

CREATE TABLE settlement_pending (
    seller_id BIGINT NOT NULL,
    tid BIGINT NOT NULL,
    oid BIGINT NOT NULL,
    code BIGINT NOT NULL,
    version BIGINT NOT NULL,
    happened BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    PRIMARY KEY (seller_id, tid, oid, code)
);
CREATE INDEX settlement_pending_due ON settlement_pending (seller_id, due_at);
