//! The outside world behind traits: what the shop asks of others, and who does it.
//!
//! Services know the traits; which implementation serves is decided in `src/app.rs`. Every call may be slow, so none
//! is made inside a write transaction.

pub mod acme;
pub mod health;
pub mod mail;
pub mod payment;
pub mod storage;
pub mod webhook;

pub use mail::{MailError, Mailer};
pub use payment::{PaymentError, PaymentProvider, Payments};
pub use storage::ObjectStore;
pub use webhook::WebhookSender;

use std::sync::Arc;

/// Whom the shop asks.
#[derive(Clone)]
pub struct Providers {
    /// Who delivers letters.
    pub mailer: Arc<dyn Mailer>,
    /// Who tells endpoints of events.
    pub webhooks: Arc<dyn WebhookSender>,
    /// Who takes payments.
    pub payments: Payments,
    /// Where backups are uploaded to, if anywhere.
    pub storage: Option<Arc<dyn ObjectStore>>,
}
