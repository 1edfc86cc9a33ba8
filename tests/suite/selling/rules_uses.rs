//! Uses of discounts: counted only while both limits leave room, however many buyers come at once, and given back.

use super::till;
use crate::support::{Requests, TestShop};
use nexus::domain::pricing::{Place, Refusal};
use nexus::domain::{DiscountId, Money, OrderId, Timestamp};
use nexus::services::selling::{DiscountUse, RulesQuery, rules_for};
use nexus::services::{CheckDepth, Error, Shop};
use rocket::http::Method;
use serde_json::{Value, json};
use std::sync::Barrier;

const DISCOUNTS: &str = "/api/v1/admin/discounts";

/// A shop with a discount of these limits and so many orders.
fn shop(limits: &Value, orders: i64) -> TestShop {
    let shop = TestShop::new();
    let mut body = json!({ "name": "Ten percent off", "code": "SAVE10", "kind": "percent", "percent": "10" });
    body.as_object_mut().unwrap().extend(limits.as_object().unwrap().clone());
    shop.staff().post(DISCOUNTS, &body).ok(201);
    (1..=orders).for_each(|n| shop_order(&shop.shop, n));
    shop
}

/// An order just good enough to use a discount.
fn shop_order(shop: &Shop, n: i64) {
    let sql = format!(
        "insert into shop_order (id, number, token, email, email_key, source, status, currency, tax_included, subtotal, \
         discount_total, shipping_total, tax_total, total, placed_at, created_at, updated_at) \
         values ({n}, {n}, 't{n}', 'a@example.test', 'a@example.test', 'web', 'pending', 'EUR', 0, 0, 0, 0, 0, 0, 0, 0, 0)"
    );
    shop.store().write_blocking(move |tx| Ok::<_, Error>(tx.execute_script(&sql)?)).unwrap();
}

fn take(shop: &Shop, order: i64, customer: &'static str) -> DiscountUse {
    let (id, order, amount) = (DiscountId::new(1), OrderId::new(order), Money::from_minor(100));
    shop.store().write_blocking(move |tx| Ok::<_, Error>(tx.discount_use(id, order, customer, amount)?)).unwrap()
}

fn release(shop: &Shop, order: i64) {
    let order = OrderId::new(order);
    shop.store().write_blocking(move |tx| Ok::<_, Error>(tx.discount_uses_release(order)?)).unwrap();
}

fn uses(shop: &TestShop) -> Value {
    shop.staff().get(&format!("{DISCOUNTS}/1")).ok(200)["uses"].clone()
}

fn refusal(shop: &TestShop, code: &str, customer: Option<&str>) -> Option<Refusal> {
    let (place, now) = (Place::default(), Timestamp::from_millis(1_800_000_000_000));
    let query = RulesQuery { place: &place, code: Some(code), customer, account: None, now };
    let rules = shop.shop.store().read(|tx| rules_for(tx, query)).unwrap();
    let quote = nexus::domain::pricing::price(&Default::default(), &rules, shop.shop.price_settings(), now).unwrap();
    quote.refused
}

fn sound(shop: &TestShop) {
    let findings = shop.shop.store().read(|tx| tx.check(CheckDepth::Full)).unwrap();
    assert_eq!(findings, []);
}

#[test]
fn hundred_buyers_at_once_use_a_discount_as_often_as_it_may_be() {
    let shop = shop(&json!({ "usage_limit": 5 }), 100);
    let start = Barrier::new(100);
    let counted = std::thread::scope(|scope| {
        let buyers: Vec<_> = (1..=100)
            .map(|order| {
                let (shop, start) = (&shop.shop, &start);
                scope.spawn(move || {
                    start.wait();
                    take(shop, order, "a@example.test")
                })
            })
            .collect();
        let outcomes: Vec<DiscountUse> = buyers.into_iter().map(|buyer| buyer.join().unwrap()).collect();
        assert!(outcomes.iter().all(|o| matches!(o, DiscountUse::Counted | DiscountUse::UsedUp)), "{outcomes:?}");
        outcomes.into_iter().filter(|o| *o == DiscountUse::Counted).count()
    });
    assert_eq!((counted, uses(&shop)), (5, json!(5)));
    assert_eq!(refusal(&shop, "save10", None), Some(Refusal::UsedUp));
    sound(&shop);
}

