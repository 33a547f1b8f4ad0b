-- What the planner may assume: one seller has most of a table's rows. Without this it takes ten rows for a seller's
-- and reads them all instead of using the index that names one trade. Figures as ANALYZE would write them: rows, then
-- rows that agree in the first column, in the first two, and so on.

ANALYZE;
DELETE FROM sqlite_stat1;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('location', 'location', '10000 10000 1'),
    ('item', 'item', '100000 100000 1'),
    ('item_sku', 'item_sku', '200000 200000 2 1'),
    ('item_sku', 'item_sku_by_article', '200000 200000 2'),
    ('item_store', 'item_store', '1000000 1000000 10 1'),
    ('item_store', 'item_store_by_location', '1000000 1000000 100 1'),
    ('sc_item', 'sc_item', '100000 100000 1'),
    ('sc_item', 'sc_item_by_outer_code', '100000 100000 1'),
    ('stock_cell', 'stock_cell', '1000000 1000000 10 2 1 1'),
    ('stock_cell', 'stock_cell_by_location', '1000000 1000000 100'),
    ('stock_entry', 'stock_entry', '10000000 10000000 100 1'),
    ('stock_entry', 'stock_entry_committed', '2000000 2000000 20 4 2 2 1'),
    ('lane_change', 'lane_change', '100000 100000 2 2 1'),
    ('reservation', 'reservation', '100000 100000 2 1'),
    ('reservation', 'reservation_by_cell', '100000 100000 10 3 2 2'),
    ('ahead_hold', 'ahead_hold', '1000000 1000000 1 1'),
    ('ahead_hold', 'ahead_hold_expiring', '100000 100000 10'),
    ('ahead_hold', 'ahead_hold_by_cell', '100000 100000 100 20 10 10 1'),
    ('stock_bill', 'stock_bill', '1000000 1000000 5 2 1 1'),
    ('stock_adjust', 'stock_adjust', '100000 100000 1 1'),
    ('shortage_queue', 'shortage_queue', '10000 10000 5 1 1 1'),
    ('discrepancy', 'discrepancy', '10000 10000 1 1'),
    ('trade', 'sqlite_autoindex_trade_1', '1000000 1000000 1'),
    ('trade', 'trade_due', '100000 100000 10'),
    ('trade', 'trade_awaiting', '10000 10000 1 1'),
    ('assignment', 'assignment', '1000000 1000000 1'),
    ('assignment', 'assignment_by_trade', '1000000 1000000 2'),
    ('assignment', 'assignment_by_sub_order', '1000000 1000000 1'),
    ('assignment', 'assignment_open', '100000 100000 10 1'),
    ('assignment', 'assignment_due', '100000 100000 10'),
    ('timeline', 'timeline', '5000000 5000000 5 3 2 1 1'),
    ('work', 'work', '1000 1000 1'),
    ('work', 'work_once', '1000 1000 1'),
    ('task', 'task', '10000 10000 1 1'),
    ('outward', 'outward', '1000000 1000000 1'),
    ('outward', 'outward_by_trade', '1000000 1000000 2'),
    ('outward', 'outward_pending', '10000 10000 2'),
    ('stored_answer', 'stored_answer', '100000 100000 50000 1'),
    ('stored_answer', 'stored_answer_by_age', '100000 100000 2');
ANALYZE sqlite_schema;
