//! Money that staff receives by hand.

use super::bench::{Bench, manual, stripe};
use nexus::domain::PaymentId;
use nexus::domain::order::{OrderStatus, PaymentStatus};
use nexus::services::payments::PaymentProgress;
use serde_json::json;

#[test]
fn parts_add_up_and_the_last_one_pays_the_order() {
    let bench = Bench::new();
    let (order, payment) = bench.place(10_000, manual());
    assert_eq!(bench.begin(payment), PaymentProgress::Pending, "nobody is asked");
    assert_eq!(bench.payment(payment).details["instructions"], json!("Transfer it."));
    bench.receive(order, Some(4_000)).unwrap();
    let part = bench.payment(payment);
    assert_eq!((part.status, part.captured.minor()), (PaymentStatus::Pending, 4_000));
    assert!(bench.receive(order, Some(6_001)).is_err(), "more than is left");
    assert!(bench.receive(order, Some(0)).is_err());
    bench.receive(order, None).unwrap();
    assert_eq!((bench.order(order).status, bench.payment(payment).captured.minor()), (OrderStatus::Paid, 10_000));
    assert!(bench.receive(order, None).is_err(), "it is paid");
    bench.refund(order, 10_000).unwrap();
    assert_eq!(bench.order(order).status, OrderStatus::Refunded);
    bench.sound();
}

#[test]
fn money_by_hand_takes_the_place_of_a_payment_online() {
    let bench = Bench::new();
    let (order, payment) = bench.place(10_000, stripe(None));
    bench.begin(payment);
    let reference = bench.payment(payment).reference.unwrap();
    bench.receive(order, None).unwrap();
    assert_eq!(bench.order(order).status, OrderStatus::Paid);
    bench.reconcile();
    assert_eq!(bench.stripe.state().intents[&reference]["status"], "canceled", "it cannot be paid twice");
    bench.sound();
}

#[test]
fn order_that_was_paid_twice_nevertheless_is_flagged() {
    let bench = Bench::new();
    let (order, payment) = bench.place(10_000, stripe(None));
    bench.begin(payment);
    bench.stripe.pay(&bench.payment(payment).reference.unwrap());
    bench.receive(order, None).unwrap();
    bench.deliver_all();
    assert_eq!(bench.payment(payment).flag.as_deref(), Some("paid_after_cancel"));
    assert_eq!(bench.order(order).status, OrderStatus::Paid);
    bench.sound();
}

#[test]
fn order_that_was_part_paid_by_hand_and_then_paid_online_is_flagged_and_the_part_can_be_given_back() {
    let bench = Bench::new();
    let (order, online) = bench.place(10_000, stripe(None));
    bench.begin(online);
    bench.receive(order, Some(4_000)).unwrap();
    bench.stripe.pay(&bench.payment(online).reference.unwrap());
    bench.deliver_all();
    assert_eq!(bench.order(order).status, OrderStatus::Paid);
    assert_eq!(bench.payment(online).flag.as_deref(), Some("paid_twice"));
    let by_hand = bench.payment(PaymentId::new(online.get() + 1));
    assert_eq!(
        (by_hand.status, by_hand.captured.minor()),
        (PaymentStatus::Cancelled, 4_000),
        "nothing else is waited for"
    );
    bench.sound();
    bench.refund(order, 4_000).unwrap();
    assert_eq!(bench.payment(by_hand.id).refunded.minor(), 4_000);
    assert_eq!(bench.order(order).status, OrderStatus::Paid, "what was due is there");
    assert_eq!(bench.sales(), [(10_000, 0)], "what was too much was no sale, so its way back takes nothing off one");
    bench.sound();
    bench.refund(order, 2_500).unwrap();
    assert_eq!(bench.sales(), [(10_000, 2_500)]);
    bench.sound();
}
