-- Figures of white paper chapter 5 that the timeline's reader has added up. `grain`: 0 day, 1 month; `start_day`: its first
-- day since 1970, Shanghai. `cut`: 0 the whole seller, 1 by app, 2 by location and app, 3 by destination; columns that a cut
-- does not name are 0 or ''. `spread`: histogram, bucket:count with commas.
CREATE TABLE kpi_figure (
    seller_id INTEGER NOT NULL,
    metric INTEGER NOT NULL,
    grain INTEGER NOT NULL,
    cut INTEGER NOT NULL,
    start_day INTEGER NOT NULL,
    location_id INTEGER NOT NULL,
    app TEXT NOT NULL,
    province TEXT NOT NULL,
    city TEXT NOT NULL,
    count INTEGER NOT NULL,
    within INTEGER NOT NULL,
    sum_ms INTEGER NOT NULL,
    max_ms INTEGER NOT NULL,
    spread TEXT NOT NULL,
    PRIMARY KEY (seller_id, metric, grain, cut, start_day, location_id, app, province, city)
) STRICT, WITHOUT ROWID;
CREATE INDEX kpi_figure_by_location ON kpi_figure (seller_id, location_id, metric, grain, start_day) WHERE cut = 2;

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('kpi_figure', 'kpi_figure', '10000000 10000000 400000 200000 100000 500 2 1 1 1'),
    ('kpi_figure', 'kpi_figure_by_location', '5000000 5000000 5000 200 100 1');
ANALYZE sqlite_schema;
