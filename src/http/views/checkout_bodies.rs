//! What the API description says of the body of a checkout. The body itself is read in `services`.

// These types only describe: nothing builds or reads them.
#![expect(dead_code, reason = "the fields are read by the schema generator alone")]

use super::account_bodies::AddressBody;
use schemars::JsonSchema;
use serde_json::{Value, json};

/// Somebody checks out.
#[derive(JsonSchema)]
#[schemars(rename = "CheckoutInput", deny_unknown_fields)]
#[schemars(example = "checkout_example")]
pub struct CheckoutBody {
    /// Where letters about the order go; the account's address when it is left out.
    #[schemars(email, length(min = 1, max = 254))]
    email: Option<String>,
    /// Where it goes; the cart's address when it is left out.
    shipping_address: Option<AddressBody>,
    /// Who is billed, when it is somebody else.
    billing_address: Option<AddressBody>,
    /// The id of one of the cart's shipping options; needed unless the cart has one or there is only one.
    #[schemars(length(min = 1, max = 40))]
    shipping_option: Option<String>,
    payment: PaymentBody,
    /// The total that the buyer was shown.
    #[schemars(regex(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    expected_total: Option<String>,
    /// What the buyer has to say.
    #[schemars(length(max = 2000))]
    note: Option<String>,
}

/// How it is paid. Fields of other providers than the chosen one are refused.
#[derive(JsonSchema)]
#[schemars(rename = "PaymentInput", deny_unknown_fields)]
pub struct PaymentBody {
    /// `manual`, `stripe` or `test`, as far as the shop offers them.
    #[schemars(length(min = 1, max = 40))]
    provider: String,
    /// `manual`: `bank_transfer` (when it is left out), `cash_on_delivery` or `in_person`.
    method: Option<String>,
    /// `stripe`: what the buyer pays with, when the storefront has collected it already.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_]{4,255}$"))]
    payment_method: Option<String>,
    /// `test`: `paid` (when it is left out), `declined` or `pending`.
    outcome: Option<String>,
    /// `test`: seconds until a pending payment is paid; never when it is left out.
    #[schemars(range(min = 0, max = 86400))]
    delay_seconds: Option<i64>,
    /// `test`: what becomes of refunds: `succeed`, `fail` or `pending`.
    refund: Option<String>,
}

fn checkout_example() -> Value {
    json!({
        "email": "ann@example.com",
        "shipping_address": {
            "name": "Ann Lee", "line1": "1 Canal Street", "city": "Utrecht", "postal_code": "3511 AB", "country": "NL",
        },
        "payment": { "provider": "manual" },
    })
}
