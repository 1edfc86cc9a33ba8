//! Moves money: what the shop asks of whoever takes payments, and who does it.
//!
//! Calls block and may be slow; use cases make them outside of every transaction. A call that was cut off may have
//! had its effect: each carries a key by which the provider knows a repetition, so whoever got no answer asks again.

mod manual;
mod stripe;
mod test;

pub use manual::Manual;
pub use stripe::Stripe;
pub use test::Test;

use crate::domain::payment::PaymentDetails;
use crate::domain::{Currency, Money, PaymentId, RefundId, Timestamp};
use std::fmt;
use std::sync::Arc;

/// Takes payments.
pub trait PaymentProvider: Send + Sync {
    /// Its name in the API and in the database; never to be changed.
    fn name(&self) -> &'static str;

    /// Whether [`PaymentProvider::begin`] has to be called once an order is placed. Otherwise staff says when it is paid.
    fn moves_money(&self) -> bool {
        true
    }

    /// What the buyer is told to do, for payments that nobody moves.
    fn instructions(&self, _details: &PaymentDetails) -> Option<String> {
        None
    }

    /// Why it cannot take such an amount, in words that follow the name of the field.
    fn refusal(&self, _amount: Money, _currency: Currency) -> Option<String> {
        None
    }

    /// Begins a payment. The same request again gives the same answer and moves no more money.
    fn begin(&self, request: &PaymentRequest) -> Result<Begun, PaymentError>;

    /// Where a payment stands.
    fn look_up(&self, reference: &str, now: Timestamp) -> Result<Standing, PaymentError>;

    /// The payment that was begun with a key, when the answer was lost and the key is too old to begin again.
    fn find(&self, key: &PaymentKey, now: Timestamp) -> Result<Option<Begun>, PaymentError>;

    /// Takes money that is authorized.
    fn capture(&self, reference: &str, key: &PaymentKey, now: Timestamp) -> Result<Standing, PaymentError>;

    /// Calls a payment off; where it stands then, which may be that it was paid before.
    fn cancel(&self, reference: &str, now: Timestamp) -> Result<Standing, PaymentError>;

    /// Gives money back. The same request again gives the same answer and moves no more money.
    fn refund(&self, request: &RefundRequest) -> Result<RefundStanding, PaymentError>;

    /// Where a refund stands.
    fn refund_look_up(&self, reference: &str, now: Timestamp) -> Result<RefundStanding, PaymentError>;

    /// What a message says that claims to be from the provider, when it is.
    fn event(&self, body: &[u8], headers: &[(&str, &str)], now: Timestamp) -> Result<Event, WebhookRefusal>;
}

/// Names a payment at the provider, so that it knows a repetition: unique among all shops that may share an account
/// there, and among all that a shop has been, should it be brought back to an earlier day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentKey {
    /// The shop's own part.
    pub shop: String,
    /// The payment.
    pub payment: PaymentId,
    /// When it was written down.
    pub made: Timestamp,
}

/// Names a refund in the same way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundKey {
    /// The shop's own part.
    pub shop: String,
    /// The refund.
    pub refund: RefundId,
    /// When it was written down.
    pub made: Timestamp,
}

impl PaymentKey {
    /// The key for beginning the payment.
    pub fn text(&self) -> String {
        format!("nexus-{}-payment-{}", self.shop, self.name())
    }

    /// The payment within its shop.
    pub fn name(&self) -> String {
        name(self.payment, self.made)
    }

    /// Reads what [`PaymentKey::name`] wrote.
    pub fn read(shop: &str, name: &str) -> Option<Self> {
        let (id, made) = read_name(name)?;
        Some(Self { shop: shop.to_owned(), payment: PaymentId::parse(id)?, made })
    }
}

impl RefundKey {
    /// The key for making the refund.
    pub fn text(&self) -> String {
        format!("nexus-{}-refund-{}", self.shop, self.name())
    }

    /// The refund within its shop.
    pub fn name(&self) -> String {
        name(self.refund, self.made)
    }

    /// Reads what [`RefundKey::name`] wrote.
    pub fn read(shop: &str, name: &str) -> Option<Self> {
        let (id, made) = read_name(name)?;
        Some(Self { shop: shop.to_owned(), refund: RefundId::parse(id)?, made })
    }
}

fn name(id: impl fmt::Display, made: Timestamp) -> String {
    format!("{id}-{}", made.millis())
}

fn read_name(name: &str) -> Option<(&str, Timestamp)> {
    let (id, made) = name.split_once('-')?;
    Some((id, Timestamp::from_millis(made.parse().ok()?)))
}

