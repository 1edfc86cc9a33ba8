//! Payments that are open: when their providers are asked, and what is not called off before they are.

use super::bench::{Bench, stripe};
use super::stand_in::{Fault, KEY, SECRET, StandIn};
use crate::selling::till::{body, buy, fill, is_sound, mugs_left};
use crate::support::{Requests, TestShop, wait};
use nexus::config::{Secret, StripeSettings};
use nexus::domain::order::{OrderStatus, PaymentStatus};
use nexus::domain::{JobState, RefundId, Timestamp};
use nexus::jobs::Work;
use nexus::services::{Actor, Ctx, Error};
use rocket::http::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// A shop with five mugs that takes payments with the stand-in.
fn shop() -> (TestShop, StandIn) {
    let stripe = StandIn::start();
    let api_base = stripe.base();
    let shop = TestShop::with(|config| {
        let webhook_secrets = vec![Secret::new(SECRET)];
        config.payment.stripe = StripeSettings { secret_key: Secret::new(KEY), webhook_secrets, api_base };
    });
    fill(&shop, 5);
    (shop, stripe)
}

/// Does what is due, but for chores.
fn run(shop: &TestShop) {
    crate::jobs::run(shop, &Work { chores: Arc::new([]), ..Work::default() });
}

fn status(shop: &TestShop, order: &Value) -> Value {
    let path = format!("/api/v1/admin/orders/{}", order["number"].as_str().expect("a number"));
    shop.staff().get(&path).ok(200)["status"].clone()
}

/// Calls off what nobody has paid so many minutes from now; tells how many.
fn expire(shop: &TestShop, minutes: i64) -> usize {
    let ctx = Ctx::now(Actor::Shop);
    let now = Timestamp::from_millis(ctx.now.millis() + minutes * 60_000);
    wait(shop.shop.orders_expire(&Ctx { now, ..ctx })).expect("an answer")
}

/// The only payment there is at the stand-in.
fn intent(stripe: &StandIn) -> String {
    stripe.state().intents.keys().next().expect("an intent").clone()
}

#[test]
fn order_that_was_paid_without_a_message_is_not_called_off() {
    let (shop, stripe) = shop();
    let order = buy(&shop.anonymous(), 2, "a", &body(json!({ "provider": "stripe" })));
    stripe.pay(&intent(&stripe));
    assert_eq!(expire(&shop, 31), 0);
    assert_eq!((status(&shop, &order), mugs_left(&shop)), (json!("paid"), 3));
    is_sound(&shop);
}

#[test]
fn order_whose_provider_says_nothing_waits_a_little_and_not_for_ever() {
    let (shop, stripe) = shop();
    let order = buy(&shop.anonymous(), 2, "a", &body(json!({ "provider": "stripe" })));
    stripe.faults(&[Fault::Error500]);
    assert_eq!((expire(&shop, 31), status(&shop, &order)), (0, json!("pending")));
    assert_eq!(expire(&shop, 35), 0, "it is asked again in ten minutes");
    assert_eq!((expire(&shop, 42), status(&shop, &order)), (1, json!("cancelled")));

    let other = buy(&shop.anonymous(), 2, "b", &body(json!({ "provider": "stripe" })));
    stripe.faults(&[Fault::Error500]);
    assert_eq!((expire(&shop, 25 * 60), status(&shop, &other)), (1, json!("cancelled")), "after a day");
    is_sound(&shop);
}

#[test]
fn stock_is_held_while_money_is_on_its_way() {
    let (shop, stripe) = shop();
    let order = buy(&shop.anonymous(), 2, "a", &body(json!({ "provider": "stripe" })));
    let intent = intent(&stripe);
    let becomes = |status: &str| stripe.state().intents.get_mut(&intent).expect("an intent")["status"] = json!(status);
    becomes("processing");
    for hours in [1, 26, 51, 24 * 13] {
        assert_eq!(expire(&shop, hours * 60), 0, "after {hours} hours");
        assert_eq!((status(&shop, &order), mugs_left(&shop)), (json!("pending"), 3));
    }
    let flagged = shop.staff().results("/api/v1/admin/payments?flagged=true");
    assert!(flagged.is_empty(), "a direct debit takes two weeks: {flagged:?}");
    becomes("requires_payment_method");
    assert_eq!(expire(&shop, 24 * 15 * 60), 1);
    assert_eq!((status(&shop, &order), mugs_left(&shop)), (json!("cancelled"), 5));
    is_sound(&shop);
}

