-- Figures of white paper chapter 5 that the timeline's reader has added up. `grain`: 0 day, 1 month; `start_day`: its first
-- day since 1970, Shanghai. `cut`: 0 the whole seller, 1 by app, 2 by location and app, 3 by destination; columns that a cut
-- does not name are 0 or ''. `spread`: histogram, bucket:count with commas.
CREATE TABLE kpi_figure (
    seller_id BIGINT NOT NULL,
    metric SMALLINT NOT NULL,
    grain SMALLINT NOT NULL,
    cut SMALLINT NOT NULL,
    start_day BIGINT NOT NULL,
    location_id BIGINT NOT NULL,
    app TEXT NOT NULL,
    province TEXT NOT NULL,
    city TEXT NOT NULL,
    count BIGINT NOT NULL,
    within BIGINT NOT NULL,
    sum_ms BIGINT NOT NULL,
    max_ms BIGINT NOT NULL,
    spread TEXT NOT NULL,
    PRIMARY KEY (seller_id, metric, grain, cut, start_day, location_id, app, province, city)
);
CREATE INDEX kpi_figure_by_location ON kpi_figure (seller_id, location_id, metric, grain, start_day) WHERE cut = 2;
