//! A shop without a server that takes payments with the stand-in, and orders to be paid in it.

use super::stand_in::{KEY, SECRET, StandIn, signature};
use crate::support::wait;
use nexus::config::{Config, Secret, StripeSettings};
use nexus::domain::order::{
    NewLine, NewOrder, NewPayment, Order, OrderRef, OrderSource, OrderStatus, OrderSums, Payment, Refund,
};
use nexus::domain::payment::{PaymentChoice, PaymentDetails};
use nexus::domain::report::{SalesBy, Span};
use nexus::domain::{Email, Job, Money, OrderId, PaymentId, RefundId, Timestamp};
use nexus::folder::DataFolder;
use nexus::jobs::{Running, Work, run_due};
use nexus::providers::mail::{FileMailer, Sender};
use nexus::providers::payment::{Manual, PaymentProvider, Stripe, Test};
use nexus::providers::webhook::{Allowed, HttpSender};
use nexus::providers::{Payments, Providers};
use nexus::services::catalog::Preconditions;
use nexus::services::idempotency::Rendered;
use nexus::services::orders::{
    Answering, CancelDraft, PaymentDraft, Placing, RefundDraft, RefundWish, order_place_rows,
};
use nexus::services::payments::{PaymentPlan, PaymentProgress, Received};
use nexus::services::{CheckDepth, Ctx, Error, Outcome, Shop};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tempfile::TempDir;

/// How long the shop waits for the stand-in.
const PATIENCE: Duration = Duration::from_millis(300);
/// When the tests begin.
pub const BEGIN: i64 = 1_800_000_000_000;

/// The shop, the stand-in, and what time it is.
pub struct Bench {
    pub stripe: StandIn,
    pub shop: Arc<Shop>,
    folder: TempDir,
    clock: AtomicI64,
}

fn settings(stripe: &StandIn) -> StripeSettings {
    StripeSettings { secret_key: Secret::new(KEY), webhook_secrets: vec![Secret::new(SECRET)], api_base: stripe.base() }
}

fn open(folder: &TempDir, stripe: &StandIn) -> Arc<Shop> {
    let mut config = Config { workers: 2, ..Config::default() };
    config.data.dir = folder.path().to_owned();
    let from = Sender::parse(&config.mail.from, "").expect("a sender");
    let providers: Vec<Arc<dyn PaymentProvider>> = vec![
        Arc::new(Manual::new("Transfer it.")),
        Arc::new(Test),
        Arc::new(Stripe::with_timeout(&settings(stripe), Some(PATIENCE))),
    ];
    let mailer = Arc::new(FileMailer::new(folder.path().join("mail"), from));
    let webhooks = Arc::new(HttpSender::new(Allowed::default()));
    let providers = Providers { mailer, webhooks, payments: Payments::new(providers), storage: None };
    let data = DataFolder::open(folder.path()).expect("a folder");
    Arc::new(Shop::open(data, &config, nexus::app::cards(&config.shop), providers).expect("the shop opens"))
}

impl Bench {
    pub fn new() -> Self {
        let (stripe, folder) = (StandIn::start(), TempDir::new().expect("a folder"));
        let shop = open(&folder, &stripe);
        Self { stripe, shop, folder, clock: AtomicI64::new(BEGIN) }
    }

