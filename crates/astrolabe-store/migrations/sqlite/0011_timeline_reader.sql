-- The timeline as a log: what happened after a place in it, for those who derive figures from it.
CREATE UNIQUE INDEX timeline_log ON timeline (seller_id, version, n);
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('timeline', 'timeline_log', '5000000 5000000 5 1');
ANALYZE sqlite_schema;

-- How far each reader has come: (version, n) of the last fact whose effect is kept.
CREATE TABLE timeline_reader (
    seller_id INTEGER NOT NULL,
    reader TEXT NOT NULL,
    version INTEGER NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (seller_id, reader)
) STRICT, WITHOUT ROWID;
