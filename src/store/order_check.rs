//! Rules that hold for every order, as queries that give the offenders.

/// The rules by name.
pub(super) const ORDER_INVARIANTS: &[(&str, &str)] = &[
    (
        "order totals",
        "select 'order ' || o.id || ': its sums are not those of its lines' from shop_order o join \
         (select order_id, sum(unit_price * quantity) as goods, sum(discount) as discount, sum(tax) as tax, sum(total) as total \
         from order_line group by order_id) l on l.order_id = o.id where o.subtotal <> l.goods \
         or o.discount_total <> l.discount or o.tax_total < l.tax or o.total <> l.total + o.shipping_total \
         + iif(o.tax_included = 1, 0, o.tax_total - l.tax) limit 20",
    ),
    (
        "order lines",
        "select 'order line ' || l.id || ' does not add up' from order_line l join shop_order o on o.id = l.order_id \
         where l.total <> l.unit_price * l.quantity - l.discount + iif(o.tax_included = 1, 0, l.tax) limit 20",
    ),
    (
        "order numbers",
        "select 'the numbers of orders have a gap: ' || count(*) || ' orders up to ' || max(number) from shop_order \
         where number is not null having max(number) - min(number) + 1 <> count(*) union all \
         select 'the series of orders stands at ' || s.last || ', and the last order is ' || coalesce((select max(number) \
         from shop_order), 0) from number_series s where s.name = 'order' \
         and s.last <> coalesce((select max(number) from shop_order), 0) limit 20",
    ),
    (
        "books",
        "select 'order ' || order_id || ': posting ' || posting || ' does not sum to zero' from ledger_entry \
         group by order_id, posting having sum(amount) <> 0 limit 20",
    ),
    (
        "books and payments",
        "select 'order ' || o.id || ': the books hold ' || b.money || ', its payments ' || p.money from shop_order o \
         join (select order_id, sum(captured) - coalesce((select sum(r.amount) from refund r \
         where r.order_id = payment.order_id and r.status = 'succeeded'), 0) as money from payment group by order_id) p \
         on p.order_id = o.id join (select order_id, sum(iif(account = 'money', amount, 0)) as money from ledger_entry \
         group by order_id) b on b.order_id = o.id where b.money <> p.money limit 20",
    ),
    (
        "sent units",
        "select 'order line ' || l.id || ': ' || l.fulfilled || ' units sent, and its shipments have others' from order_line l \
         where l.fulfilled <> (select coalesce(sum(f.quantity), 0) from fulfillment_line f where f.order_line_id = l.id) limit 20",
    ),
    (
        "refunded units",
        "select 'order line ' || l.id || ': ' || l.refunded || ' units refunded, and its refunds have others' from order_line l \
         where l.refunded <> (select coalesce(sum(f.quantity), 0) from refund_line f join refund r on r.id = f.refund_id \
         where f.order_line_id = l.id and r.status <> 'failed') limit 20",
    ),
    (
        "order status",
        "select 'order ' || o.id || ' is ' || o.status || ' and units of it are still to be sent' from shop_order o \
         where o.status in ('fulfilled', 'completed') and o.source <> 'import' and exists (select 1 from order_line l \
         where l.order_id = o.id and l.fulfilled + l.withdrawn < l.quantity) limit 20",
    ),
];
