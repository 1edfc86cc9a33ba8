//! No list of orders reads or sorts all of them: the plan of every filter, at the start and behind a place.

use crate::support::TestShop;
use nexus::domain::order::OrderStatus;
use nexus::domain::{Direction, Timestamp, UserId};
use nexus::services::Error;
use nexus::services::orders::{OrderFilter, OrderPosition};

const ORDERS: &str = "with recursive n (n) as (select 1 union all select n + 1 from n where n < 3000) \
     insert into shop_order (number, token, account_id, email, email_key, source, status, currency, tax_included, \
     subtotal, discount_total, shipping_total, tax_total, total, placed_at, created_at, updated_at) \
     select 1000 + n, 't' || n, n % 4 + 1, 'e' || n % 500, 'e' || n % 500, 'web', \
     case n % 10 when 0 then 'paid' when 1 then 'cancelled' else 'completed' end, 'EUR', 0, 0, 0, 0, 0, 0, n * 1000, n, n \
     from n";
const TERMS: &str = "insert into order_term (term, order_id) select 'mug-' || id % 100, id from shop_order";

#[test]
fn no_list_of_orders_reads_or_sorts_all_of_them() {
    let shop = TestShop::new();
    let fill = shop.shop.store().write_blocking(|tx| {
        tx.execute(ORDERS, [])?;
        tx.execute(TERMS, [])?;
        tx.execute_script("analyze").map_err(Error::from)
    });
    fill.unwrap();
    let shop = shop.restarted();
    let some = |change: &dyn Fn(&mut OrderFilter)| {
        let mut filter = OrderFilter::default();
        change(&mut filter);
        filter
    };
    let (paid, cancelled) = (OrderStatus::Paid, OrderStatus::Cancelled);
    let filters = [
        ("all", some(&|_| {})),
        ("one status", some(&|f| f.statuses = vec![paid])),
        ("two statuses", some(&|f| f.statuses = vec![paid, cancelled])),
        ("account", some(&|f| f.account = Some(UserId::new(1)))),
        ("e-mail", some(&|f| f.email_key = Some("e7".to_owned()))),
        ("e-mail and status", some(&|f| (f.email_key, f.statuses) = (Some("e7".to_owned()), vec![paid]))),
        ("placed", some(&|f| f.placed_from = Some(Timestamp::from_millis(5_000)))),
        ("words", some(&|f| f.words = Some(vec!["mug-7".to_owned(), "mug".to_owned()]))),
        ("flagged", some(&|f| f.flagged = true)),
    ];
    let middle = shop.shop.store().read(|tx| tx.order_page(&OrderFilter::default(), None, 1_500)).unwrap();
    let middle = OrderPosition::of(middle.last().unwrap());
    for (name, filter) in filters {
        for from in [None, Some((middle, Direction::Next)), Some((middle, Direction::Previous))] {
            let plan = shop.shop.store().read(|tx| tx.order_plan(&filter, from)).unwrap();
            let walks = |step: &str| step.starts_with("SCAN") && !step.contains("USING") && !step.contains("subquery");
            let reads_all = plan.iter().any(|step| walks(step));
            assert!(!reads_all, "{name} {from:?} reads all orders: {plan:#?}");
            // What words or flags name is few, and a merge of walks is one page for each status.
            let small = filter.words.is_some() || filter.flagged || !filter.statuses.is_empty();
            let sorts = plan.iter().any(|step| step.contains("TEMP B-TREE FOR ORDER BY"));
            assert!(small || !sorts, "{name} {from:?} sorts: {plan:#?}");
        }
    }
    for backwards in [false, true] {
        let plan = shop.shop.store().read(|tx| tx.orders_of_account_plan(backwards)).unwrap();
        let good = plan.iter().all(|step| step.starts_with("SEARCH") && !step.contains("TEMP B-TREE"));
        assert!(good, "one's own orders, backwards {backwards}: {plan:#?}");
    }
}
