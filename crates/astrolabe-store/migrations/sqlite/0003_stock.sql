-- Balances, the ledger they are sums of, and who holds what. `class`: 0 certain, 1 uncertain.

CREATE TABLE stock_cell (
    seller_id INTEGER NOT NULL,
    sc_item INTEGER NOT NULL,
    location_id INTEGER NOT NULL,
    class INTEGER NOT NULL,
    channel INTEGER NOT NULL,
    on_hand INTEGER NOT NULL,
    reserved INTEGER NOT NULL,
    unreported INTEGER NOT NULL,
    suspect INTEGER NOT NULL,
    initialised INTEGER NOT NULL,
    reported_at INTEGER,
    overwritten_at INTEGER,
    PRIMARY KEY (seller_id, sc_item, location_id, class, channel)
) STRICT, WITHOUT ROWID;
CREATE INDEX stock_cell_by_location ON stock_cell (seller_id, location_id);

-- Append-only. Its key is the change log too: what changed after a version is a range of it.
-- `kind`: 0 reserve, 1 release, 2 expire, 3 move out, 4 move in, 5 commit, 6 commit unheld, 7 restock, 8 initial,
-- 9 included, 10 excluded, 11 balance, 12 overwrite, 13 suspect.
-- `cause`: 0 sub-order, 1 assignment, 2 pre-payment hold (cause_key), 3 bill (cause_key).
CREATE TABLE stock_entry (
    seller_id INTEGER NOT NULL,
    version INTEGER NOT NULL,
    n INTEGER NOT NULL,
    sc_item INTEGER NOT NULL,
    location_id INTEGER NOT NULL,
    class INTEGER NOT NULL,
    channel INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    on_hand INTEGER NOT NULL,
    reserved INTEGER NOT NULL,
    unreported INTEGER NOT NULL,
    cause INTEGER NOT NULL,
    tid INTEGER,
    oid INTEGER,
    code INTEGER,
    cause_key TEXT,
    happened INTEGER NOT NULL,
    learnt INTEGER NOT NULL,
    PRIMARY KEY (seller_id, version, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX stock_entry_committed ON stock_entry (seller_id, sc_item, location_id, class, channel, learnt)
    WHERE kind IN (5, 6);

-- What a group changed beside the ledger: 0 article (queue, notes on cells), 1 listing.
CREATE TABLE lane_change (
    seller_id INTEGER NOT NULL,
    version INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    id INTEGER NOT NULL,
    PRIMARY KEY (seller_id, version, kind, id)
) STRICT, WITHOUT ROWID;

-- Held units of sub-orders and assignments; rows go when nothing is held any more. `role`: 0 primary, 1 guard.
CREATE TABLE reservation (
    seller_id INTEGER NOT NULL,
    tid INTEGER NOT NULL,
    reservation_id INTEGER NOT NULL,
    oid INTEGER NOT NULL,
    code INTEGER,
    sc_item INTEGER NOT NULL,
    location_id INTEGER NOT NULL,
    class INTEGER NOT NULL,
    channel INTEGER NOT NULL,
    role INTEGER NOT NULL,
    units INTEGER NOT NULL,
    made_at INTEGER NOT NULL,
    PRIMARY KEY (seller_id, tid, reservation_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX reservation_by_cell ON reservation (seller_id, sc_item, location_id, class, channel);

-- One row a part. `state`: 0 held, 1 released, 2 expired, 3 taken over (by tid, oid).
CREATE TABLE ahead_hold (
    seller_id INTEGER NOT NULL,
    hold_key TEXT NOT NULL,
    part INTEGER NOT NULL,
    item_id INTEGER NOT NULL,
    sku_id INTEGER NOT NULL,
    sc_item INTEGER NOT NULL,
    quantity INTEGER NOT NULL,
    state INTEGER NOT NULL,
    tid INTEGER,
    oid INTEGER,
    part_sc_item INTEGER NOT NULL,
    location_id INTEGER NOT NULL,
    class INTEGER NOT NULL,
    channel INTEGER NOT NULL,
    units INTEGER NOT NULL,
    made_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (seller_id, hold_key, part)
) STRICT, WITHOUT ROWID;
CREATE INDEX ahead_hold_expiring ON ahead_hold (seller_id, expires_at) WHERE state = 0;
-- With the time, so that the newest of a hot cell lie side by side.
CREATE INDEX ahead_hold_by_cell ON ahead_hold (seller_id, part_sc_item, location_id, class, channel, made_at)
    WHERE state = 0;

CREATE TABLE stock_bill (
    seller_id INTEGER NOT NULL,
    bill_num TEXT NOT NULL,
    location_id INTEGER NOT NULL,
    sc_item INTEGER NOT NULL,
    class INTEGER NOT NULL,
    kind TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    final_quantity INTEGER,
    book_change INTEGER NOT NULL,
    operated_at INTEGER NOT NULL,
    applied_at INTEGER NOT NULL,
    PRIMARY KEY (seller_id, bill_num, location_id, sc_item, class)
) STRICT, WITHOUT ROWID;

CREATE TABLE stock_adjust (
    seller_id INTEGER NOT NULL,
    bill_num TEXT NOT NULL,
    oid INTEGER NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (seller_id, bill_num, oid)
) STRICT, WITHOUT ROWID;

CREATE TABLE shortage_queue (
    seller_id INTEGER NOT NULL,
    sc_item INTEGER NOT NULL,
    pay_time INTEGER NOT NULL,
    tid INTEGER NOT NULL,
    oid INTEGER NOT NULL,
    units INTEGER NOT NULL,
    passed INTEGER NOT NULL,
    PRIMARY KEY (seller_id, sc_item, pay_time, tid, oid)
) STRICT, WITHOUT ROWID;

CREATE TABLE discrepancy (
    seller_id INTEGER NOT NULL,
    version INTEGER NOT NULL,
    n INTEGER NOT NULL,
    sc_item INTEGER NOT NULL,
    location_id INTEGER NOT NULL,
    class INTEGER NOT NULL,
    channel INTEGER NOT NULL,
    kind TEXT NOT NULL,
    expected INTEGER NOT NULL,
    reported INTEGER NOT NULL,
    cause TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (seller_id, version, n)
) STRICT, WITHOUT ROWID;
