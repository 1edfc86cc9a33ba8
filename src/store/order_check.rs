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
        "select 'order ' || order_id || ': posting ' || posting || ' does not sum to zero in ' || currency from ledger_entry \
         group by order_id, posting, currency having sum(amount) <> 0 limit 20",
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
        "books and what is owed",
        "select 'order ' || id || ': the books say that ' || -owes || ' is owed back, and the shop holds ' || kept || \
         iif(sold, ' for a sale', ' for no sale') from (select o.id, o.status, o.paid_at is not null as sold, b.owes, \
         (select coalesce(sum(p.captured), 0) from payment p where p.order_id = o.id) - (select coalesce(sum(r.amount), 0) \
         from refund r where r.order_id = o.id and r.status = 'succeeded') as kept from shop_order o \
         join (select order_id, sum(iif(account = 'receivable', amount, 0)) as owes from ledger_entry group by order_id) b \
         on b.order_id = o.id) where (sold and (owes > 0 or -owes > kept)) \
         or (not sold and status = 'cancelled' and -owes <> kept) limit 20",
    ),
    (
        "sold units",
        "select 'order ' || m.order_id || ': ' || m.sold || ' units of variant ' || m.variant_id || ' left the shelf, ' || l.ordered || ' were ordered' \
         from (select order_id, variant_id, -sum(on_hand) as sold from stock_movement where kind = 'sold' and order_id is not null \
         group by order_id, variant_id) m join (select order_id, variant_id, sum(quantity) as ordered from order_line \
         where variant_id is not null group by order_id, variant_id) l on l.order_id = m.order_id and l.variant_id = m.variant_id \
         where m.sold > l.ordered limit 20",
    ),
    (
        "carts and orders",
        "select 'order ' || order_id || ' was made of ' || count(*) || ' carts' from cart where order_id is not null \
         group by order_id having count(*) > 1 limit 20",
    ),
    (
        "payments and orders",
        "select 'payment ' || p.id || ' is in ' || p.currency || ', its order in ' || o.currency from payment p \
         join shop_order o on o.id = p.order_id where p.currency <> o.currency limit 20",
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
    (
        "invoice numbers",
        "select 'the numbers of kind ' || kind || ' have a gap: ' || count(*) || ' up to ' || max(number) from invoice \
         group by kind having max(number) <> count(*) union all \
         select 'the series ' || s.name || ' stands at ' || s.last || ', and so many were given out: ' || \
         (select count(*) from invoice i where i.kind = s.name) from number_series s \
         where s.name in ('invoice', 'credit_note') and s.last <> (select count(*) from invoice i where i.kind = s.name) limit 20",
    ),
    (
        "invoices and money",
        "select 'order ' || order_id || ': invoice less credit notes come to ' || billed || ', and the shop has ' || kept \
         from (select i.order_id, sum(i.total) as billed, min(o.total) as due, \
         (select coalesce(sum(p.captured), 0) from payment p where p.order_id = i.order_id) - (select coalesce(sum(r.amount), 0) \
         from refund r where r.order_id = i.order_id and r.status = 'succeeded') as kept, \
         (select count(*) from payment p where p.order_id = i.order_id and p.captured > 0) as times \
         from invoice i join shop_order o on o.id = i.order_id group by i.order_id) \
         where billed > kept or (times < 2 and billed <> min(due, kept)) limit 20",
    ),
];
