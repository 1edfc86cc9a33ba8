//! Rules of the shop that hold for every row, but for those of orders.

/// Rules that hold for every row, as queries that give the offenders.
pub(super) const INVARIANTS: &[(&str, &str)] = &[
    (
        "ratings",
        "select 'product ' || p.id || ': rating, rating_count or rating_sum differ from its reviews' from product p left join \
         (select product_id, count(*) as n, sum(rating) as s from review where status = 'approved' group by product_id) r \
         on r.product_id = p.id where p.rating_count <> coalesce(r.n, 0) or p.rating_sum <> coalesce(r.s, 0) \
         or p.rating <> coalesce((r.s * 200 + r.n) / (2 * r.n), 0) limit 20",
    ),
    (
        "every product has a variant",
        "select 'product ' || id || ' has no variant' from product p where not exists (select 1 from variant v where v.product_id = p.id) limit 20",
    ),
    (
        "product sums",
        "select 'product ' || p.id || ': price, price_max, stock or in_stock differ from its variants' from product p join \
         (select product_id, min(price) as low, max(price) as high, sum(stock) as stock, max(stock > 0 or stock_policy <> 'deny') as sells from variant group by product_id) v \
         on v.product_id = p.id where p.price <> v.low or p.price_max <> v.high or p.stock <> v.stock or p.in_stock <> v.sells limit 20",
    ),
    (
        "stock",
        "select 'variant ' || id || ': stock ' || stock || ' is not what ' || on_hand || ' on hand less ' || reserved || ' reserved leave' from variant \
         where stock <> max(on_hand - reserved, 0) or (stock_policy = 'deny' and reserved > on_hand) limit 20",
    ),
    (
        "stock ledger",
        "select 'variant ' || v.id || ': ' || v.on_hand || ' on hand and ' || v.reserved || ' reserved are not the sums of its stock_movement rows' \
         from variant v left join (select variant_id, sum(on_hand) as on_hand, sum(reserved) as reserved from stock_movement group by variant_id) m \
         on m.variant_id = v.id where v.on_hand <> v.opening_stock + coalesce(m.on_hand, 0) or v.reserved <> coalesce(m.reserved, 0) limit 20",
    ),
    (
        "reservations",
        "select 'variant ' || v.id || ': ' || v.reserved || ' reserved are not the sum of its reservation rows' \
         from variant v left join (select variant_id, sum(quantity) as quantity from reservation group by variant_id) r \
         on r.variant_id = v.id where v.reserved <> coalesce(r.quantity, 0) limit 20",
    ),
    (
        "category tree",
        "with recursive reached (id) as (select id from category where parent_id is null union select c.id from reached r join category c on c.parent_id = r.id) select 'category ' || id || ' is not below any root' from category where id not in (select id from reached) limit 20",
    ),
    (
        "tags",
        "select 'product_tag: ' || tag || ' of product ' || product_id || ' has no product' from product_tag t where not exists (select 1 from product p where p.id = t.product_id) limit 20",
    ),
    (
        "attributes",
        "select 'product_attribute: ' || name || ' of product ' || product_id || ' has no product' from product_attribute a where not exists (select 1 from product p where p.id = a.product_id) limit 20",
    ),
    (
        "redirects",
        "select 'slug_redirect: ' || kind || ' ' || slug || ' leads nowhere' from slug_redirect r where (kind = 'product' and not exists (select 1 from product p where p.id = r.target_id)) or (kind = 'category' and not exists (select 1 from category c where c.id = r.target_id)) limit 20",
    ),
    (
        "paid orders have their money",
        "select 'order ' || o.id || ' is ' || o.status || ' without exactly its total captured' from shop_order o \
         where o.source <> 'import' and o.status in ('paid', 'fulfilled', 'completed', 'partially_refunded', 'refunded') \
         and not exists (select 1 from payment p where p.order_id = o.id and p.flag is not null) \
         and ((select count(*) from payment p where p.order_id = o.id and p.status = 'captured' \
         and p.captured = o.total and p.currency = o.currency) = 0 \
         or (select sum(p.captured - p.refunded) from payment p where p.order_id = o.id) > o.total) limit 20",
    ),
    (
        "captured payments are whole, and their orders know",
        "select 'payment ' || p.id || ' is captured, and its amount or order does not say so' from payment p \
         join shop_order o on o.id = p.order_id where p.status = 'captured' and (p.captured <> p.amount \
         or o.status in ('draft', 'pending')) limit 20",
    ),
    (
        "refunds",
        "select 'payment ' || p.id || ': refunded differs from its refunds' from payment p where p.refunded <> \
         (select coalesce(sum(r.amount), 0) from refund r where r.payment_id = p.id and r.status <> 'failed') limit 20",
    ),
    (
        "discount uses",
        "select 'discount ' || d.id || ': ' || d.uses || ' uses counted, ' || (select count(*) from discount_use u where u.discount_id = d.id) || ' there' from discount d where d.uses <> (select count(*) from discount_use u where u.discount_id = d.id) limit 20",
    ),
    (
        "discount limits",
        "select 'discount ' || d.id || ' was used more often than its limit of ' || usage_limit from discount d where d.uses > d.usage_limit limit 20",
    ),
];
