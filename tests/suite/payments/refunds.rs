//! Refunds: never more than came in, and asked for once.

use super::bench::{Bench, choice, stripe};
use super::stand_in::Fault;
use nexus::domain::order::{OrderStatus, RefundStatus};
use nexus::domain::{OrderId, PaymentId};
use serde_json::json;

fn paid(bench: &Bench, cents: i64) -> (OrderId, PaymentId, String) {
    let (order, payment) = bench.place(cents, stripe(Some("pm_card_visa")));
    bench.begin(payment);
    bench.stripe.messages();
    let reference = bench.payment(payment).reference.unwrap();
    (order, payment, reference)
}

#[test]
fn refunds_in_parallel_never_pass_what_was_captured() {
    let bench = Bench::new();
    let (order, payment, reference) = paid(&bench, 10_000);
    let accepted = std::thread::scope(|scope| {
        let askers: Vec<_> = (0..20).map(|_| scope.spawn(|| bench.refund(order, 6_000).is_ok())).collect();
        askers.into_iter().map(|asker| usize::from(asker.join().unwrap())).sum::<usize>()
    });
    assert_eq!(accepted, 1);
    assert_eq!(bench.stripe.state().refund_calls, 1, "once for each accepted refund");
    assert_eq!(bench.stripe.refunded(&reference), 6_000);
    assert!(bench.refund(order, 5_000).is_err(), "50 of 40 that are left");
    bench.refund(order, 3_900).unwrap();
    assert!(bench.refund(order, 5_100).is_err());
    assert_eq!((bench.payment(payment).refunded.minor(), bench.stripe.state().refund_calls), (9_900, 2));
    assert_eq!(bench.order(order).status, OrderStatus::PartiallyRefunded);
    bench.refund(order, 100).unwrap();
    assert_eq!(bench.order(order).status, OrderStatus::Refunded);
    bench.deliver_all();
    assert_eq!(bench.payment(payment).flag, None, "what the provider says of it is known");
    bench.sound();
}

#[test]
fn refund_whose_answer_was_lost_is_made_once() {
    for fault in [Fault::CutBefore, Fault::CutAfter, Fault::Stall, Fault::Error500, Fault::Error429] {
        for days in [0, 3] {
            let bench = Bench::new();
            let (order, payment, reference) = paid(&bench, 10_000);
            bench.stripe.faults(&[fault]);
            bench.refund(order, 6_000).unwrap();
            assert_eq!(bench.refunds(order)[0].status, RefundStatus::Pending, "{fault:?}");
            let bench = bench.restarted();
            bench.pass(days * 86_400);
            bench.reconcile();
            assert_eq!(bench.refunds(order)[0].status, RefundStatus::Succeeded, "{fault:?}");
            assert_eq!(bench.stripe.refunded(&reference), 6_000, "{fault:?} after {days} days");
            assert_eq!(bench.payment(payment).refunded.minor(), 6_000);
            bench.deliver_all();
            bench.sound();
        }
    }
}

#[test]
fn refund_that_is_refused_gives_its_amount_back_and_is_flagged() {
    let bench = Bench::new();
    let (order, payment, reference) = paid(&bench, 10_000);
    bench.stripe.state().refunds_fail = true;
    bench.refund(order, 6_000).unwrap();
    assert_eq!(bench.refunds(order)[0].status, RefundStatus::Failed);
    let failed = bench.payment(payment);
    assert_eq!((failed.refunded.minor(), failed.flag.as_deref()), (0, Some("refund_failed")));
    assert_eq!(bench.order(order).status, OrderStatus::Paid);
    bench.stripe.state().refunds_fail = false;
    bench.refund(order, 10_000).unwrap();
    assert_eq!((bench.order(order).status, bench.stripe.refunded(&reference)), (OrderStatus::Refunded, 10_000));
    bench.sound();
}

