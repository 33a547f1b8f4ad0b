-- Calls outward, each written by the group that caused it, and answers kept for repeats.

-- `state`: 0 pending, 1 delivered, 2 dead, 3 skipped. `ended_at` is for the last three. (version, outward_id) is the
-- order in which calls were made. On SQLite a lease lives in memory and the lease columns stay empty.
CREATE TABLE outward (
    seller_id INTEGER NOT NULL,
    outward_id INTEGER NOT NULL,
    version INTEGER NOT NULL,
    tid INTEGER NOT NULL,
    receiver TEXT NOT NULL,
    message TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    state INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    next_at INTEGER NOT NULL,
    ended_at INTEGER,
    last_error TEXT,
    lease_node INTEGER,
    lease_until INTEGER,
    PRIMARY KEY (seller_id, outward_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX outward_by_trade ON outward (seller_id, tid);
CREATE INDEX outward_pending ON outward (seller_id, next_at) WHERE state = 0;

CREATE TABLE stored_answer (
    seller_id INTEGER NOT NULL,
    app_key TEXT NOT NULL,
    sign TEXT NOT NULL,
    body TEXT NOT NULL,
    kept_at INTEGER NOT NULL,
    PRIMARY KEY (seller_id, app_key, sign)
) STRICT, WITHOUT ROWID;
CREATE INDEX stored_answer_by_age ON stored_answer (seller_id, kept_at);
