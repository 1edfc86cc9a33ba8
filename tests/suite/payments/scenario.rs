//! Whatever happens, at the end it adds up: what was paid at the provider is paid here or flagged, nothing is paid twice,
//! nothing is refunded beyond what came in. Buyers, staff, cuts, stalls, lost, doubled and shuffled messages are drawn
//! from a seed, which a failure names.

use super::bench::{Bench, stripe};
use super::stand_in::Fault;
use nexus::domain::order::PaymentStatus;
use nexus::domain::{OrderId, PaymentId};
use serde_json::Value;

/// Numbers out of a seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> Option<T> {
        if of.is_empty() { None } else { of.get(usize::try_from(self.roll(of.len() as u64)).unwrap_or(0)).cloned() }
    }
}

const FAULTS: [Fault; 8] = [
    Fault::None,
    Fault::None,
    Fault::CutBefore,
    Fault::CutAfter,
    Fault::CutAfter,
    Fault::Error500,
    Fault::Error429,
    Fault::Stall,
];
const METHODS: [Option<&str>; 6] =
    [None, None, Some("pm_card_visa"), Some("pm_declined"), Some("pm_hold"), Some("pm_bank_page")];

struct Story {
    bench: Bench,
    dice: Dice,
    orders: Vec<(OrderId, PaymentId)>,
    kept: Vec<Value>,
}

impl Story {
    fn step(&mut self) {
        let order = self.dice.pick(&self.orders);
        let intents: Vec<String> = self.bench.stripe.state().intents.keys().cloned().collect();
        let intent = self.dice.pick(&intents);
        match (self.dice.roll(13), order, intent) {
            (0 | 1, ..) => self.buy(),
            (2 | 3, _, Some(intent)) => self.bench.stripe.pay(&intent),
            (4, _, Some(intent)) => self.bench.stripe.state().fail(&intent),
            (5, _, Some(intent)) if self.dice.roll(3) == 0 => {
                let other = if self.dice.roll(2) == 0 { (1, "eur") } else { (1_000, "usd") };
                self.bench.stripe.state().pay(&intent, Some(other));
            }
            (6 | 7, ..) => self.messages(),
            (8, Some((order, _)), _) => self.cancel(order),
            (9, Some((order, _)), _) => {
                self.fault();
                let cents = 100 * i64::try_from(1 + self.dice.roll(12)).unwrap_or(1);
                let _ = self.bench.refund(order, cents);
            }
            (10, Some((_, payment)), _) => {
                self.fault();
                crate::support::wait(self.bench.shop.payment_check(&self.bench.ctx(), payment)).expect("an answer");
            }
            (11, ..) => self.bench.pass(i64::try_from(self.dice.roll(7_200)).unwrap_or(0)),
            (12, Some((order, _)), _) if self.dice.roll(4) == 0 => drop(self.bench.receive(order, None)),
            _ => self.bench.pass(1),
        }
        self.bench.stripe.state().faults.clear();
    }

    fn fault(&mut self) {
        for _ in 0..self.dice.roll(3) {
            let fault = self.dice.pick(&FAULTS).unwrap_or(Fault::None);
            self.bench.stripe.faults(&[fault]);
        }
    }

    fn buy(&mut self) {
        let method = self.dice.pick(&METHODS).flatten();
        let (order, payment) = self.bench.place(1_000, stripe(method));
        self.orders.push((order, payment));
        // Now and then the shop is killed between placing the order and asking for its payment.
        if self.dice.roll(5) > 0 {
            self.fault();
            self.bench.begin(payment);
        }
    }

    fn cancel(&mut self, order: OrderId) {
        if self.bench.order(order).status == nexus::domain::order::OrderStatus::Pending {
            self.bench.cancel(order);
        }
    }

    /// Sends messages: in any order, some of them twice or again much later, and loses some.
    fn messages(&mut self) {
        let mut waiting = self.bench.stripe.messages();
        while !waiting.is_empty() {
            let message = waiting.swap_remove(usize::try_from(self.dice.roll(waiting.len() as u64)).unwrap_or(0));
            let times = self.dice.roll(4);
            for _ in 0..times.min(2) {
                self.bench.deliver(&message).expect("an answer");
            }
            if times == 3 {
                self.kept.push(message);
            }
        }
        if let Some(old) = self.dice.pick(&self.kept) {
            self.bench.deliver(&old).expect("an answer");
        }
    }

    fn adds_up(&self, seed: u64) {
        let state = self.bench.stripe.state();
        for (order, id) in &self.orders {
            let payment = self.bench.payment(*id);
            let of = |intent: &&Value| {
                let name = intent["metadata"]["nexus_payment"].as_str().unwrap_or_default();
                name.split('-').next() == Some(&id.to_string())
            };
            let intents: Vec<&Value> = state.intents.values().filter(of).collect();
            let about = || format!("seed {seed}, order {order}: {payment:?} {intents:?}");
            assert!(intents.len() <= 1, "begun twice: {}", about());
            let received = intents.iter().filter(|i| i["status"] == "succeeded").map(|i| {
                let (amount, currency) = (i["amount_received"].as_i64().unwrap_or(0), i["currency"].as_str());
                (amount, currency.unwrap_or_default().to_uppercase(), i["id"].as_str().unwrap_or_default())
            });
            let received: Vec<_> = received.collect();
            match received.first() {
                Some((amount, currency, name)) => {
                    let whole = (*amount, currency.as_str()) == (payment.amount.minor(), &payment.currency[..]);
                    let paid = payment.status == PaymentStatus::Captured && whole;
                    assert!(paid || payment.flag.is_some(), "paid there and not here: {}", about());
                    let of = |refund: &&Value| refund["payment_intent"] == *name && refund["status"] != "failed";
                    let back: i64 = state.refunds.values().filter(of).filter_map(|r| r["amount"].as_i64()).sum();
                    assert_eq!(back, payment.refunded.minor(), "refunded here and there: {}", about());
                    assert!(back <= *amount, "{}", about());
                }
                None => assert!(payment.captured.minor() == 0, "paid here and not there: {}", about()),
            }
        }
        drop(state);
        self.bench.sound();
    }
}

fn tell(seed: u64) {
    let mut story = Story { bench: Bench::new(), dice: Dice(seed), orders: Vec::new(), kept: Vec::new() };
    for step in 0..40 {
        story.step();
        if step == 20 && seed.is_multiple_of(3) {
            story.bench = story.bench.restarted();
        }
    }
    if seed.is_multiple_of(2) {
        story.messages();
    }
    story.bench.stripe.messages();
    story.bench.reconcile();
    story.adds_up(seed);
}

#[test]
fn whatever_happens_it_adds_up_in_the_end() {
    for seed in 0..12 {
        tell(seed);
    }
}

#[test]
fn whatever_else_happens_it_adds_up_in_the_end() {
    for seed in 1_000..1_012 {
        tell(seed);
    }
}
