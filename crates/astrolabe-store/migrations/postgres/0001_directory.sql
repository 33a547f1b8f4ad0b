-- Who may call, for whom, and where they are called. Small tables that every node reads from its cache; on Citus they
-- are reference tables, and therefore the only ones whose keys need not start with the seller.

CREATE TABLE directory_version (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    version BIGINT NOT NULL
);
INSERT INTO directory_version (id, version) VALUES (1, 0);

CREATE TABLE seller (
    seller_id BIGINT PRIMARY KEY,
    nick TEXT NOT NULL,
    settings TEXT NOT NULL
);

-- `version` counts the groups committed for the seller; `places_version` is the version at which settings or places
-- last changed.
CREATE TABLE seller_lane (
    seller_id BIGINT PRIMARY KEY,
    version BIGINT NOT NULL,
    places_version BIGINT NOT NULL
) WITH (fillfactor = 10);

CREATE TABLE app (
    app_key TEXT PRIMARY KEY,
    doc TEXT NOT NULL
);

CREATE TABLE app_grant (
    app_key TEXT NOT NULL,
    seller_id BIGINT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (app_key, seller_id)
);

CREATE TABLE session (
    token TEXT PRIMARY KEY,
    doc TEXT NOT NULL
);

CREATE TABLE channel (
    seller_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (seller_id, name)
);

CREATE TABLE person (
    seller_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (seller_id, name)
);