#[test]
fn one_customer_uses_a_discount_as_often_as_one_may() {
    let shop = shop(&json!({ "per_customer_limit": 2, "usage_limit": 3 }), 5);
    let inner = &shop.shop;
    assert_eq!(take(inner, 1, "a@example.test"), DiscountUse::Counted);
    assert_eq!(take(inner, 2, "a@example.test"), DiscountUse::Counted);
    assert_eq!(take(inner, 3, "a@example.test"), DiscountUse::UsedByCustomer);
    assert_eq!(refusal(&shop, "SAVE10", Some("a@example.test")), Some(Refusal::UsedByCustomer));
    assert_eq!(refusal(&shop, "SAVE10", Some("b@example.test")), Some(Refusal::NotInScope));
    assert_eq!(take(inner, 4, "b@example.test"), DiscountUse::Counted);
    assert_eq!(take(inner, 5, "b@example.test"), DiscountUse::UsedUp);
    assert_eq!(uses(&shop), 3);
    sound(&shop);
}

#[test]
fn account_uses_a_discount_as_often_as_one_may_whatever_address_it_types() {
    let shop = TestShop::new();
    till::fill(&shop, 20);
    let once = json!({ "name": "Hello", "code": "HELLO", "kind": "percent", "percent": "10", "per_customer_limit": 1 });
    shop.staff().post(DISCOUNTS, &once).ok(201);
    let body = |email: &str| {
        let mut body = till::by_transfer();
        body["email"] = json!(email);
        body
    };
    let (customer, guest) = (shop.customer(), shop.anonymous());
    let code = json!({ "code": "HELLO" });
    let of_nobody = || {
        let token = till::cart(&guest, &[(1, 1)]);
        guest.put(&format!("/api/v1/carts/{token}/discount"), &code).ok(200);
        token
    };
    let buy = |key: &str, email: &str| till::checkout(&customer, &of_nobody(), key, &body(email));
    let first = buy("a", "one@example.test").ok(201);
    assert_eq!(first["discount_total"], "1.00");
    for (key, email) in [("b", "two@example.test"), ("c", "three@example.test"), ("d", "customer@example.test")] {
        buy(key, email).problem(409, "discount-used-by-customer");
    }
    assert_eq!(uses(&shop), 1);
    // The address that was typed is used up for everybody else, too, and nobody else's is.
    let as_other = |key: &str, email: &str| till::checkout(&shop.other_customer(), &of_nobody(), key, &body(email));
    as_other("e", "one@example.test").problem(409, "discount-used-by-customer");
    assert_eq!(as_other("f", "other@example.test").ok(201)["discount_total"], "1.00");
    // A cart of one's own says so before anything is ordered.
    let own = till::cart(&customer, &[(1, 1)]);
    let told = customer.put(&format!("/api/v1/carts/{own}/discount"), &code).ok(200);
    assert_eq!(told["discount_refused"]["code"], "discount_used_by_customer", "{told}");
    // What is called off before it is paid gives its use back.
    let number = first["number"].as_str().expect("a number");
    shop.staff().post(&format!("/api/v1/admin/orders/{number}/cancel"), &json!({})).ok(200);
    assert_eq!(buy("g", "five@example.test").ok(201)["discount_total"], "1.00");
    sound(&shop);
}

#[test]
fn orders_an_account_was_given_later_count_as_its_uses() {
    let shop = shop(&json!({ "per_customer_limit": 1 }), 3);
    let inner = &shop.shop;
    assert_eq!(take(inner, 1, "guest@example.test"), DiscountUse::Counted);
    let link = "update shop_order set account_id = 1 where id in (1, 2)";
    inner.store().write_blocking(move |tx| Ok::<_, Error>(tx.execute_script(link)?)).unwrap();
    assert_eq!(take(inner, 2, "b@example.test"), DiscountUse::UsedByCustomer);
    assert_eq!(take(inner, 3, "b@example.test"), DiscountUse::Counted, "an order of nobody's");
    sound(&shop);
}

#[test]
fn uses_of_a_customer_are_found_by_indexes() {
    let shop = TestShop::new();
    let plan = shop.shop.store().read(|tx| Ok::<_, Error>(tx.discount_uses_plan()?)).unwrap();
    assert!(!plan.iter().any(|step| step.contains("SCAN") && !step.contains("CONSTANT")), "{plan:#?}");
    for index in ["discount_use_customer", "shop_order_account"] {
        assert!(plan.iter().any(|step| step.contains(index)), "{index}: {plan:#?}");
    }
}

#[test]
fn use_of_a_cancelled_order_is_given_back_once() {
    let shop = shop(&json!({ "usage_limit": 1 }), 2);
    let inner = &shop.shop;
    assert_eq!(take(inner, 1, "a@example.test"), DiscountUse::Counted);
    assert_eq!(take(inner, 2, "b@example.test"), DiscountUse::UsedUp);
    for _ in 0..2 {
        release(inner, 1);
        assert_eq!(uses(&shop), 0);
    }
    assert_eq!(take(inner, 2, "b@example.test"), DiscountUse::Counted);
    sound(&shop);
}

