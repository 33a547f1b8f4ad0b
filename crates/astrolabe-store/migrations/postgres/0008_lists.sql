-- What is listed: trades by time, listings by tag, refunds as published, and who gets trades pushed into a database.

-- The channel's own words of a trade, which lists are filtered by; `created` is in the document too. The indexes hold all
-- that a page or a count looks at, so that no long row is read to be left out.
ALTER TABLE trade ADD COLUMN created BIGINT NOT NULL DEFAULT 0;
ALTER TABLE trade ADD COLUMN status TEXT NOT NULL DEFAULT '';
ALTER TABLE trade ADD COLUMN kind TEXT NOT NULL DEFAULT '';
UPDATE trade SET
    created = (doc::jsonb ->> 'created')::bigint,
    status = coalesce(nullif(published, '')::jsonb ->> 'status', ''),
    kind = coalesce(nullif(published, '')::jsonb ->> 'type', '');
CREATE INDEX trade_created ON trade (seller_id, created, tid, status, kind);
CREATE INDEX trade_modified ON trade (seller_id, modified, tid, status, kind);

-- The tags of `item.doc`, by tag.
CREATE TABLE item_tag (
    seller_id BIGINT NOT NULL,
    tag TEXT NOT NULL,
    item_id BIGINT NOT NULL,
    PRIMARY KEY (seller_id, tag, item_id)
);
INSERT INTO item_tag (seller_id, tag, item_id)
    SELECT item.seller_id, tag, item.item_id
    FROM item, jsonb_array_elements_text(item.doc::jsonb -> 'tags') AS tag;

-- `published` is the channel's own JSON.
CREATE TABLE refund (
    seller_id BIGINT NOT NULL,
    refund_id BIGINT NOT NULL,
    tid BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    published TEXT NOT NULL,
    PRIMARY KEY (seller_id, refund_id)
);

-- One row a seller and app, kept when the registration is deleted. Changed by the app itself, outside the lane: nothing
-- decided depends on it. On Citus a reference table, as the directory's are.
CREATE TABLE push_user (
    seller_id BIGINT NOT NULL,
    app_key TEXT NOT NULL,
    rds_name TEXT NOT NULL,
    history_days BIGINT,
    topics TEXT,
    deleted BOOLEAN NOT NULL,
    created BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    PRIMARY KEY (seller_id, app_key)
);
CREATE INDEX push_user_by_app ON push_user (app_key, seller_id);
