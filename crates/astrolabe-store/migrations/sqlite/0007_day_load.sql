-- Sub-orders that a location has taken on a Shanghai day, where it limits them (接单阈值): places that are held and places
-- that are used. `day`: days since 1970. `service`: 0 delivery, 1 pickup. `version`: the group that changed it last, by
-- which another node catches up.
CREATE TABLE day_load (
    seller_id INTEGER NOT NULL,
    day INTEGER NOT NULL,
    location_id INTEGER NOT NULL,
    service INTEGER NOT NULL,
    taken INTEGER NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (seller_id, day, location_id, service)
) STRICT, WITHOUT ROWID;
CREATE INDEX day_load_changed ON day_load (seller_id, version);

-- As the planning step before: one seller has most of the rows.
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('day_load', 'day_load', '1000000 1000000 1000 1 1'),
    ('day_load', 'day_load_changed', '1000000 1000000 2');
ANALYZE sqlite_schema;
