-- Calls outward, each written by the group that caused it, and answers kept for repeats.

-- `state`: 0 pending, 1 delivered, 2 dead, 3 skipped. `ended_at` is for the last three. (version, outward_id) is the
-- order in which calls were made. On SQLite a lease lives in memory and the lease columns stay empty.
CREATE TABLE outward (
    seller_id BIGINT NOT NULL,
    outward_id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    tid BIGINT NOT NULL,
    receiver TEXT NOT NULL,
    message TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    state SMALLINT NOT NULL,
    attempts BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    ended_at BIGINT,
    last_error TEXT,
    lease_node BIGINT,
    lease_until BIGINT,
    PRIMARY KEY (seller_id, outward_id)
);
CREATE INDEX outward_by_trade ON outward (seller_id, tid);
CREATE INDEX outward_pending ON outward (seller_id, next_at) WHERE state = 0;

CREATE TABLE stored_answer (
    seller_id BIGINT NOT NULL,
    app_key TEXT NOT NULL,
    sign TEXT NOT NULL,
    body TEXT NOT NULL,
    kept_at BIGINT NOT NULL,
    PRIMARY KEY (seller_id, app_key, sign)
);
CREATE INDEX stored_answer_by_age ON stored_answer (seller_id, kept_at);
