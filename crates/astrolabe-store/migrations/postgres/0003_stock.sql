-- Balances (with room on each page, so that a changed one stays where its keys point), the ledger they are sums of, and who holds what. `class`: 0 certain, 1 uncertain.

CREATE TABLE stock_cell (
    seller_id BIGINT NOT NULL,
    sc_item BIGINT NOT NULL,
    location_id BIGINT NOT NULL,
    class SMALLINT NOT NULL,
    channel BIGINT NOT NULL,
    on_hand BIGINT NOT NULL,
    reserved BIGINT NOT NULL,
    unreported BIGINT NOT NULL,
    suspect BOOLEAN NOT NULL,
    initialised BOOLEAN NOT NULL,
    reported_at BIGINT,
    overwritten_at BIGINT,
    PRIMARY KEY (seller_id, sc_item, location_id, class, channel)
) WITH (fillfactor = 50);
CREATE INDEX stock_cell_by_location ON stock_cell (seller_id, location_id);

-- Append-only. Its key is the change log too: what changed after a version is a range of it.
-- `kind`: 0 reserve, 1 release, 2 expire, 3 move out, 4 move in, 5 commit, 6 commit unheld, 7 restock, 8 initial,
-- 9 included, 10 excluded, 11 balance, 12 overwrite, 13 suspect.
-- `cause`: 0 sub-order, 1 assignment, 2 pre-payment hold (cause_key), 3 bill (cause_key).
CREATE TABLE stock_entry (
    seller_id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    n BIGINT NOT NULL,
    sc_item BIGINT NOT NULL,
    location_id BIGINT NOT NULL,
    class SMALLINT NOT NULL,
    channel BIGINT NOT NULL,
    kind SMALLINT NOT NULL,
    on_hand BIGINT NOT NULL,
    reserved BIGINT NOT NULL,
    unreported BIGINT NOT NULL,
    cause SMALLINT NOT NULL,
    tid BIGINT,
    oid BIGINT,
    code BIGINT,
    cause_key TEXT,
    happened BIGINT NOT NULL,
    learnt BIGINT NOT NULL,
    PRIMARY KEY (seller_id, version, n)
);
CREATE INDEX stock_entry_committed ON stock_entry (seller_id, sc_item, location_id, class, channel, learnt)
    WHERE kind IN (5, 6);

-- What a group changed beside the ledger: 0 article (queue, notes on cells), 1 listing.
CREATE TABLE lane_change (
    seller_id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    kind SMALLINT NOT NULL,
    id BIGINT NOT NULL,
    PRIMARY KEY (seller_id, version, kind, id)
);

-- Held units of sub-orders and assignments; rows go when nothing is held any more. `role`: 0 primary, 1 guard.
CREATE TABLE reservation (
    seller_id BIGINT NOT NULL,
    tid BIGINT NOT NULL,
    reservation_id BIGINT NOT NULL,
    oid BIGINT NOT NULL,
    code BIGINT,
    sc_item BIGINT NOT NULL,
    location_id BIGINT NOT NULL,
    class SMALLINT NOT NULL,
    channel BIGINT NOT NULL,
    role SMALLINT NOT NULL,
    units BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    PRIMARY KEY (seller_id, tid, reservation_id)
);
CREATE INDEX reservation_by_cell ON reservation (seller_id, sc_item, location_id, class, channel);

-- One row a part. `state`: 0 held, 1 released, 2 expired, 3 taken over (by tid, oid).
CREATE TABLE ahead_hold (
    seller_id BIGINT NOT NULL,
    hold_key TEXT NOT NULL,
    part BIGINT NOT NULL,
    item_id BIGINT NOT NULL,
    sku_id BIGINT NOT NULL,
    sc_item BIGINT NOT NULL,
    quantity BIGINT NOT NULL,
    state SMALLINT NOT NULL,
    tid BIGINT,
    oid BIGINT,
    part_sc_item BIGINT NOT NULL,
    location_id BIGINT NOT NULL,
    class SMALLINT NOT NULL,
    channel BIGINT NOT NULL,
    units BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (seller_id, hold_key, part)
);
CREATE INDEX ahead_hold_expiring ON ahead_hold (seller_id, expires_at) WHERE state = 0;
-- With the time, so that the newest of a hot cell lie side by side.
CREATE INDEX ahead_hold_by_cell ON ahead_hold (seller_id, part_sc_item, location_id, class, channel, made_at)
    WHERE state = 0;

CREATE TABLE stock_bill (
    seller_id BIGINT NOT NULL,
    bill_num TEXT NOT NULL,
    location_id BIGINT NOT NULL,
    sc_item BIGINT NOT NULL,
    class SMALLINT NOT NULL,
    kind TEXT NOT NULL,
    quantity BIGINT NOT NULL,
    final_quantity BIGINT,
    book_change BIGINT NOT NULL,
    operated_at BIGINT NOT NULL,
    applied_at BIGINT NOT NULL,
    PRIMARY KEY (seller_id, bill_num, location_id, sc_item, class)
);

CREATE TABLE stock_adjust (
    seller_id BIGINT NOT NULL,
    bill_num TEXT NOT NULL,
    oid BIGINT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (seller_id, bill_num, oid)
);

CREATE TABLE shortage_queue (
    seller_id BIGINT NOT NULL,
    sc_item BIGINT NOT NULL,
    pay_time BIGINT NOT NULL,
    tid BIGINT NOT NULL,
    oid BIGINT NOT NULL,
    units BIGINT NOT NULL,
    passed BOOLEAN NOT NULL,
    PRIMARY KEY (seller_id, sc_item, pay_time, tid, oid)
);

CREATE TABLE discrepancy (
    seller_id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    n BIGINT NOT NULL,
    sc_item BIGINT NOT NULL,
    location_id BIGINT NOT NULL,
    class SMALLINT NOT NULL,
    channel BIGINT NOT NULL,
    kind TEXT NOT NULL,
    expected BIGINT NOT NULL,
    reported BIGINT NOT NULL,
    cause TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (seller_id, version, n)
);
