-- PostgreSQL counts for itself. Rows that every group rewrites leave dead versions behind: those tables are cleaned
-- long before a fifth of them is dead.

ALTER TABLE seller_lane SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
ALTER TABLE stock_cell SET (autovacuum_vacuum_scale_factor = 0.02);
ALTER TABLE outward SET (autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE reservation SET (autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE work SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
