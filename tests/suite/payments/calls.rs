//! Beginning payments, and what becomes of calls that are cut off.

use super::bench::{Bench, choice, stripe};
use super::stand_in::Fault;
use nexus::domain::order::{OrderStatus, PaymentStatus};
use nexus::services::payments::PaymentProgress;
use serde_json::json;

#[test]
fn payment_with_stripe_waits_for_the_buyer_and_is_paid_by_the_message() {
    let bench = Bench::new();
    let (order, payment) = bench.place(1999, stripe(None));
    assert_eq!(bench.begin(payment), PaymentProgress::Pending);
    let begun = bench.payment(payment);
    let reference = begun.reference.clone().unwrap();
    assert_eq!(begun.client_secret.as_deref(), Some(&format!("{reference}_secret_1")[..]));
    let intent = bench.stripe.state().intents[&reference].clone();
    assert_eq!((&intent["amount"], &intent["currency"]), (&json!(1999), &json!("eur")));
    assert_eq!(intent["metadata"]["nexus_order"], "1001");
    bench.stripe.pay(&reference);
    assert_eq!(bench.order(order).status, OrderStatus::Pending);
    bench.deliver_all();
    assert_eq!(bench.order(order).status, OrderStatus::Paid);
    let paid = bench.payment(payment);
    assert_eq!((paid.status, paid.captured.minor(), paid.flag), (PaymentStatus::Captured, 1999, None));
    bench.sound();
}

#[test]
fn payment_method_pays_declines_or_leads_to_the_bank_at_once() {
    let bench = Bench::new();
    let (order, payment) = bench.place(1999, stripe(Some("pm_card_visa")));
    assert_eq!(bench.begin(payment), PaymentProgress::Paid);
    assert_eq!(bench.order(order).status, OrderStatus::Paid);

    let (order, payment) = bench.place(1999, stripe(Some("pm_declined")));
    let declined = PaymentProgress::Declined("Your card was declined.".into());
    assert_eq!(bench.begin(payment), declined);
    assert_eq!(bench.order(order).status, OrderStatus::Cancelled);
    assert_eq!(bench.begin(payment), declined, "asked again, it is told again");

    let (order, payment) = bench.place(1999, stripe(Some("pm_bank_page")));
    assert_eq!(bench.begin(payment), PaymentProgress::Pending);
    assert_eq!(bench.payment(payment).redirect_url.as_deref(), Some("https://hooks.stripe.test/3d"));
    assert_eq!(bench.order(order).status, OrderStatus::Pending);

    let (order, payment) = bench.place(20, stripe(None));
    assert!(matches!(bench.begin(payment), PaymentProgress::Declined(_)), "less than Stripe takes");
    assert_eq!(bench.order(order).status, OrderStatus::Cancelled);
    bench.sound();
}

#[test]
fn payment_that_is_held_is_captured_by_itself() {
    let bench = Bench::new();
    let (order, payment) = bench.place(1999, stripe(Some("pm_hold")));
    assert_eq!(bench.begin(payment), PaymentProgress::Pending);
    assert_eq!(bench.payment(payment).status, PaymentStatus::Authorized);
    bench.reconcile();
    assert_eq!(bench.payment(payment).status, PaymentStatus::Captured);
    assert_eq!(bench.order(order).status, OrderStatus::Paid);
    bench.deliver_all();
    bench.sound();
}

#[test]
fn payment_whose_answer_was_lost_is_begun_once_and_found_again() {
    for fault in [Fault::CutBefore, Fault::CutAfter, Fault::Stall, Fault::Error500, Fault::Error429] {
        let bench = Bench::new();
        let (order, payment) = bench.place(1999, stripe(Some("pm_card_visa")));
        // What is cut off quickly is tried once more at once.
        bench.stripe.faults(&[fault, fault]);
        assert_eq!(bench.begin(payment), PaymentProgress::Pending, "{fault:?}");
        let bench = bench.restarted();
        bench.pass(120);
        bench.reconcile();
        assert_eq!(bench.order(order).status, OrderStatus::Paid, "{fault:?}");
        assert_eq!(bench.stripe.state().intents.len(), 1, "{fault:?}: charged once");
        bench.deliver_all();
        assert_eq!(bench.payment(payment).flag, None, "{fault:?}");
        bench.sound();
    }
}

