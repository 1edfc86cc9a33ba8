//! What the API description says of the bodies with which the staff works on orders. The bodies themselves are read in
//! `services`.

// These types only describe: nothing builds or reads them.
#![expect(dead_code, reason = "the fields are read by the schema generator alone")]

use super::account_bodies::AddressBody;
use schemars::JsonSchema;
use serde_json::{Value, json};

/// Units of a line.
#[derive(JsonSchema)]
#[schemars(rename = "UnitsInput", deny_unknown_fields)]
pub struct UnitsBody {
    #[schemars(range(min = 1))]
    line_id: i64,
    #[schemars(range(min = 1, max = 1_000_000))]
    quantity: i64,
}

/// Money that came in.
#[derive(JsonSchema)]
#[schemars(rename = "PaymentReceivedInput", deny_unknown_fields)]
#[schemars(example = "payment_example")]
pub struct PaymentReceivedBody {
    /// Must be all that is due.
    #[schemars(regex(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    amount: Option<String>,
    /// What a statement of account or a receipt calls it.
    #[schemars(length(min = 1, max = 200))]
    reference: Option<String>,
}

fn payment_example() -> Value {
    json!({ "reference": "statement 7" })
}

/// Something that is sent.
#[derive(JsonSchema)]
#[schemars(rename = "FulfillmentInput", deny_unknown_fields)]
#[schemars(example = "fulfillment_example")]
pub struct FulfillmentBody {
    /// All that is still to be sent when it is left out.
    #[schemars(length(min = 1, max = 200))]
    lines: Option<Vec<UnitsBody>>,
    #[schemars(length(min = 1, max = 100))]
    carrier: Option<String>,
    #[schemars(length(min = 1, max = 100))]
    tracking_number: Option<String>,
}

fn fulfillment_example() -> Value {
    json!({ "carrier": "Parcel Post", "tracking_number": "XY123456789NL" })
}

/// Why an order is called off.
#[derive(JsonSchema)]
#[schemars(rename = "CancelInput", deny_unknown_fields)]
#[schemars(example = "cancel_example")]
pub struct CancelBody {
    /// Whoever bought it reads this.
    #[schemars(length(min = 1, max = 500))]
    reason: Option<String>,
}

fn cancel_example() -> Value {
    json!({ "reason": "No longer made" })
}

/// Money that goes back: an amount, or what units cost, or all that is left.
#[derive(JsonSchema)]
#[schemars(rename = "RefundInput", deny_unknown_fields)]
#[schemars(example = "refund_example")]
pub struct RefundBody {
    #[schemars(regex(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    amount: Option<String>,
    #[schemars(length(min = 1, max = 200))]
    lines: Option<Vec<UnitsBody>>,
    /// Whether the units go back into stock; false when it is left out.
    restock: Option<bool>,
    /// Whoever bought it reads this.
    #[schemars(length(min = 1, max = 500))]
    reason: Option<String>,
}

fn refund_example() -> Value {
    json!({ "amount": "5.00", "reason": "A scratch" })
}

/// Goods that came back.
#[derive(JsonSchema)]
#[schemars(rename = "ReturnInput", deny_unknown_fields)]
#[schemars(example = "return_example")]
pub struct ReturnBody {
    #[schemars(length(min = 1, max = 200))]
    lines: Vec<UnitsBody>,
    /// Whether they go back into stock; true when it is left out.
    restock: Option<bool>,
    #[schemars(length(min = 1, max = 500))]
    reason: Option<String>,
}

fn return_example() -> Value {
    json!({ "lines": [{ "line_id": 1, "quantity": 1 }] })
}

/// Something to be written down.
#[derive(JsonSchema)]
#[schemars(rename = "NoteInput", deny_unknown_fields)]
#[schemars(example = "note_example")]
pub struct NoteBody {
    #[schemars(length(min = 1, max = 5000))]
    text: String,
    /// Whether whoever bought it may read it; false when it is left out.
    visible_to_customer: Option<bool>,
}

fn note_example() -> Value {
    json!({ "text": "Asked for gift wrapping" })
}

/// Changes to an order (RFC 7396). An address is given as a whole.
#[derive(JsonSchema)]
#[schemars(rename = "OrderPatch", deny_unknown_fields)]
#[schemars(example = "patch_example")]
pub struct OrderPatchBody {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", email, length(min = 1, max = 254))]
    email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "AddressBody")]
    shipping_address: Option<AddressBody>,
    /// Null for nobody else than the recipient.
    billing_address: Option<AddressBody>,
    /// Null for none.
    #[schemars(length(max = 2000))]
    note: Option<String>,
}

fn patch_example() -> Value {
    json!({ "email": "ann@example.com" })
}

/// What whoever has looked at a payment says.
#[derive(JsonSchema)]
#[schemars(rename = "ResolveInput", deny_unknown_fields)]
#[schemars(example = "resolve_example")]
pub struct ResolveBody {
    /// What was found and done.
    #[schemars(length(min = 1, max = 500))]
    note: String,
}

fn resolve_example() -> Value {
    json!({ "note": "Refunded at the provider, the buyer is told" })
}
