//! Stock under many hands: nothing is sold twice, and the numbers always add up.

use super::{bare_order, findings, numbers, variant_of};
use crate::support::{Requests, TestShop, category, product, wait};
use nexus::domain::stock::{StockChange, StockKey, StockReason, StockStep};
use nexus::domain::{OrderId, VariantId};
use nexus::services::selling::stock::{stock_release, stock_reserve, stock_return, stock_sell};
use nexus::services::{Ctx, Error, Shop};
use proptest::prelude::*;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

fn shop_with(stock: i64, policy: &str) -> (TestShop, VariantId) {
    let shop = TestShop::new();
    category("Kitchen").create(&shop);
    let made = product("Mug").stock(stock).sku("MUG").with("stock_policy", policy).create(&shop);
    let variant = variant_of(&made);
    (shop, variant)
}

/// Reserves for an order: how many were available when it was not enough.
fn reserve(shop: &Shop, order: OrderId, variant: VariantId, quantity: i64) -> Result<(), i64> {
    let ctx = Ctx::shop();
    let outcome = shop
        .store()
        .write_blocking(move |tx| stock_reserve(tx, &ctx, order, &[(variant, quantity)], None))
        .expect("no failure");
    outcome.map_err(|short| {
        assert_eq!((short.len(), short[0].variant_id, short[0].wanted), (1, variant, quantity));
        short[0].available
    })
}

#[test]
fn two_hundred_buyers_of_ten_units_get_exactly_ten() {
    let (shop, variant) = shop_with(10, "deny");
    let orders: Vec<OrderId> = (0..200).map(|_| bare_order(&shop.shop)).collect();
    let (start, won) = (Barrier::new(200), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for order in &orders {
            let (shop, start, won) = (&shop.shop, &start, &won);
            scope.spawn(move || {
                start.wait();
                match reserve(shop, *order, variant, 1) {
                    Ok(()) => drop(won.fetch_add(1, Ordering::SeqCst)),
                    Err(available) => assert_eq!(available, 0),
                }
            });
        }
    });
    assert_eq!(won.load(Ordering::SeqCst), 10);
    assert_eq!(numbers(&shop, variant), (10, 10, 0));
    assert_eq!(findings(&shop.shop), [""; 0]);
}

#[test]
fn staff_count_and_move_while_units_are_sold_and_nothing_is_lost() {
    let (shop, variant) = shop_with(1_000, "deny");
    let orders: Vec<OrderId> = (0..60).map(|_| bare_order(&shop.shop)).collect();
    let start = Barrier::new(3);
    std::thread::scope(|scope| {
        for half in orders.chunks(30) {
            let (shop, start) = (&shop.shop, &start);
            scope.spawn(move || {
                start.wait();
                for order in half {
                    let (ctx, order) = (Ctx::shop(), *order);
                    let sold = shop.store().write_blocking(move |tx| {
                        stock_reserve(tx, &ctx, order, &[(variant, 2)], None)?.expect("enough");
                        stock_sell(tx, &ctx, order)
                    });
                    sold.expect("a sale");
                }
            });
        }
        let (shop, start) = (&shop.shop, &start);
        scope.spawn(move || {
            start.wait();
            for _ in 0..30 {
                let (key, step) = (StockKey::Id(variant), StockStep::Delta(5));
                let change = StockChange { key, step, reason: StockReason::Received, note: None };
                wait(shop.stock_move(&Ctx::owner(), change)).expect("a delivery");
            }
        });
    });
    assert_eq!(numbers(&shop, variant), (1_000 - 120 + 150, 0, 1_000 - 120 + 150));
    assert_eq!(findings(&shop.shop), [""; 0]);
}

/// What may be done to stock.
#[derive(Clone, Debug)]
enum Step {
    Reserve(usize, usize, i64),
    Sell(usize),
    Release(usize),
    Return(usize, usize, i64),
    Move(usize, i64),
    Count(usize, i64),
    Put(usize, i64),
}

const ORDERS: usize = 4;
const POLICIES: [&str; 3] = ["deny", "backorder", "untracked"];

fn step() -> impl Strategy<Value = Step> {
    let (order, variant) = (0..ORDERS, 0..POLICIES.len());
    prop_oneof![
        4 => (order.clone(), variant.clone(), 1..6_i64).prop_map(|(o, v, n)| Step::Reserve(o, v, n)),
        2 => order.clone().prop_map(Step::Sell),
        2 => order.clone().prop_map(Step::Release),
        1 => (order, variant.clone(), 1..4_i64).prop_map(|(o, v, n)| Step::Return(o, v, n)),
        2 => (variant.clone(), -5..6_i64).prop_map(|(v, n)| Step::Move(v, n)),
        1 => (variant.clone(), 0..12_i64).prop_map(|(v, n)| Step::Count(v, n)),
        1 => (variant, 0..12_i64).prop_map(|(v, n)| Step::Put(v, n)),
    ]
}

/// Stock as anybody would write it down: two numbers for each variant, and who holds what.
#[derive(Default)]
struct Model {
    on_hand: [i64; 3],
    reserved: [i64; 3],
    held: HashMap<(usize, usize), i64>,
}

impl Model {
    fn available(&self, v: usize) -> i64 {
        (self.on_hand[v] - self.reserved[v]).max(0)
    }

    fn reserve(&mut self, order: usize, v: usize, n: i64) -> bool {
        if POLICIES[v] == "deny" && self.available(v) < n {
            return false;
        }
        if POLICIES[v] != "untracked" {
            self.reserved[v] += n;
            *self.held.entry((order, v)).or_default() += n;
        }
        true
    }

