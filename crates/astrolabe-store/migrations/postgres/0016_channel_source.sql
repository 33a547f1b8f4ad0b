-- How far a channel's own database (jdp_tb_trade, jdp_tb_refund) was read, and how the last reading went. Written outside the
-- lane: reading the same again has no effect.
CREATE TABLE source_place (
    seller_id BIGINT NOT NULL,
    channel TEXT NOT NULL,
    source_table TEXT NOT NULL,
    moment BIGINT NOT NULL,
    row_id BIGINT NOT NULL,
    read_at BIGINT NOT NULL,
    failed_at BIGINT,
    error TEXT,
    PRIMARY KEY (seller_id, channel, source_table)
);

-- Rows that could not be taken in, each until a later version of it can.
CREATE TABLE source_exception (
    seller_id BIGINT NOT NULL,
    channel TEXT NOT NULL,
    source_table TEXT NOT NULL,
    row_id BIGINT NOT NULL,
    tid BIGINT,
    field TEXT,
    problem TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (seller_id, channel, source_table, row_id)
);
