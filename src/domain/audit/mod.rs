//! The audit log: who changed what, when and from where, and the chain that shows when somebody edits it.

mod chain;
mod filter;
mod verify;

pub use chain::{AuditChain, AuditHead, Digest, digest_of_hex};
pub use filter::{ACTOR_KINDS, ActionPick, ActorPick, AuditFilter, AuditPosition};
pub use verify::{AuditBreak, AuditFault, AuditSound, AuditVerifier};

use super::Timestamp;
use super::id::*;
use serde_json::Value;
use std::borrow::Cow;

/// Bytes of detail that an entry may have; more is left out.
const MOST_DETAIL: usize = 4_096;

/// One thing that somebody did, as it is stored.
///
/// What stands in the log cannot be taken out again, so no name, address or secret of a person goes in: ids do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// What kind of actor: `anonymous`, `user`, `api_key`, `owner` or `shop`.
    pub actor_kind: Cow<'static, str>,
    /// Which user or key.
    pub actor_id: Option<i64>,
    /// The role a user had then.
    pub actor_role: Option<Cow<'static, str>>,
    /// What was done, such as `product.update`.
    pub action: Cow<'static, str>,
    /// What kind of thing it was done to.
    pub subject_kind: Option<Cow<'static, str>>,
    /// Which one.
    pub subject_id: Option<String>,
    /// What changed, in brief: the text of a JSON object.
    pub detail: String,
    /// The client's address.
    pub client: Option<String>,
    /// The request's id.
    pub request_id: Option<String>,
}

impl AuditEntry {
    /// The actor as filters name it: `user:7`, `owner`.
    pub fn actor(&self) -> String {
        joined(&self.actor_kind, self.actor_id.map(|id| id.to_string()).as_deref())
    }

    /// The subject as filters name it: `product:12`; empty when there is none.
    pub fn subject(&self) -> String {
        self.subject_kind.as_deref().map(|kind| joined(kind, self.subject_id.as_deref())).unwrap_or_default()
    }
}

fn joined(kind: &str, id: Option<&str>) -> String {
    id.map_or_else(|| kind.to_owned(), |id| format!("{kind}:{id}"))
}

/// The text of an entry's detail; one that is too long is left out rather than the entry.
pub fn detail_text(detail: &Value) -> String {
    let text = detail.to_string();
    if detail.is_object() && text.len() <= MOST_DETAIL { text } else { r#"{"left_out":true}"#.to_owned() }
}

/// An entry with its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// Its number, counted from 1 without gaps.
    pub id: AuditId,
    /// What it says.
    pub entry: AuditEntry,
    /// The hash of the entry before it.
    pub previous: Vec<u8>,
    /// Its own hash.
    pub hash: Vec<u8>,
}

/// The thing that something was done to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// What kind of thing.
    pub kind: &'static str,
    /// Which one.
    pub id: String,
}

impl Subject {
    /// Any thing with an id.
    pub fn of(kind: &'static str, id: impl std::fmt::Display) -> Self {
        Self { kind, id: id.to_string() }
    }
}

macro_rules! subjects {
    ($($id:ident: $kind:literal),* $(,)?) => {$(
        impl From<$id> for Subject {
            fn from(id: $id) -> Self {
                Self::of($kind, id)
            }
        }
    )*};
}

subjects! {
    ProductId: "product",
    VariantId: "variant",
    CategoryId: "category",
    UserId: "user",
    SessionId: "session",
    AddressId: "address",
    ApiKeyId: "api_key",
    ImportId: "import",
    OrderId: "order",
    TaxRateId: "tax_rate",
    ShippingZoneId: "shipping_zone",
    DiscountId: "discount",
    PaymentId: "payment",
    ReviewId: "review",
    WebhookId: "webhook",
    DeliveryId: "delivery",
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn detail_that_is_too_long_or_no_object_is_left_out() {
        assert_eq!(detail_text(&json!({"fields": ["price"]})), r#"{"fields":["price"]}"#);
        for odd in [json!({"a": "x".repeat(MOST_DETAIL)}), json!("a text"), json!([1])] {
            assert_eq!(detail_text(&odd), r#"{"left_out":true}"#);
        }
    }
}
