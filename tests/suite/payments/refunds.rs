//! Refunds: never more than came in, and asked for once.

use super::bench::{Bench, choice, stripe};
use super::stand_in::Fault;
use crate::support::wait;
use nexus::domain::order::{OrderStatus, RefundStatus};
use nexus::domain::payment::{PaymentDetails, PaymentFlag};
use nexus::domain::{OrderId, PaymentId};
use nexus::services::Error;
use serde_json::{Value, json};

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
fn refunds_that_are_sent_when_all_is_asked_about_at_once_are_told() {
    let bench = Bench::new();
    let (order, ..) = paid(&bench, 10_000);
    bench.stripe.faults(&[Fault::CutBefore]);
    bench.refund(order, 6_000).unwrap();
    bench.pass(3_600);
    let done = wait(bench.shop.payment_reconcile_now(&bench.ctx())).unwrap();
    assert_eq!((done.payments.len(), done.refunds), (0, vec![(bench.refunds(order)[0].id, RefundStatus::Succeeded)]));
    bench.sound();
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

/// What the provider says when so much of a payment has been refunded in all.
fn refunded(bench: &Bench, reference: &str, cents: i64) -> Value {
    let charge = json!({ "id": "ch_9", "payment_intent": reference, "currency": "eur", "amount_refunded": cents });
    bench.stripe.state().tell("charge.refunded", &charge);
    let mut message = bench.stripe.messages().pop().unwrap();
    message["created"] = json!(bench.now().millis() / 1_000);
    message
}

fn number(bench: &Bench, sql: &str) -> i64 {
    bench.shop.store().read(|tx| Ok::<_, Error>(tx.query_number(sql, [])?)).unwrap()
}

#[test]
fn refund_made_at_the_provider_is_noted_and_flagged() {
    let bench = Bench::new();
    let (order, payment, reference) = paid(&bench, 10_000);
    bench.letters();
    let part = refunded(&bench, &reference, 2_500);
    bench.deliver(&part).unwrap();
    let flagged = bench.payment(payment);
    assert_eq!((flagged.flag.as_deref(), flagged.refunded.minor()), (Some("refunded_elsewhere"), 2_500));
    assert_eq!(bench.order(order).status, OrderStatus::PartiallyRefunded);
    let refunds = bench.refunds(order);
    assert_eq!((refunds.len(), refunds[0].status, refunds[0].amount.minor()), (1, RefundStatus::Succeeded, 2_500));
    assert_eq!(refunds[0].reference.as_deref(), part["id"].as_str());
    assert_eq!(number(&bench, "select sum(amount) from ledger_entry where account = 'refunds'"), 2_500);
    assert_eq!(number(&bench, "select count(*) from event where kind = 'order.refunded'"), 1);
    assert_eq!(bench.letters(), ["Subject: A refund for order 1001 at Nexus"]);
    // Whatever is left can be given back from here, and no more.
    assert!(bench.refund(order, 7_501).is_err());
    bench.refund(order, 7_500).unwrap();
    bench.deliver_all();
    assert_eq!((bench.order(order).status, bench.stripe.state().refund_calls), (OrderStatus::Refunded, 1));
    bench.sound();
}

#[test]
fn refunds_made_at_the_provider_count_once_in_whatever_order_they_are_told() {
    let bench = Bench::new();
    let (order, payment, reference) = paid(&bench, 10_000);
    bench.refund(order, 1_000).unwrap();
    bench.stripe.messages();
    let (first, second) = (refunded(&bench, &reference, 3_500), refunded(&bench, &reference, 6_000));
    let again = refunded(&bench, &reference, 6_000);
    for message in [&second, &first, &second, &again, &first] {
        bench.deliver(message).unwrap();
        assert_eq!(bench.payment(payment).refunded.minor(), 6_000);
    }
    assert_eq!(bench.refunds(order).len(), 2);
    // More than came in cannot go back, whatever is said.
    bench.deliver(&refunded(&bench, &reference, 99_000)).unwrap();
    assert_eq!(bench.payment(payment).refunded.minor(), 10_000);
    assert_eq!(bench.order(order).status, OrderStatus::Refunded);
    assert_eq!(bench.stripe.state().refund_calls, 1, "nobody is asked for what was made there");
    bench.reconcile();
    bench.sound();
}

#[test]
fn refund_under_way_and_one_that_failed_are_not_taken_for_refunds_made_at_the_provider() {
    let bench = Bench::new();
    let (order, payment, reference) = paid(&bench, 10_000);
    bench.stripe.faults(&[Fault::CutAfter]);
    bench.stripe.state().refunds_wait = true;
    bench.refund(order, 6_000).unwrap();
    bench.deliver_all();
    assert_eq!((bench.refunds(order).len(), bench.payment(payment).flag), (1, None));
    let early = refunded(&bench, &reference, 6_000);
    bench.pass(86_400);
    bench.stripe.state().settle_refunds("failed");
    bench.deliver_all();
    assert_eq!(bench.payment(payment).refunded.minor(), 0);
    bench.deliver(&early).unwrap();
    assert_eq!(bench.payment(payment).refunded.minor(), 0, "it was written before the refund failed");
    // Now somebody does at the provider what the shop could not.
    bench.pass(3_600);
    bench.deliver(&refunded(&bench, &reference, 6_000)).unwrap();
    assert_eq!(bench.payment(payment).refunded.minor(), 6_000);
    assert_eq!(bench.order(order).status, OrderStatus::PartiallyRefunded);
    bench.sound();
}

#[test]
fn refund_made_at_the_provider_that_comes_back_is_flagged() {
    let bench = Bench::new();
    let (_, payment, reference) = paid(&bench, 10_000);
    bench.deliver(&refunded(&bench, &reference, 2_500)).unwrap();
    let refund = json!({
        "id": "re_77", "payment_intent": reference, "amount": 2_500, "status": "failed",
        "failure_reason": "expired_or_canceled_card", "metadata": {},
    });
    for kind in ["refund.failed", "charge.refund.updated"] {
        bench.stripe.state().tell(kind, &refund);
    }
    bench.deliver_all();
    let flagged = bench.payment(payment);
    let notes = flagged.details["flag_note"].as_str().unwrap().lines().collect::<Vec<_>>();
    assert_eq!((flagged.flag.as_deref(), notes.len()), (Some("refund_failed"), 2), "{notes:?}");
    assert!(notes[1].contains("re_77") && notes[1].contains("expired or canceled card"), "{notes:?}");
    bench.sound();
}

#[test]
fn money_that_came_too_late_goes_back_without_touching_the_sales() {
    let bench = Bench::new();
    let (order, payment) = bench.place(3_699, stripe(None));
    bench.begin(payment);
    bench.cancel(order);
    bench.stripe.pay(&bench.payment(payment).reference.unwrap());
    bench.deliver_all();
    bench.sound();
    bench.refund(order, 3_699).unwrap();
    assert_eq!((bench.order(order).status, bench.sales()), (OrderStatus::Cancelled, vec![]));
    for account in ["receivable", "refunds", "money"] {
        let sql = format!("select coalesce(sum(amount), 0) from ledger_entry where account = '{account}'");
        assert_eq!(number(&bench, &sql), 0, "{account}");
    }
    bench.sound();
}

#[test]
fn refund_made_at_the_provider_of_an_order_that_was_called_off_is_what_was_owed() {
    let bench = Bench::new();
    let (order, payment) = bench.place(10_000, stripe(None));
    bench.begin(payment);
    let reference = bench.payment(payment).reference.unwrap();
    bench.cancel(order);
    bench.stripe.pay(&reference);
    bench.deliver_all();
    bench.sound();
    bench.deliver(&refunded(&bench, &reference, 10_000)).unwrap();
    assert_eq!(bench.payment(payment).refunded.minor(), 10_000);
    assert_eq!(bench.order(order).status, OrderStatus::Cancelled);
    assert_eq!(number(&bench, "select count(*) from ledger_entry where account = 'refunds'"), 0);
    assert_eq!(number(&bench, "select sum(amount) from ledger_entry where account = 'receivable'"), 0);
    bench.sound();
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
    let flags = PaymentFlag::all_of(flagged.flag.as_deref(), &PaymentDetails::of(&flagged.details));
    assert_eq!(flags, [PaymentFlag::Disputed, PaymentFlag::RefundedElsewhere], "all, the oldest first");
    assert!(notes[0].contains("fraudulent") && notes[1].contains("25.00 EUR") && notes[2].contains("duplicate"));
    assert_eq!(number(&bench, "select count(*) from order_event where kind = 'payment_flagged'"), 3);
    assert_eq!(number(&bench, "select count(*) from event where kind = 'payment.flagged'"), 3);
    assert_eq!(bench.order(order).status, OrderStatus::PartiallyRefunded);
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
