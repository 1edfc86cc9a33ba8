//! What the API description says of the bodies of carts. The bodies themselves are read in `domain` and `services`; a
//! test holds the two together.

// These types only describe: nothing builds or reads them.
#![expect(dead_code, reason = "the fields are read by the schema generator alone")]

use schemars::JsonSchema;
use serde_json::{Value, json};

/// A new cart: there is nothing to say of it yet.
#[derive(JsonSchema)]
#[schemars(rename = "CartInput", deny_unknown_fields)]
#[schemars(example = "cart_example")]
pub struct CartBody {}

fn cart_example() -> Value {
    json!({})
}

/// Something to be put into a cart: `variant_id` or `sku`.
#[derive(JsonSchema)]
#[schemars(rename = "CartLineInput", deny_unknown_fields)]
#[schemars(example = "line_example")]
pub struct CartLineBody {
    #[schemars(range(min = 1))]
    variant_id: Option<i64>,
    #[schemars(length(min = 1, max = 100))]
    sku: Option<String>,
    #[schemars(range(min = 1, max = 999))]
    quantity: i64,
}

fn line_example() -> Value {
    json!({ "variant_id": 1, "quantity": 1 })
}

/// How many of something.
#[derive(JsonSchema)]
#[schemars(rename = "CartLinePatch", deny_unknown_fields)]
#[schemars(example = "line_patch_example")]
pub struct CartLinePatch {
    #[schemars(range(min = 1, max = 999))]
    quantity: i64,
}

fn line_patch_example() -> Value {
    json!({ "quantity": 2 })
}

/// A discount code.
#[derive(JsonSchema)]
#[schemars(rename = "DiscountCodeInput", deny_unknown_fields)]
#[schemars(example = "code_example")]
pub struct DiscountCodeBody {
    /// In any case of letters.
    #[schemars(length(min = 1, max = 100))]
    code: String,
}

fn code_example() -> Value {
    json!({ "code": "WELCOME" })
}

/// How a cart is shipped.
#[derive(JsonSchema)]
#[schemars(rename = "ShippingOptionInput", deny_unknown_fields)]
#[schemars(example = "option_example")]
pub struct ShippingOptionBody {
    /// The id of one of its shipping options.
    #[schemars(length(min = 1, max = 100))]
    id: String,
}

fn option_example() -> Value {
    json!({ "id": "standard" })
}
