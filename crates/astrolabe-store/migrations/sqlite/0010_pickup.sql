-- 核销码: each names the trade it was issued for, for ever, so that no code is ever given twice.
CREATE TABLE handover_code (
    seller_id INTEGER NOT NULL,
    code TEXT NOT NULL,
    tid INTEGER NOT NULL,
    PRIMARY KEY (seller_id, code)
) STRICT, WITHOUT ROWID;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('handover_code', 'handover_code', '1000000 1000000 1');
ANALYZE sqlite_schema;

-- The buyer collects it: neither a short cell nor a shut store takes its offer back.
ALTER TABLE assignment ADD COLUMN pickup INTEGER NOT NULL DEFAULT 0;
