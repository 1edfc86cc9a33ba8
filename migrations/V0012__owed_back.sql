-- What went back of money that no sale had used up (it came in for an order that had been called off, or beyond what an
-- order came to) was posted as a refund of a sale. It is what the shop owed: one posting for each order puts it there. What
-- the books say is owed can be no more than what the payments of the order still hold.
with balance (order_id, currency, excess) as (
  select o.id, o.currency,
    -(select sum(e.amount) from ledger_entry e where e.order_id = o.id and e.account = 'receivable')
    - (select coalesce(sum(p.captured), 0) from payment p where p.order_id = o.id)
    + (select sum(r.amount) from refund r where r.order_id = o.id and r.status = 'succeeded')
  from shop_order o
  where o.id in (select r.order_id from refund r where r.status = 'succeeded')
)
insert into ledger_entry (order_id, posting, account, amount, currency, created_at)
select b.order_id, 'correct', a.account, a.sign * b.excess, b.currency, cast(unixepoch('subsec') * 1000 as integer)
from balance b join (select 'receivable' as account, 1 as sign union all select 'refunds', -1) a
where b.excess > 0
order by b.order_id, a.sign desc;
