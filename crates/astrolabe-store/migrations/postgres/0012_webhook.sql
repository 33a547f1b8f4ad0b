-- A merchant's own systems that are told of what happens to its orders.
CREATE TABLE webhook (
    seller_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (seller_id, name)
);
