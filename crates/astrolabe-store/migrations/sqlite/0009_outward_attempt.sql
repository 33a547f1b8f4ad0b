-- Every attempt at a call outward as it went over the wire. Append-only, written beside the groups, forgotten by age and
-- number. `outward_id` is empty for a test call, which belongs to no order; `number` counts the attempts at one call. The
-- table keeps its row ids because its rows are long.

CREATE TABLE outward_attempt (
    seller_id INTEGER NOT NULL,
    receiver TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    attempt_id INTEGER NOT NULL,
    outward_id INTEGER,
    tid INTEGER NOT NULL,
    method TEXT NOT NULL,
    number INTEGER NOT NULL,
    took_ms INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    exchange TEXT NOT NULL,
    PRIMARY KEY (seller_id, receiver, started_at, attempt_id)
) STRICT;
CREATE INDEX outward_attempt_by_trade ON outward_attempt (seller_id, tid, started_at, attempt_id);

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('outward_attempt', 'sqlite_autoindex_outward_attempt_1', '1000000 1000000 100000 2 1'),
    ('outward_attempt', 'outward_attempt_by_trade', '1000000 1000000 3 1 1');
ANALYZE sqlite_schema;