#[test]
fn used_discount_stays_and_its_limit_does_not_go_below_its_uses() {
    let shop = shop(&json!({}), 2);
    let path = format!("{DISCOUNTS}/1");
    take(&shop.shop, 1, "a@example.test");
    take(&shop.shop, 2, "a@example.test");
    let refused = shop.staff().delete(&path).problem(409, "discount-in-use");
    assert!(refused["detail"].as_str().unwrap().contains("active"), "{refused}");
    let below = shop.staff().patch(&path, &json!({ "usage_limit": 1 })).problem(409, "below-uses");
    assert_eq!(below["errors"][0]["field"], "usage_limit");
    shop.staff().patch(&path, &json!({ "usage_limit": 2, "active": false })).ok(200);
    assert_eq!(refusal(&shop, "SAVE10", None), Some(Refusal::Unknown));
    sound(&shop);
}

#[test]
fn check_finds_uses_that_were_not_counted() {
    let shop = shop(&json!({ "usage_limit": 5 }), 1);
    take(&shop.shop, 1, "a@example.test");
    let wrong = "update discount set uses = 3";
    shop.shop.store().write_blocking(move |tx| Ok::<_, Error>(tx.execute_script(wrong)?)).unwrap();
    let findings = shop.shop.store().read(|tx| tx.check(CheckDepth::Full)).unwrap();
    assert_eq!(findings.iter().map(|f| f.check).collect::<Vec<_>>(), ["discount uses"], "{findings:?}");
}

#[test]
fn only_what_may_matter_to_a_basket_is_read() {
    let shop = TestShop::new();
    let staff = shop.staff();
    for (name, more) in [
        ("always", json!({})),
        ("later", json!({ "starts_at": "2099-01-01" })),
        ("over", json!({ "ends_at": "2020-01-01" })),
        ("off", json!({ "active": false })),
        ("coded", json!({ "code": "OTHER" })),
        ("first", json!({ "priority": -1 })),
    ] {
        let mut body = json!({ "name": name, "kind": "free_shipping" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        staff.post(DISCOUNTS, &body).ok(201);
    }
    let names = |code| {
        let place = Place::default();
        let now = Timestamp::from_millis(1_800_000_000_000);
        let query = RulesQuery { place: &place, code, customer: None, account: None, now };
        let rules = shop.shop.store().read(|tx| rules_for(tx, query)).unwrap();
        rules.discounts.into_iter().map(|d| d.draft.name).collect::<Vec<_>>()
    };
    assert_eq!(names(None), ["first", "always"]);
    assert_eq!(names(Some(" other ")), ["first", "always", "coded"]);
    assert_eq!(names(Some("nothing")), ["first", "always"]);
}

#[test]
fn draft_counts_every_discount_it_was_made_with_when_it_is_placed() {
    let shop = TestShop::new();
    till::fill(&shop, 5);
    let staff = shop.staff();
    let by_itself =
        json!({ "name": "Opening", "kind": "percent", "percent": "10", "usage_limit": 1, "combinable": true });
    staff.post(DISCOUNTS, &by_itself).ok(201);
    let coded = json!({ "name": "Ten", "code": "SAVE10", "kind": "percent", "percent": "10", "usage_limit": 9, "combinable": true });
    staff.post(DISCOUNTS, &coded).ok(201);
    let draft = json!({
        "email": "ann@example.test", "payment": { "provider": "manual" }, "draft": true, "discount_code": "SAVE10",
        "lines": [{ "sku": "MUG", "quantity": 1 }],
    });
    let uses = || [1, 2].map(|id| staff.get(&format!("{DISCOUNTS}/{id}")).ok(200)["uses"].as_i64().expect("a number"));
    for name in ["d1", "d2", "d3"] {
        assert_eq!(staff.post("/api/v1/admin/orders", &draft).ok(201)["number"], name);
    }
    assert_eq!(uses(), [0, 0], "a draft uses nothing");
    let place = |name: &str| staff.request(Method::Post, &format!("/api/v1/admin/orders/{name}/place")).send();
    let placed = place("d1").ok(200);
    assert_eq!(uses(), [1, 1]);
    place("d2").problem(409, "discount-used-up");
    assert_eq!(uses(), [1, 1]);
    let cancel = format!("/api/v1/admin/orders/{}/cancel", placed["number"].as_str().expect("a number"));
    staff.post(&cancel, &json!({})).ok(200);
    assert_eq!(uses(), [0, 0]);
    place("d2").ok(200);
    staff.delete("/api/v1/admin/orders/d3").empty(204);
    sound(&shop);
}
