-- 核销码: each names the trade it was issued for, for ever, so that no code is ever given twice.
CREATE TABLE handover_code (
    seller_id BIGINT NOT NULL,
    code TEXT NOT NULL,
    tid BIGINT NOT NULL,
    PRIMARY KEY (seller_id, code)
);

-- The buyer collects it: neither a short cell nor a shut store takes its offer back.
ALTER TABLE assignment ADD COLUMN pickup BOOLEAN NOT NULL DEFAULT FALSE;
