-- Orders that were made elsewhere before, and what reports walk.

-- What an order was called where it came from; a file that is read again finds its orders by it.
alter table shop_order add column reference text;

create unique index shop_order_reference on shop_order (reference) where reference is not null;
create index refund_reference on refund (reference) where reference is not null;
create index refund_created on refund (created_at);

-- nexus check counts what was sent and refunded of each line.
create index fulfillment_line_of on fulfillment_line (order_line_id);
create index refund_line_of on refund_line (order_line_id);