    /// The same shop, stopped and started again.
    pub fn restarted(self) -> Self {
        let Self { stripe, shop, folder, clock } = self;
        shop.close();
        drop(shop);
        let shop = open(&folder, &stripe);
        Self { stripe, shop, folder, clock }
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.clock.load(Ordering::SeqCst))
    }

    /// Lets time pass.
    pub fn pass(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    pub fn ctx(&self) -> Ctx {
        Ctx { now: self.now(), ..Ctx::shop() }
    }

    /// An order over so many cents, placed and not paid.
    pub fn place(&self, cents: i64, choice: PaymentChoice) -> (OrderId, PaymentId) {
        self.clock.fetch_add(1, Ordering::SeqCst);
        place(&self.shop, cents, choice, self.now())
    }

    pub fn begin(&self, id: PaymentId) -> PaymentProgress {
        wait(self.shop.payment_begin(&self.ctx(), id)).expect("an answer")
    }

    pub fn payment(&self, id: PaymentId) -> Payment {
        self.shop.store().read(|tx| Ok::<_, Error>(tx.payment_by_id(id)?)).expect("a read").expect("a payment")
    }

    pub fn order(&self, id: OrderId) -> Order {
        self.shop.store().read(|tx| Ok::<_, Error>(tx.order_by_id(id)?)).expect("a read").expect("an order")
    }

    pub fn refunds(&self, id: OrderId) -> Vec<Refund> {
        self.shop.store().read(|tx| Ok::<_, Error>(tx.order_refunds(&[id])?)).expect("a read")
    }

    /// Sends a message as the stand-in does.
    pub fn deliver(&self, message: &Value) -> Outcome<Received> {
        let body = message.to_string();
        let seconds = self.now().millis() / 1000;
        let line = signature(body.as_bytes(), seconds, SECRET);
        let headers = [("Stripe-Signature", line.as_str())];
        wait(self.shop.payment_message(&self.ctx(), "stripe", body.as_bytes(), &headers))
    }

    /// Sends all messages that wait, in order.
    pub fn deliver_all(&self) {
        for message in self.stripe.messages() {
            assert_eq!(self.deliver(&message).expect("an answer"), Received::Taken);
        }
    }

    /// Lets time pass and asks about everything that is due, until nothing is.
    pub fn reconcile(&self) {
        for _ in 0..12 {
            self.pass(7 * 3_600);
            wait(self.shop.payment_reconcile_now(&self.ctx())).expect("an answer");
        }
    }

    /// Sends the letters to buyers that are due, and does nothing else that waits; gives their subjects in alphabetical order.
    pub fn letters(&self) -> Vec<String> {
        let now = self.now();
        let perform = |shop: Arc<Shop>, ctx: Ctx, job: Job| -> Running {
            Box::pin(async move {
                match job {
                    Job::OrderLetter(letter) => shop.order_letter_send(&ctx, letter).await,
                    _ => Ok(()),
                }
            })
        };
        let clock = Arc::new(move || now);
        let work = Work { perform: Arc::new(perform), chores: Arc::new([]), clock, ..Work::default() };
        let ran = wait(run_due(self.shop.clone(), work)).expect("jobs run");
        assert_eq!((ran.retried, ran.dead), (0, 0));
        let files = std::fs::read_dir(self.folder.path().join("mail")).expect("a folder");
        let taken = files.map(|file| {
            let path = file.expect("a file").path();
            let message = std::fs::read_to_string(&path).expect("a letter");
            std::fs::remove_file(path).expect("taken");
            message.lines().find(|line| line.starts_with("Subject: ")).expect("a subject").to_owned()
        });
        let mut subjects: Vec<String> = taken.collect();
        subjects.sort();
        subjects
    }

    /// Pays back so many cents, as staff does.
    pub fn refund(&self, order: OrderId, cents: i64) -> Outcome<()> {
        let wish = RefundWish::Amount(Money::from_minor(cents));
        let draft = RefundDraft { wish, restock: false, reason: None };
        let ctx = Ctx { now: self.now(), ..Ctx::owner() };
        let done = self.shop.order_refund(&ctx, self.named(order), Preconditions(None), draft, unseen());
        wait(done).map(drop)
    }

    pub fn refund_check(&self, id: RefundId) {
        wait(self.shop.refund_check(&self.ctx(), id)).expect("an answer");
    }

    /// Notes money received by hand, as staff does.
    pub fn receive(&self, order: OrderId, cents: Option<i64>) -> Outcome<()> {
        let draft = PaymentDraft { amount: cents.map(Money::from_minor), reference: None };
        let ctx = Ctx { now: self.now(), ..Ctx::owner() };
        wait(self.shop.order_pay(&ctx, self.named(order), Preconditions(None), draft, unseen())).map(drop)
    }

    /// Calls an order off, as staff does.
    pub fn cancel(&self, order: OrderId) {
        let ctx = Ctx { now: self.now(), ..Ctx::owner() };
        let draft = CancelDraft::default();
        let done = self.shop.order_cancel(&ctx, self.named(order), Preconditions(None), draft, unseen());
        wait(done).expect("an answer");
    }

    /// What was sold and what of it was paid back, period by period.
    pub fn sales(&self) -> Vec<(i64, i64)> {
        let span = Span { from: Timestamp::from_millis(0), until: self.now().plus(Duration::from_secs(1)) };
        let sales = self.shop.sales(&Ctx::owner(), span, SalesBy::Year).expect("a report");
        sales.iter().map(|row| (row.total.minor(), row.refunded.minor())).collect()
    }

    fn named(&self, order: OrderId) -> OrderRef {
        OrderRef::Number(self.order(order).number.expect("a number"))
    }

    /// Nothing is broken in the data.
    #[track_caller]
    pub fn sound(&self) {
        let found = self.shop.check(&Ctx::owner(), CheckDepth::Full).expect("a check");
        assert!(found.is_empty(), "{found:?}");
    }
}

