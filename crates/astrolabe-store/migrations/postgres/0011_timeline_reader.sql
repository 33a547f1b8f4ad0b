-- The timeline as a log: what happened after a place in it, for those who derive figures from it.
CREATE UNIQUE INDEX timeline_log ON timeline (seller_id, version, n);

-- How far each reader has come: (version, n) of the last fact whose effect is kept.
CREATE TABLE timeline_reader (
    seller_id BIGINT NOT NULL,
    reader TEXT NOT NULL,
    version BIGINT NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (seller_id, reader)
);
