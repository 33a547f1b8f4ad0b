-- Sub-orders that a location has taken on a Shanghai day, where it limits them (接单阈值): places that are held and places
-- that are used. `day`: days since 1970. `service`: 0 delivery, 1 pickup. `version`: the group that changed it last, by
-- which another node catches up.
CREATE TABLE day_load (
    seller_id BIGINT NOT NULL,
    day BIGINT NOT NULL,
    location_id BIGINT NOT NULL,
    service SMALLINT NOT NULL,
    taken BIGINT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (seller_id, day, location_id, service)
);
CREATE INDEX day_load_changed ON day_load (seller_id, version);

-- Every order of a limited location rewrites its row.
ALTER TABLE day_load SET (autovacuum_vacuum_scale_factor = 0.02);
