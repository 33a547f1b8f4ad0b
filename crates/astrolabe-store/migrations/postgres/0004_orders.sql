-- Trades, their assignments, what happened to them, and what is left to be done.

-- `awaiting`: a line waits for an allocation. `published` is the channel's own JSON: passed on, never decided on.
CREATE TABLE trade (
    seller_id BIGINT NOT NULL,
    tid BIGINT NOT NULL,
    level TEXT NOT NULL,
    pay_time BIGINT,
    modified BIGINT NOT NULL,
    due_at BIGINT,
    awaiting BOOLEAN NOT NULL,
    sub_orders BIGINT NOT NULL,
    doc TEXT NOT NULL,
    published TEXT NOT NULL,
    PRIMARY KEY (seller_id, tid)
);
CREATE INDEX trade_due ON trade (seller_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX trade_awaiting ON trade (seller_id, pay_time, tid) WHERE awaiting;

-- `open`: somebody at the location still has something to do (units are held, or a return is on its way).
-- `made_version`: the group that made it, which is the order they were made in.
CREATE TABLE assignment (
    seller_id BIGINT NOT NULL,
    code BIGINT NOT NULL,
    tid BIGINT NOT NULL,
    oid BIGINT NOT NULL,
    location_id BIGINT NOT NULL,
    state TEXT NOT NULL,
    open BOOLEAN NOT NULL,
    due_at BIGINT,
    made_version BIGINT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (seller_id, code)
);
CREATE INDEX assignment_by_trade ON assignment (seller_id, tid);
CREATE INDEX assignment_by_sub_order ON assignment (seller_id, oid);
CREATE INDEX assignment_open ON assignment (seller_id, location_id, code) WHERE open;
CREATE INDEX assignment_due ON assignment (seller_id, due_at) WHERE due_at IS NOT NULL;

-- The idempotency record of order commands: `oid` and `code` are 0 for facts of the whole trade or sub-order.
CREATE TABLE timeline (
    seller_id BIGINT NOT NULL,
    tid BIGINT NOT NULL,
    oid BIGINT NOT NULL,
    code BIGINT NOT NULL,
    fact TEXT NOT NULL,
    request BIGINT NOT NULL,
    version BIGINT NOT NULL,
    n BIGINT NOT NULL,
    location_id BIGINT,
    who TEXT NOT NULL,
    happened BIGINT NOT NULL,
    learnt BIGINT NOT NULL,
    detail TEXT,
    PRIMARY KEY (seller_id, tid, oid, code, fact, request)
);

CREATE TABLE work (
    seller_id BIGINT NOT NULL,
    work_id BIGINT NOT NULL,
    work TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    PRIMARY KEY (seller_id, work_id)
);
CREATE UNIQUE INDEX work_once ON work (seller_id, work);

CREATE TABLE task (
    seller_id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    n BIGINT NOT NULL,
    kind TEXT NOT NULL,
    tid BIGINT NOT NULL,
    oid BIGINT,
    detail TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (seller_id, version, n)
);
