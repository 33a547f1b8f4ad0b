-- Places, listings and articles of one seller.

CREATE TABLE location (
    seller_id INTEGER NOT NULL,
    location_id INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (seller_id, location_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE item (
    seller_id INTEGER NOT NULL,
    item_id INTEGER NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (seller_id, item_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE item_sku (
    seller_id INTEGER NOT NULL,
    item_id INTEGER NOT NULL,
    sku_id INTEGER NOT NULL,
    sc_item INTEGER NOT NULL,
    components TEXT NOT NULL,
    PRIMARY KEY (seller_id, item_id, sku_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX item_sku_by_article ON item_sku (seller_id, sc_item);

CREATE TABLE item_store (
    seller_id INTEGER NOT NULL,
    item_id INTEGER NOT NULL,
    location_id INTEGER NOT NULL,
    PRIMARY KEY (seller_id, item_id, location_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX item_store_by_location ON item_store (seller_id, location_id, item_id);

CREATE TABLE sc_item (
    seller_id INTEGER NOT NULL,
    sc_item INTEGER NOT NULL,
    outer_code TEXT NOT NULL,
    name TEXT NOT NULL,
    combo TEXT NOT NULL,
    PRIMARY KEY (seller_id, sc_item)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX sc_item_by_outer_code ON sc_item (seller_id, outer_code) WHERE outer_code <> '';