#[test]
fn refund_on_its_way_ends_by_the_message_or_when_it_is_looked_up() {
    for status in ["succeeded", "failed"] {
        for told in [true, false] {
            let bench = Bench::new();
            let (order, payment, _) = paid(&bench, 10_000);
            bench.stripe.state().refunds_wait = true;
            bench.refund(order, 6_000).unwrap();
            bench.deliver_all();
            assert_eq!(bench.refunds(order)[0].status, RefundStatus::Pending);
            bench.stripe.state().settle_refunds(status);
            if told {
                bench.deliver_all()
            } else {
                bench.reconcile()
            }
            let expected = if status == "failed" { RefundStatus::Failed } else { RefundStatus::Succeeded };
            assert_eq!(bench.refunds(order)[0].status, expected, "{status} {told}");
            assert!(bench.refunds(order)[0].reference.is_some(), "{status} {told}: it is known by its name");
            assert_eq!(bench.payment(payment).refunded.minor(), if status == "failed" { 0 } else { 6_000 });
            assert_eq!(bench.stripe.state().refund_calls, 1);
            bench.deliver_all();
            bench.sound();
        }
    }
}

#[test]
fn refund_made_at_the_provider_is_flagged() {
    let bench = Bench::new();
    let (order, payment, reference) = paid(&bench, 10_000);
    let charge = json!({ "id": "ch_9", "payment_intent": reference, "currency": "eur", "amount_refunded": 2_500 });
    bench.stripe.state().tell("charge.refunded", &charge);
    bench.deliver_all();
    let flagged = bench.payment(payment);
    assert_eq!((flagged.flag.as_deref(), flagged.refunded.minor()), (Some("refunded_elsewhere"), 0));
    assert_eq!(bench.order(order).status, OrderStatus::Paid);
}

#[test]
fn disputed_payment_is_flagged() {
    let bench = Bench::new();
    let (_, payment, reference) = paid(&bench, 10_000);
    let dispute = json!({ "id": "dp_1", "payment_intent": reference, "reason": "fraudulent" });
    bench.stripe.state().tell("charge.dispute.created", &dispute);
    bench.deliver_all();
    assert_eq!(bench.payment(payment).flag.as_deref(), Some("disputed"));
}

#[test]
fn reasons_to_look_at_a_payment_do_not_hide_each_other() {
    let bench = Bench::new();
    let (order, payment, reference) = paid(&bench, 10_000);
    let dispute = |reason: &str| json!({ "id": "dp_1", "payment_intent": reference, "reason": reason });
    let charge = json!({ "id": "ch_9", "payment_intent": reference, "currency": "eur", "amount_refunded": 2_500 });
    bench.stripe.state().tell("charge.dispute.created", &dispute("fraudulent"));
    bench.stripe.state().tell("charge.refunded", &charge);
    bench.stripe.state().tell("charge.dispute.created", &dispute("duplicate"));
    bench.stripe.state().tell("charge.dispute.created", &dispute("duplicate"));
    bench.deliver_all();
    let flagged = bench.payment(payment);
    assert_eq!(flagged.flag.as_deref(), Some("disputed"), "the newest");
    let notes = flagged.details["flag_note"].as_str().unwrap().lines().collect::<Vec<_>>();
    assert_eq!(notes.len(), 3, "{notes:?}");
    assert!(notes[0].contains("fraudulent") && notes[1].contains("25.00 EUR") && notes[2].contains("duplicate"));
    let count = |sql: &'static str| {
        bench.shop.store().read(|tx| Ok::<_, nexus::services::Error>(tx.query_number(sql, [])?)).unwrap()
    };
    assert_eq!(count("select count(*) from order_event where kind = 'payment_flagged'"), 3);
    assert_eq!(count("select count(*) from event where kind = 'payment.flagged'"), 3);
    assert_eq!(bench.order(order).status, OrderStatus::Paid);
}

#[test]
fn test_provider_refunds_as_it_was_told() {
    let bench = Bench::new();
    for (refund, status) in
        [("succeed", RefundStatus::Succeeded), ("fail", RefundStatus::Failed), ("pending", RefundStatus::Pending)]
    {
        let (order, payment) = bench.place(500, choice(json!({ "provider": "test", "refund": refund })));
        bench.begin(payment);
        bench.refund(order, 500).unwrap();
        assert_eq!(bench.refunds(order)[0].status, status, "{refund}");
        bench.pass(120);
        bench.refund_check(bench.refunds(order)[0].id);
        let after = if status == RefundStatus::Failed { status } else { RefundStatus::Succeeded };
        assert_eq!(bench.refunds(order)[0].status, after, "{refund}");
    }
    bench.sound();
}
