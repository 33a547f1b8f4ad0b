-- What is listed: trades by time, listings by tag, refunds as published, and who gets trades pushed into a database.

-- The channel's own words of a trade, which lists are filtered by; `created` is in the document too. The indexes hold all
-- that a page or a count looks at, so that no long row is read to be left out.
ALTER TABLE trade ADD COLUMN created INTEGER NOT NULL DEFAULT 0;
ALTER TABLE trade ADD COLUMN status TEXT NOT NULL DEFAULT '';
ALTER TABLE trade ADD COLUMN kind TEXT NOT NULL DEFAULT '';
UPDATE trade SET
    created = json_extract(doc, '$.created'),
    status = CASE WHEN json_valid(published)
        THEN coalesce(CAST(json_extract(published, '$.status') AS TEXT), '') ELSE '' END,
    kind = CASE WHEN json_valid(published)
        THEN coalesce(CAST(json_extract(published, '$.type') AS TEXT), '') ELSE '' END;
CREATE INDEX trade_created ON trade (seller_id, created, tid, status, kind);
CREATE INDEX trade_modified ON trade (seller_id, modified, tid, status, kind);

-- The tags of `item.doc`, by tag.
CREATE TABLE item_tag (
    seller_id INTEGER NOT NULL,
    tag TEXT NOT NULL,
    item_id INTEGER NOT NULL,
    PRIMARY KEY (seller_id, tag, item_id)
) STRICT, WITHOUT ROWID;
INSERT INTO item_tag (seller_id, tag, item_id)
    SELECT item.seller_id, tag.value, item.item_id FROM item, json_each(item.doc, '$.tags') AS tag;

-- `published` is the channel's own JSON. The table keeps its row ids because its rows are long.
CREATE TABLE refund (
    seller_id INTEGER NOT NULL,
    refund_id INTEGER NOT NULL,
    tid INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    published TEXT NOT NULL,
    PRIMARY KEY (seller_id, refund_id)
) STRICT;

-- One row a seller and app, kept when the registration is deleted. Changed by the app itself, outside the lane: nothing
-- decided depends on it.
CREATE TABLE push_user (
    seller_id INTEGER NOT NULL,
    app_key TEXT NOT NULL,
    rds_name TEXT NOT NULL,
    history_days INTEGER,
    topics TEXT,
    deleted INTEGER NOT NULL,
    created INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    PRIMARY KEY (seller_id, app_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX push_user_by_app ON push_user (app_key, seller_id);

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('trade', 'trade_created', '1000000 1000000 2 1 1 1'),
    ('trade', 'trade_modified', '1000000 1000000 2 1 1 1'),
    ('item_tag', 'item_tag', '100000 100000 50000 1'),
    ('refund', 'sqlite_autoindex_refund_1', '100000 100000 1'),
    ('push_user', 'push_user', '1000 1 1'),
    ('push_user', 'push_user_by_app', '1000 200 1');
ANALYZE sqlite_schema;
