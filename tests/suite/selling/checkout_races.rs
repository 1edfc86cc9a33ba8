//! Many who want the same at once: never more than there is, and one effect for one key.

use super::till::{by_transfer, cart, fill, is_sound, mugs_left, shop_with_mugs};
use crate::support::{Requests, TestShop, product, wait};
use nexus::domain::Fields;
use nexus::services::idempotency::{Claim, Rendered};
use nexus::services::selling::CheckoutDraft;
use nexus::services::{Actor, Ctx, Error, Outcome, Shop};
use serde_json::{Value, json};
use std::sync::Barrier;

/// Checks out as a guest, by the use case itself.
fn checkout(shop: &Shop, token: &str, key: &str, body: &Value) -> Outcome<Rendered> {
    let ctx = Ctx::now(Actor::Anonymous);
    let currency = shop.settings().currency();
    let draft = Fields::read(body, |fields| CheckoutDraft::read(fields, currency))?;
    let claim = Claim::new(&ctx, Some(token), key, "POST", "/checkout", body.to_string().as_bytes());
    wait(shop.checkout(&ctx, token, draft, claim, nexus::http::checkout_answers(currency, String::new())))
}

/// Runs each in a thread of its own, all released together.
fn race<T: Send>(runners: Vec<impl FnOnce() -> T + Send>) -> Vec<T> {
    let barrier = Barrier::new(runners.len());
    std::thread::scope(|scope| {
        let threads: Vec<_> = runners
            .into_iter()
            .map(|run| {
                let barrier = &barrier;
                scope.spawn(move || {
                    barrier.wait();
                    run()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    })
}

fn conflicts(outcomes: &[Outcome<Rendered>], code: &str) -> usize {
    outcomes.iter().filter(|outcome| matches!(outcome, Err(Error::Conflict(c, ..)) if *c == code)).count()
}

fn placed(outcomes: &[Outcome<Rendered>]) -> usize {
    outcomes.iter().filter(|outcome| matches!(outcome, Ok(answer) if answer.status == 201)).count()
}

#[test]
fn two_hundred_buyers_of_ten_mugs_get_ten() {
    let shop = shop_with_mugs(10);
    let carts: Vec<String> = (0..200).map(|_| cart(&shop.anonymous(), &[(1, 1)])).collect();
    let (body, service) = (by_transfer(), &shop.shop);
    let outcomes = race(carts.iter().map(|token| || checkout(service, token, "k", &body)).collect());
    assert_eq!((placed(&outcomes), conflicts(&outcomes, "out_of_stock")), (10, 190));
    assert_eq!(mugs_left(&shop), 0);
    let numbers: Vec<Value> = outcomes
        .iter()
        .flatten()
        .map(|answer| serde_json::from_slice::<Value>(&answer.body).unwrap()["number"].clone())
        .collect();
    let mut sorted: Vec<i64> = numbers.iter().map(|n| n.as_str().unwrap().parse().unwrap()).collect();
    sorted.sort_unstable();
    assert_eq!(sorted, (1001..=1010).collect::<Vec<i64>>(), "ten numbers without a gap");
    is_sound(&shop);
}

#[test]
fn buyers_of_several_things_get_all_of_them_or_nothing() {
    let shop = shop_with_mugs(30);
    product("Pan").sku("PAN").stock(20).create(&shop);
    // Each in another order, as those who lock rows one after the other would trip over.
    let carts: Vec<String> = (0..40)
        .map(|n| cart(&shop.anonymous(), if n % 2 == 0 { &[(1, 1), (2, 1)] } else { &[(2, 1), (1, 1)] }))
        .collect();
    let (body, service) = (by_transfer(), &shop.shop);
    let outcomes = race(carts.iter().map(|token| || checkout(service, token, "k", &body)).collect());
    assert_eq!((placed(&outcomes), conflicts(&outcomes, "out_of_stock")), (20, 20));
    assert_eq!(mugs_left(&shop), 10);
    is_sound(&shop);
}

#[test]
fn hundred_buyers_with_a_code_for_five_get_it_five_times() {
    let shop = shop_with_mugs(500);
    let code = json!({ "name": "Five", "code": "FIVE", "kind": "percent", "percent": "10", "usage_limit": 5 });
    shop.staff().post("/api/v1/admin/discounts", &code).ok(201);
    let guest = shop.anonymous();
    let carts: Vec<String> = (0..100)
        .map(|_| {
            let token = cart(&guest, &[(1, 1)]);
            guest.put(&format!("/api/v1/carts/{token}/discount"), &json!({ "code": "FIVE" })).ok(200);
            token
        })
        .collect();
    let (mut body, service) = (by_transfer(), &shop.shop);
    body["expected_total"] = json!("9.00");
    let outcomes = race(carts.iter().map(|token| || checkout(service, token, "k", &body)).collect());
    assert_eq!((placed(&outcomes), conflicts(&outcomes, "discount_used_up")), (5, 95));
    let discount = shop.staff().results("/api/v1/admin/discounts")[0].clone();
    assert_eq!(discount["uses"], 5);
    // Whoever agrees to the price without it may buy.
    body["expected_total"] = json!("10.00");
    let late = carts.iter().find(|token| guest.get(&format!("/api/v1/carts/{token}")).status == 200).unwrap();
    assert_eq!(checkout(service, late, "l", &body).unwrap().status, 201);
    is_sound(&shop);
}

#[test]
fn fifty_requests_with_one_key_place_one_order() {
    let shop = shop_with_mugs(100);
    let token = cart(&shop.anonymous(), &[(1, 1)]);
    let (body, service) = (by_transfer(), &shop.shop);
    let outcomes = race((0..50).map(|_| || checkout(service, &token, "k", &body)).collect());
    let answers: Vec<&Rendered> = outcomes.iter().flatten().collect();
    assert!(!answers.is_empty() && answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(answers.len() + conflicts(&outcomes, "in_progress"), 50, "{outcomes:?}");
    assert_eq!(mugs_left(&shop), 99);
    let again = checkout(service, &token, "k", &body).unwrap();
    assert_eq!(&again, answers[0]);
    is_sound(&shop);
}

#[test]
fn one_cart_becomes_one_order_however_many_keys_are_used() {
    let shop = shop_with_mugs(100);
    let token = cart(&shop.anonymous(), &[(1, 1)]);
    let body = by_transfer();
    let runners = (0..20).map(|n| {
        let (service, token, body) = (&shop.shop, &token, &body);
        move || checkout(service, token, &format!("k{n}"), body)
    });
    let outcomes = race(runners.collect());
    assert_eq!((placed(&outcomes), conflicts(&outcomes, "already_ordered")), (1, 19));
    assert_eq!(mugs_left(&shop), 99);
    is_sound(&shop);
}

#[test]
fn answer_is_given_again_for_a_day() {
    let shop = TestShop::new();
    fill(&shop, 10);
    let token = cart(&shop.anonymous(), &[(1, 1)]);
    let body = by_transfer();
    let currency = shop.shop.settings().currency();
    let at = |hours: i64| {
        let mut ctx = Ctx::now(Actor::Anonymous);
        ctx.now = nexus::domain::Timestamp::from_millis(ctx.now.millis() + hours * 3_600_000);
        let draft = Fields::read(&body, |fields| CheckoutDraft::read(fields, currency)).unwrap();
        let claim = Claim::new(&ctx, Some(&token), "k", "POST", "/checkout", body.to_string().as_bytes());
        wait(shop.shop.checkout(&ctx, &token, draft, claim, nexus::http::checkout_answers(currency, String::new())))
    };
    let first = at(0).unwrap();
    assert_eq!(at(23).unwrap(), first);
    assert!(matches!(at(25), Err(Error::Conflict("already_ordered", ..))), "the key has run out");
    // What has run out is swept, and what has not is kept.
    let sweep = |hours: i64| {
        let mut ctx = Ctx::shop();
        ctx.now = nexus::domain::Timestamp::from_millis(ctx.now.millis() + hours * 3_600_000);
        wait(shop.shop.idempotency_sweep(&ctx)).unwrap()
    };
    assert_eq!([sweep(23), sweep(25), sweep(25)], [0, 1, 0]);
}

/// The process ends after the order is committed and before the provider's answer is: the first half of a checkout is
/// all there is, as a copy of the shop's files at that moment has it.
#[test]
fn checkout_that_was_cut_off_goes_on_when_it_comes_again() {
    let shop = shop_with_mugs(10);
    let token = cart(&shop.anonymous(), &[(1, 1)]);
    let body = super::till::by_test("paid");
    let first = checkout(&shop.shop, &token, "k", &body).unwrap();
    // What the second transaction has written is taken back, as if it had never been.
    let undone = shop.shop.store().write_blocking(|tx| {
        tx.execute("update idempotency set status = null, answer = null, location = null, subject_id = 1", [])?;
        Ok::<_, Error>(())
    });
    undone.unwrap();
    let shop = shop.restarted();
    let again = checkout(&shop.shop, &token, "k", &body).unwrap();
    assert_eq!(again.status, 201);
    let order = |answer: &Rendered| serde_json::from_slice::<Value>(&answer.body).unwrap();
    assert_eq!(order(&again)["number"], order(&first)["number"]);
    assert_eq!((order(&again)["status"].as_str(), mugs_left(&shop)), (Some("paid"), 9));
    is_sound(&shop);
}