/// An order over so many cents, placed then and not paid.
pub fn place(shop: &Shop, cents: i64, choice: PaymentChoice, now: Timestamp) -> (OrderId, PaymentId) {
    let ctx = Ctx { now, ..Ctx::shop() };
    let (total, none) = (Money::from_minor(cents), Money::default());
    let plan = shop.payment_terms().plan(choice, total, now).expect("a plan");
    let line = NewLine {
        product_id: None,
        variant_id: None,
        sku: None,
        name: "Mug".into(),
        title: String::new(),
        quantity: 1,
        unit_price: total,
        discount: none,
        tax: none,
        total,
        taxes: Vec::new(),
        weight_grams: None,
    };
    static ORDERS: AtomicI64 = AtomicI64::new(0);
    let order = NewOrder {
        token: format!("token-{}", ORDERS.fetch_add(1, Ordering::SeqCst)),
        account_id: None,
        email: Email::parse("ann@example.test").expect("an address"),
        source: OrderSource::Web,
        status: OrderStatus::Pending,
        currency: "EUR".into(),
        tax_included: false,
        sums: OrderSums { subtotal: total, total, ..OrderSums::default() },
        shipping_option: None,
        shipping_name: None,
        shipping_address: None,
        billing_address: None,
        discount_code: None,
        reference: None,
        explanation: "[]".into(),
        note: None,
        client: None,
        placed_at: now,
        lines: vec![line],
    };
    let PaymentPlan { provider, details, check_at, .. } = plan;
    let payment = NewPayment { provider, amount: total, currency: "EUR".into(), details, check_at };
    let placing = Placing { order, payment, first_number: 1001 };
    let placed = shop.store().write_blocking(move |tx| order_place_rows(tx, &ctx, &placing)).expect("an order");
    (placed.order.id, placed.payment)
}

/// An answer that nobody looks at.
fn unseen() -> Answering {
    Answering { claim: None, render: Arc::new(|_, _| Rendered { status: 200, body: Vec::new(), location: None }) }
}

/// Pays with Stripe: in the browser, or at once with a payment method.
pub fn stripe(method: Option<&str>) -> PaymentChoice {
    let details = PaymentDetails { payment_method: method.map(str::to_owned), ..PaymentDetails::default() };
    PaymentChoice { provider: "stripe".into(), details }
}

/// Pays with a provider whose choice is written as a checkout writes it.
pub fn choice(body: Value) -> PaymentChoice {
    nexus::domain::Fields::read(&body, PaymentChoice::read).expect("a choice")
}

/// By bank transfer.
pub fn manual() -> PaymentChoice {
    choice(json!({ "provider": "manual" }))
}
