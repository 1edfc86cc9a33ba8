//! Who is thanked for an order: whoever has one that stands, once; nobody whose payment was declined.

use super::bench::{Bench, choice, manual, stripe};
use super::stand_in::Fault;
use nexus::domain::order::{OrderStatus, PaymentStatus};
use nexus::services::payments::PaymentProgress;
use serde_json::json;

const THANKS: &str = "Subject: Your order 1001 at Nexus";
const PAID: &str = "Subject: Payment received for order 1001 at Nexus";

#[test]
fn buyer_whose_payment_is_declined_is_not_thanked_however_early_letters_go() {
    for declined in [stripe(Some("pm_declined")), choice(json!({ "provider": "test", "outcome": "declined" }))] {
        let bench = Bench::new();
        let (order, payment) = bench.place(1999, declined);
        // Letters go between the write that places the order and the one that notes the provider's answer.
        assert_eq!(bench.letters(), [""; 0]);
        assert!(matches!(bench.begin(payment), PaymentProgress::Declined(_)));
        assert_eq!(bench.letters(), [""; 0]);
        // What was declined may lie open at the provider, and is found there when it is called off.
        bench.reconcile();
        assert_eq!(bench.letters(), [""; 0]);
        assert_eq!(bench.order(order).status, OrderStatus::Cancelled);
        bench.sound();
    }
}

#[test]
fn buyer_is_thanked_once_when_the_provider_has_taken_the_payment_on() {
    let bench = Bench::new();
    let (_, payment) = bench.place(1999, stripe(None));
    assert_eq!(bench.letters(), [""; 0]);
    bench.begin(payment);
    assert_eq!(bench.letters(), [THANKS], "the order waits for the buyer");
    bench.begin(payment);
    let reference = bench.payment(payment).reference.expect("a reference");
    bench.stripe.state().fail(&reference);
    bench.stripe.pay(&reference);
    bench.deliver_all();
    assert_eq!(bench.letters(), [PAID]);
    bench.reconcile();
    assert_eq!(bench.letters(), [""; 0]);
    bench.sound();
}

#[test]
fn buyer_who_pays_at_once_is_thanked_and_told_so() {
    let bench = Bench::new();
    let (_, payment) = bench.place(1999, stripe(Some("pm_card_visa")));
    bench.begin(payment);
    assert_eq!(bench.letters(), [PAID, THANKS]);
    bench.sound();
}

#[test]
fn answer_that_was_lost_thanks_when_it_is_found_by_asking_or_told_by_a_message() {
    for told in [true, false] {
        let bench = Bench::new();
        let (_, payment) = bench.place(1999, stripe(Some("pm_card_visa")));
        bench.stripe.faults(&[Fault::CutAfter, Fault::CutAfter]);
        assert_eq!(bench.begin(payment), PaymentProgress::Pending);
        assert_eq!(bench.letters(), [""; 0], "it is not known yet what came of it");
        let bench = bench.restarted();
        if told {
            bench.deliver_all();
        } else {
            bench.reconcile();
        }
        assert_eq!(bench.payment(payment).status, PaymentStatus::Captured, "told {told}");
        assert_eq!(bench.letters(), [PAID, THANKS], "told {told}");
        bench.deliver_all();
        bench.reconcile();
        bench.begin(payment);
        assert_eq!(bench.letters(), [""; 0], "told {told}");
        bench.sound();
    }
}

#[test]
fn order_that_nobody_is_asked_about_is_thanked_for_at_once() {
    let bench = Bench::new();
    let (order, payment) = bench.place(1999, manual());
    assert_eq!(bench.letters(), [THANKS]);
    bench.begin(payment);
    bench.receive(order, None).expect("paid");
    assert_eq!(bench.letters(), [PAID]);
    bench.sound();
}

#[test]
fn order_that_costs_nothing_is_thanked_for_once() {
    for choice in [manual(), stripe(None)] {
        let bench = Bench::new();
        let (_, payment) = bench.place(0, choice);
        bench.begin(payment);
        assert_eq!(bench.letters(), [PAID, THANKS]);
        bench.begin(payment);
        assert_eq!(bench.letters(), [""; 0]);
    }
}

#[test]
fn order_paid_by_hand_before_its_provider_answered_is_thanked_for_once() {
    let bench = Bench::new();
    let (order, _) = bench.place(1999, stripe(None));
    bench.receive(order, Some(500)).expect("a part");
    assert_eq!(bench.letters(), [THANKS]);
    bench.receive(order, None).expect("the rest");
    bench.reconcile();
    assert_eq!(bench.letters(), [PAID]);
    bench.sound();
}