/// A payment to be begun.
#[derive(Clone, Debug)]
pub struct PaymentRequest {
    /// Knows repetitions.
    pub key: PaymentKey,
    /// The order's number, for people.
    pub order_number: String,
    /// How much.
    pub amount: Money,
    /// Of what.
    pub currency: Currency,
    /// The buyer's address, for a receipt.
    pub email: String,
    /// Where the buyer comes back to from pages of the provider.
    pub return_url: String,
    /// What the buyer has chosen.
    pub details: PaymentDetails,
    /// The moment that counts as now.
    pub now: Timestamp,
}

/// A refund to be made.
#[derive(Clone, Debug)]
pub struct RefundRequest {
    /// Knows repetitions.
    pub key: RefundKey,
    /// The payment's name at the provider; none of one that no provider knows.
    pub reference: String,
    /// How much.
    pub amount: Money,
    /// Of what.
    pub currency: Currency,
    /// Whether it was asked for before, by somebody who got no answer.
    pub again: bool,
}

/// A payment that was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    /// Where it stands.
    pub standing: Standing,
    /// What the storefront needs to let the buyer pay.
    pub client_secret: Option<String>,
    /// Where the buyer has to go to pay.
    pub redirect_url: Option<String>,
    /// When it is worth asking, if the provider knows.
    pub ask_at: Option<Timestamp>,
}

/// Where a payment stands at its provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its name there.
    pub reference: String,
    /// How far it is.
    pub state: PaymentState,
    /// What the provider has taken, in minor units; of an authorized one what it holds.
    pub received: Money,
    /// Of what: an upper-case ISO 4217 code.
    pub currency: String,
}

/// How far a payment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentState {
    /// Not paid, and may still be.
    Pending,
    /// The buyer has paid, and the money is on its way.
    Processing,
    /// The money is held.
    Authorized,
    /// The money is taken.
    Captured,
    /// Never to be paid.
    Cancelled,
}

/// Where a refund stands at its provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundStanding {
    /// Its name there.
    pub reference: String,
    /// How far it is.
    pub state: RefundState,
}

/// How far a refund is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefundState {
    /// On its way.
    Pending,
    /// Done.
    Succeeded,
    /// It did not work, and why.
    Failed(String),
}

/// Why a provider did not do what it was asked. No reason holds a secret or a name: it is kept and logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaymentError {
    /// The buyer cannot pay like this; the reason is for the buyer.
    Declined(String),
    /// Whether it happened is unknown, or it may work later.
    Temporary(String),
    /// It did not happen and never will.
    Permanent(String),
}

impl fmt::Display for PaymentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Declined(why) | Self::Temporary(why) | Self::Permanent(why)) = self;
        f.write_str(why)
    }
}

impl std::error::Error for PaymentError {}

/// A message of a provider that is genuine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its own id: a message that comes again has the same.
    pub id: String,
    /// Its kind, as the provider calls it.
    pub kind: String,
    /// What it says.
    pub says: Says,
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Says {
    /// Where a payment stands.
    Payment {
        /// Where.
        standing: Standing,
        /// The key it was begun with, for one whose reference is not known here yet.
        key: Option<PaymentKey>,
        /// Why the buyer's last attempt to pay did not work.
        failure: Option<String>,
    },
    /// Where a refund stands.
    Refund {
        /// The name of its payment.
        payment: Option<String>,
        /// Where.
        standing: RefundStanding,
        /// Its key, when a shop like this one asked for it.
        key: Option<RefundKey>,
    },
    /// How much of a payment has been refunded in all.
    Refunded {
        /// The payment's name.
        reference: String,
        /// How much.
        total: Money,
        /// When it was so, if that is told.
        at: Option<Timestamp>,
    },
    /// The buyer wants the money back.
    Disputed {
        /// The payment's name.
        reference: String,
        /// Why.
        reason: String,
    },
    /// Nothing that matters here.
    Nothing,
}

/// Why a message was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookRefusal {
    /// Messages of this provider are not taken, or no secret is set by which they could be told.
    Disabled,
    /// It is not signed as it must be; in words that say what is wrong.
    Signature(&'static str),
    /// It is genuine and cannot be understood.
    Malformed,
}

/// The providers that take payments in this shop.
#[derive(Clone, Default)]
pub struct Payments(Vec<Arc<dyn PaymentProvider>>);

impl Payments {
    /// These providers, of different names.
    pub fn new(providers: Vec<Arc<dyn PaymentProvider>>) -> Self {
        Self(providers)
    }

    /// The provider of a name.
    pub fn by_name(&self, name: &str) -> Option<Arc<dyn PaymentProvider>> {
        self.0.iter().find(|provider| provider.name() == name).cloned()
    }

    /// Their names.
    pub fn names(&self) -> Vec<&'static str> {
        self.0.iter().map(|provider| provider.name()).collect()
    }
}
