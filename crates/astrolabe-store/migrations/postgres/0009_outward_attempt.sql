-- Every attempt at a call outward as it went over the wire. Append-only, written beside the groups, forgotten by age and
-- number. `outward_id` is empty for a test call, which belongs to no order; `number` counts the attempts at one call.

CREATE TABLE outward_attempt (
    seller_id BIGINT NOT NULL,
    receiver TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    attempt_id BIGINT NOT NULL,
    outward_id BIGINT,
    tid BIGINT NOT NULL,
    method TEXT NOT NULL,
    number BIGINT NOT NULL,
    took_ms BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    exchange TEXT NOT NULL,
    PRIMARY KEY (seller_id, receiver, started_at, attempt_id)
);
CREATE INDEX outward_attempt_by_trade ON outward_attempt (seller_id, tid, started_at, attempt_id);

-- The oldest are deleted as fast as new ones come.
ALTER TABLE outward_attempt SET (autovacuum_vacuum_scale_factor = 0.05);
