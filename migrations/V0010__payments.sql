-- What a draft of the staff takes off, discount by discount: counted against their limits when the draft is placed.
create table draft_discount (
  order_id integer not null references shop_order (id),
  discount_id integer not null references discount (id) on delete cascade,
  amount integer not null check (amount >= 0),
  primary key (order_id, discount_id)
) strict, without rowid;

create index draft_discount_discount on draft_discount (discount_id);

-- Drafts that were made before this kept no more than their code.
insert into draft_discount (order_id, discount_id, amount)
select o.id, d.id, o.discount_total from shop_order o join discount d on d.code = o.discount_code where o.status = 'draft';

-- Messages of providers are forgotten some day, and refunds asked about by when they were last heard of.
create index payment_event_received on payment_event (received_at);
drop index refund_pending;
create index refund_pending on refund (updated_at) where status = 'pending';