#[test]
fn payment_whose_call_was_never_made_is_made_when_it_is_looked_at() {
    let bench = Bench::new();
    let (order, payment) = bench.place(1999, stripe(Some("pm_card_visa")));
    let bench = bench.restarted();
    bench.pass(61);
    bench.reconcile();
    assert_eq!((bench.order(order).status, bench.payment(payment).flag), (OrderStatus::Paid, None));
}

#[test]
fn payment_lost_for_longer_than_keys_are_kept_is_looked_for_and_not_made_again() {
    let bench = Bench::new();
    let (order, payment) = bench.place(1999, stripe(Some("pm_card_visa")));
    bench.stripe.faults(&[Fault::CutAfter, Fault::CutAfter]);
    bench.begin(payment);
    bench.pass(30 * 3_600);
    bench.reconcile();
    assert_eq!(bench.order(order).status, OrderStatus::Paid);
    assert_eq!(bench.stripe.state().intents.len(), 1);
    let searched = bench.stripe.state().calls.iter().any(|call| call.contains("/search"));
    assert!(searched, "{:?}", bench.stripe.state().calls);
}

#[test]
fn test_provider_pays_declines_and_delays_without_a_network() {
    let bench = Bench::new();
    let test = |outcome: &str| choice(json!({ "provider": "test", "outcome": outcome }));
    let (order, payment) = bench.place(500, test("paid"));
    assert_eq!(bench.begin(payment), PaymentProgress::Paid);
    assert_eq!(bench.order(order).status, OrderStatus::Paid);
    let (order, payment) = bench.place(500, test("declined"));
    assert!(matches!(bench.begin(payment), PaymentProgress::Declined(_)));
    assert_eq!(bench.order(order).status, OrderStatus::Cancelled);
    let late = choice(json!({ "provider": "test", "outcome": "pending", "delay_seconds": 30 }));
    let (order, payment) = bench.place(500, late);
    assert_eq!(bench.begin(payment), PaymentProgress::Pending);
    let bench = bench.restarted();
    bench.pass(31);
    crate::support::wait(bench.shop.payment_check(&bench.ctx(), payment)).unwrap();
    assert_eq!(bench.order(order).status, OrderStatus::Paid);
    assert!(bench.stripe.state().calls.is_empty());
    bench.sound();
}

#[test]
fn order_that_costs_nothing_is_paid_without_asking_anybody() {
    let bench = Bench::new();
    for choice in [stripe(None), super::bench::manual()] {
        let (order, payment) = bench.place(0, choice);
        assert_eq!(bench.begin(payment), PaymentProgress::Paid);
        assert_eq!(bench.order(order).status, OrderStatus::Paid);
    }
    assert!(bench.stripe.state().calls.is_empty());
    bench.sound();
}

#[test]
fn provider_is_told_of_what_the_shop_calls_off_and_late_money_is_flagged() {
    let bench = Bench::new();
    let (order, payment) = bench.place(1999, stripe(None));
    bench.begin(payment);
    let reference = bench.payment(payment).reference.unwrap();
    bench.cancel(order);
    assert_eq!(bench.payment(payment).status, PaymentStatus::Cancelled);
    bench.reconcile();
    assert_eq!(bench.stripe.state().intents[&reference]["status"], "canceled");
    assert_eq!(bench.payment(payment).check_at, None, "that is the end of it");

    let (order, payment) = bench.place(1999, stripe(None));
    bench.begin(payment);
    let reference = bench.payment(payment).reference.unwrap();
    bench.stripe.pay(&reference);
    bench.cancel(order);
    bench.reconcile();
    let late = bench.payment(payment);
    assert_eq!(bench.order(order).status, OrderStatus::Cancelled, "staff decides");
    assert_eq!((late.status, late.flag.as_deref()), (PaymentStatus::Captured, Some("paid_after_cancel")));
    bench.deliver_all();
    bench.refund(order, 1999).unwrap();
    assert_eq!(bench.stripe.refunded(&reference), 1999, "the money can be given back");
    bench.sound();
}