#[test]
fn order_of_the_staff_is_told_to_its_provider_at_once_however_old_its_draft_is() {
    let (shop, stripe) = shop();
    let staff = shop.staff();
    let order = |draft: bool, price: &str, provider: &str| {
        let line = json!({ "sku": "MUG", "quantity": 1, "unit_price": price });
        let payment = json!({ "provider": provider });
        json!({ "email": "ann@example.test", "payment": payment, "draft": draft, "lines": [line] })
    };
    let made = staff.post("/api/v1/admin/orders", &order(false, "9.00", "stripe")).ok(201);
    run(&shop);
    assert_eq!(stripe.state().intents.len(), 1);
    assert_eq!(status(&shop, &made), json!("pending"));

    staff.post("/api/v1/admin/orders", &order(true, "9.00", "stripe")).ok(201);
    staff.post("/api/v1/admin/orders", &order(true, "0.00", "manual")).ok(201);
    run(&shop);
    assert_eq!(stripe.state().intents.len(), 1, "a draft is none of its business");
    let age = "update payment set created_at = created_at - 30 * 3600000 where id > 1";
    shop.shop.store().write_blocking(move |tx| Ok::<_, Error>(tx.execute(age, [])?)).unwrap();
    let place =
        |draft: &str| staff.request(Method::Post, &format!("/api/v1/admin/orders/{draft}/place")).send().ok(200);
    let (placed, free) = (place("d2"), place("d3"));
    run(&shop);
    assert_eq!(stripe.state().intents.len(), 2);
    assert_eq!(status(&shop, &placed), json!("pending"), "its payment began when it was placed");
    assert_eq!(status(&shop, &free), json!("paid"), "there is nothing to pay");
    is_sound(&shop);
}

#[test]
fn one_job_asks_about_all_that_is_open_two_at_a_time() {
    let bench = Bench::new();
    let payments: Vec<_> = (0..6).map(|_| bench.place(1_000, stripe(None)).1).collect();
    bench.pass(61);
    wait(bench.shop.payment_reconcile_due(&bench.ctx())).unwrap();
    wait(bench.shop.payment_reconcile_due(&bench.ctx())).unwrap();
    assert_eq!(crate::jobs::count(&bench.shop, JobState::Waiting), 1, "and nobody is thanked so far");
    bench.stripe.faults(&[Fault::Slow; 6]);
    wait(bench.shop.payment_reconcile(&bench.ctx())).unwrap();
    assert_eq!(bench.stripe.state().intents.len(), 6);
    assert_eq!(bench.stripe.state().under_way.1, 2, "two at a time");
    assert!(payments.iter().all(|id| bench.payment(*id).check_at.is_some_and(|at| at > bench.now())));
    bench.sound();
}

#[test]
fn refund_without_an_answer_is_asked_about_after_growing_pauses_and_behind_those_that_waited_longer() {
    let bench = Bench::new();
    let refund = || {
        let (order, payment) = bench.place(1_000, stripe(Some("pm_card_visa")));
        bench.begin(payment);
        bench.stripe.faults(&[Fault::Error500]);
        bench.refund(order, 1_000).unwrap();
        bench.refunds(order)[0].id
    };
    let (first, second) = (refund(), refund());
    let due = || -> Vec<RefundId> {
        let pause = Duration::from_secs(60)..=Duration::from_secs(6 * 3_600);
        bench.shop.store().read(|tx| Ok::<_, Error>(tx.refunds_due(bench.now(), &pause, 10)?)).unwrap()
    };
    let ask = |id| {
        bench.stripe.faults(&[Fault::Error500]);
        bench.refund_check(id);
    };
    assert_eq!(due(), []);
    bench.pass(61);
    assert_eq!(due(), [first, second]);
    ask(first);
    assert_eq!(due(), [second], "whoever was asked about waits");
    bench.pass(3_600);
    ask(first);
    assert_eq!(due(), [second]);
    bench.pass(1_700);
    assert_eq!(due(), [second], "half an hour after an hour");
    bench.pass(200);
    assert_eq!(due(), [second, first]);
    bench.reconcile();
    assert_eq!(due(), []);
    bench.sound();
}

#[test]
fn payment_that_was_called_off_before_its_provider_knew_of_it_is_looked_for_for_a_day() {
    let bench = Bench::new();
    let (order, payment) = bench.place(1999, stripe(None));
    bench.stripe.faults(&[Fault::CutBefore, Fault::CutBefore]);
    bench.begin(payment);
    bench.cancel(order);
    wait(bench.shop.payment_check(&bench.ctx(), payment)).unwrap();
    assert!(bench.payment(payment).check_at.is_some(), "a call that was cut off may yet be carried out");
    bench.reconcile();
    let over = bench.payment(payment);
    assert_eq!((over.status, over.check_at, over.flag), (PaymentStatus::Cancelled, None, None));
    assert!(bench.stripe.state().intents.is_empty());
    assert_eq!(bench.order(order).status, OrderStatus::Cancelled);
}

#[test]
fn money_that_is_held_and_is_not_what_is_owed_is_flagged_and_not_asked_about_again() {
    let bench = Bench::new();
    let (_, payment) = bench.place(1999, stripe(Some("pm_hold")));
    bench.begin(payment);
    let reference = bench.payment(payment).reference.unwrap();
    bench.stripe.state().intents.get_mut(&reference).unwrap()["amount_capturable"] = json!(1);
    bench.reconcile();
    let odd = bench.payment(payment);
    assert_eq!((odd.flag.as_deref(), odd.check_at), (Some("amount_mismatch"), None));
    bench.sound();
}