    fn settle(&mut self, order: usize, sold: bool) {
        for v in 0..POLICIES.len() {
            let n = self.held.remove(&(order, v)).unwrap_or(0);
            self.reserved[v] -= n;
            if sold {
                self.on_hand[v] -= n;
            }
        }
    }

    /// Whether staff may leave so many on the shelf.
    fn shelve(&mut self, v: usize, on_hand: i64) -> bool {
        let good = POLICIES[v] != "deny" || on_hand >= self.reserved[v];
        if good {
            self.on_hand[v] = on_hand;
        }
        good
    }
}

/// Does one step in the shop and in the model; both must agree on whether it can be done.
fn take(shop: &TestShop, variants: &[VariantId], orders: &[OrderId], model: &mut Model, step: &Step) {
    let ctx = Ctx::shop();
    let store = shop.shop.store();
    let staff = |body| shop.staff().post("/api/v1/admin/stock/movements", &body).status;
    match *step {
        Step::Reserve(o, v, n) => {
            let expected = model.reserve(o, v, n);
            assert_eq!(reserve(&shop.shop, orders[o], variants[v], n).is_ok(), expected, "{step:?}");
        }
        Step::Sell(o) => {
            let order = orders[o];
            store.write_blocking(move |tx| stock_sell(tx, &ctx, order)).unwrap();
            model.settle(o, true);
        }
        Step::Release(o) => {
            let order = orders[o];
            store.write_blocking(move |tx| stock_release(tx, &ctx, order)).unwrap();
            model.settle(o, false);
        }
        Step::Return(o, v, n) => {
            let (order, back) = (orders[o], [(variants[v], n)]);
            store.write_blocking(move |tx| stock_return(tx, &ctx, order, &back)).unwrap();
            if POLICIES[v] != "untracked" {
                model.on_hand[v] += n;
            }
        }
        Step::Move(_, 0) => {}
        Step::Move(v, n) => {
            let moved = staff(json!({ "variant_id": variants[v], "delta": n, "reason": "corrected" }));
            let expected = model.shelve(v, model.on_hand[v] + n);
            assert_eq!(moved, if expected { 200 } else { 409 }, "{step:?}");
        }
        Step::Count(v, n) => {
            let counted = staff(json!({ "variant_id": variants[v], "count": n }));
            assert_eq!(counted, if model.shelve(v, n) { 200 } else { 409 }, "{step:?}");
        }
        Step::Put(v, n) => {
            shop.staff().patch(&format!("/api/v1/variants/{}", variants[v]), &json!({ "stock": n })).ok(200);
            if n != model.available(v) {
                model.on_hand[v] = model.reserved[v] + n;
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_movements_keeps_the_numbers_of_a_naive_model(steps in prop::collection::vec(step(), 1..40)) {
        let shop = TestShop::new();
        category("Kitchen").create(&shop);
        let variants: Vec<VariantId> = POLICIES
            .iter()
            .map(|policy| variant_of(&product(policy).stock(6).with("stock_policy", *policy).create(&shop)))
            .collect();
        let orders: Vec<OrderId> = (0..ORDERS).map(|_| bare_order(&shop.shop)).collect();
        let mut model = Model { on_hand: [6; 3], ..Model::default() };
        for step in &steps {
            take(&shop, &variants, &orders, &mut model, step);
        }
        for (v, variant) in variants.iter().enumerate() {
            let expected = (model.on_hand[v], model.reserved[v], model.available(v));
            prop_assert_eq!(numbers(&shop, *variant), expected, "{}", POLICIES[v]);
        }
        prop_assert_eq!(findings(&shop.shop), Vec::<String>::new());
    }
}

#[test]
fn order_of_several_lines_takes_all_or_nothing_and_names_every_shortage() {
    let (shop, mug) = shop_with(5, "deny");
    let cup = variant_of(&product("Cup").stock(1).create(&shop));
    let order = bare_order(&shop.shop);
    let wanted = |lines: Vec<(VariantId, i64)>| {
        let ctx = Ctx::shop();
        shop.shop.store().write_blocking(move |tx| stock_reserve(tx, &ctx, order, &lines, None)).unwrap()
    };
    // The same variant on two lines counts together.
    let gone = VariantId::new(999);
    let short = wanted(vec![(mug, 3), (cup, 2), (mug, 3), (gone, 1)]).unwrap_err();
    let named: Vec<_> = short.iter().map(|s| (s.variant_id, s.wanted, s.available)).collect();
    assert_eq!(named, [(mug, 6, 5), (cup, 2, 1), (gone, 1, 0)]);
    assert_eq!((numbers(&shop, mug), numbers(&shop, cup)), ((5, 0, 5), (1, 0, 1)));
    wanted(vec![(mug, 3), (cup, 1), (mug, 2)]).unwrap();
    assert_eq!((numbers(&shop, mug), numbers(&shop, cup)), ((5, 5, 0), (1, 1, 0)));
    let none: Result<(), Error> = shop
        .shop
        .store()
        .write_blocking(move |tx| stock_reserve(tx, &Ctx::shop(), order, &[(mug, 0)], None)?.map_err(|_| Error::Stale));
    assert!(matches!(none, Err(Error::Internal(_))), "nothing cannot be reserved");
    assert_eq!(findings(&shop.shop), [""; 0]);
}
