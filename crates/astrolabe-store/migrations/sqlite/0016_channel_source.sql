-- How far a channel's own database (jdp_tb_trade, jdp_tb_refund) was read, and how the last reading went. Written outside the
-- lane: reading the same again has no effect.
CREATE TABLE source_place (
    seller_id INTEGER NOT NULL,
    channel TEXT NOT NULL,
    source_table TEXT NOT NULL,
    moment INTEGER NOT NULL,
    row_id INTEGER NOT NULL,
    read_at INTEGER NOT NULL,
    failed_at INTEGER,
    error TEXT,
    PRIMARY KEY (seller_id, channel, source_table)
) STRICT, WITHOUT ROWID;

-- Rows that could not be taken in, each until a later version of it can.
CREATE TABLE source_exception (
    seller_id INTEGER NOT NULL,
    channel TEXT NOT NULL,
    source_table TEXT NOT NULL,
    row_id INTEGER NOT NULL,
    tid INTEGER,
    field TEXT,
    problem TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (seller_id, channel, source_table, row_id)
) STRICT, WITHOUT ROWID;

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('source_place', 'source_place', '2000 2 2 1'),
    ('source_exception', 'source_exception', '10000 100 100 50 1');
ANALYZE sqlite_schema;
