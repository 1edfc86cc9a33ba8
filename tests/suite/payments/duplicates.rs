//! Messages that come more than once, late, out of order, or claim something else than what is owed.

use super::bench::{Bench, stripe};
use nexus::domain::order::{OrderStatus, PaymentStatus};
use nexus::domain::{OrderId, PaymentId};
use nexus::services::payments::Received;
use std::time::{Duration, Instant};

fn paid_there(bench: &Bench) -> (OrderId, PaymentId, String) {
    let (order, payment) = bench.place(1999, stripe(None));
    bench.begin(payment);
    let reference = bench.payment(payment).reference.unwrap();
    bench.stripe.pay(&reference);
    (order, payment, reference)
}

#[test]
fn message_sent_twenty_times_at_once_and_again_after_a_restart_has_one_effect() {
    let bench = Bench::new();
    let (order, payment, _) = paid_there(&bench);
    let message = bench.stripe.messages().pop().unwrap();
    let slowest = std::thread::scope(|scope| {
        let send = || {
            let begun = Instant::now();
            assert_eq!(bench.deliver(&message).unwrap(), Received::Taken);
            begun.elapsed()
        };
        let senders: Vec<_> = (0..20).map(|_| scope.spawn(send)).collect();
        senders.into_iter().map(|sender| sender.join().unwrap()).max().unwrap()
    });
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    let version = bench.payment(payment).version;
    let bench = bench.restarted();
    assert_eq!(bench.deliver(&message).unwrap(), Received::Taken);
    assert_eq!(bench.payment(payment).version, version, "nothing has changed");
    assert_eq!(bench.order(order).status, OrderStatus::Paid);
    let count = |sql: &'static str| {
        bench.shop.store().read(|tx| Ok::<_, nexus::services::Error>(tx.query_number(sql, [])?)).unwrap()
    };
    assert_eq!(count("select count(*) from order_event where kind = 'paid'"), 1);
    assert_eq!(count("select count(*) from ledger_entry where posting like 'pay:%'"), 2);
    assert_eq!(count("select count(*) from event where kind = 'order.paid'"), 1);
    bench.sound();
}

#[test]
fn messages_in_any_order_come_to_the_same() {
    for backwards in [false, true] {
        let bench = Bench::new();
        let (order, payment) = bench.place(1999, stripe(None));
        bench.begin(payment);
        let reference = bench.payment(payment).reference.unwrap();
        bench.stripe.state().fail(&reference);
        bench.stripe.pay(&reference);
        let mut messages = bench.stripe.messages();
        assert_eq!(messages.len(), 2);
        if backwards {
            messages.reverse();
        }
        messages.iter().for_each(|message| assert_eq!(bench.deliver(message).unwrap(), Received::Taken));
        let paid = bench.payment(payment);
        assert_eq!((paid.status, paid.flag), (PaymentStatus::Captured, None), "{backwards}");
        assert_eq!(bench.order(order).status, OrderStatus::Paid, "a payment never goes back");
        bench.sound();
    }
}

#[test]
fn old_message_of_a_payment_that_came_in_changes_nothing() {
    let bench = Bench::new();
    let (_, payment) = bench.place(1999, stripe(None));
    bench.begin(payment);
    let reference = bench.payment(payment).reference.unwrap();
    bench.stripe.state().fail(&reference);
    let old = bench.stripe.messages().pop().unwrap();
    bench.stripe.pay(&reference);
    bench.deliver_all();
    bench.pass(8 * 86_400);
    assert_eq!(bench.deliver(&old).unwrap(), Received::Taken);
    let paid = bench.payment(payment);
    assert_eq!((paid.status, paid.check_at, paid.flag), (PaymentStatus::Captured, None, None));
}

#[test]
fn declined_attempt_leaves_the_payment_open_for_the_next_one() {
    let bench = Bench::new();
    let (order, payment) = bench.place(1999, stripe(None));
    bench.begin(payment);
    let reference = bench.payment(payment).reference.unwrap();
    bench.stripe.state().fail(&reference);
    bench.deliver_all();
    assert_eq!(bench.order(order).status, OrderStatus::Pending);
    assert_eq!(bench.payment(payment).status, PaymentStatus::Pending);
    bench.stripe.pay(&reference);
    bench.deliver_all();
    assert_eq!(bench.order(order).status, OrderStatus::Paid);
}

#[test]
fn message_that_comes_before_the_answer_of_the_call_is_known_by_its_key() {
    let bench = Bench::new();
    let (order, payment) = bench.place(1999, stripe(Some("pm_card_visa")));
    bench.stripe.faults(&[super::stand_in::Fault::CutAfter, super::stand_in::Fault::CutAfter]);
    bench.begin(payment);
    assert_eq!(bench.payment(payment).reference, None);
    bench.deliver_all();
    assert_eq!(bench.order(order).status, OrderStatus::Paid);
    assert!(bench.payment(payment).reference.is_some());
    bench.sound();
}

#[test]
fn message_of_another_shop_on_the_same_account_changes_nothing() {
    let bench = Bench::new();
    let (order, payment) = bench.place(1999, stripe(Some("pm_card_visa")));
    bench.stripe.faults(&[super::stand_in::Fault::CutAfter, super::stand_in::Fault::CutAfter]);
    bench.begin(payment);
    let mut message = bench.stripe.messages().pop().unwrap();
    message["data"]["object"]["metadata"]["nexus_shop"] = "another".into();
    assert_eq!(bench.deliver(&message).unwrap(), Received::Taken);
    assert_eq!(bench.order(order).status, OrderStatus::Pending);
}

#[test]
fn other_amount_or_currency_is_flagged_and_never_paid() {
    for (amount, currency, flag) in
        [(1, "eur", "amount_mismatch"), (199_900, "eur", "amount_mismatch"), (1999, "usd", "currency_mismatch")]
    {
        let bench = Bench::new();
        let (order, payment) = bench.place(1999, stripe(None));
        bench.begin(payment);
        let reference = bench.payment(payment).reference.unwrap();
        bench.stripe.state().pay(&reference, Some((amount, currency)));
        bench.deliver_all();
        bench.reconcile();
        let odd = bench.payment(payment);
        assert_eq!(odd.flag.as_deref(), Some(flag), "{amount} {currency}");
        assert_eq!((odd.status, odd.captured.minor()), (PaymentStatus::Pending, 0));
        assert_eq!(bench.order(order).status, OrderStatus::Pending);
        bench.sound();
    }
}
