//! What is to be priced, and by which rules.

use super::{Discount, ShippingOption, TaxRate};
use crate::domain::{CategoryId, DiscountId, Money, ProductId, VariantId};
use serde::{Deserialize, Serialize};

/// Where something goes: what decides about tax and shipping.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// ISO 3166-1 alpha-2 code, upper case; empty when nothing is known yet, which matches only rules for anywhere.
    pub country: String,
    /// State, province or county as the buyer wrote it; compared without regard to case.
    pub region: String,
}

impl Place {
    /// A place from an address' country and region.
    pub fn new(country: &str, region: Option<&str>) -> Self {
        Self { country: country.to_uppercase(), region: region.unwrap_or_default().trim().to_owned() }
    }
}

/// What tax is rounded at, always half up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// Each unit; the taxes of a line's units make its tax.
    Unit,
    /// Each line.
    Line,
    /// The whole order, once for each tax class; its tax is spread over the lines.
    Order,
}

/// How the shop prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriceSettings {
    /// Whether prices contain the tax.
    pub tax_included: bool,
    /// What tax is rounded at.
    pub rounding: Rounding,
}

/// A line to be priced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BasketLine {
    /// The caller's own number of the line, unique in the basket. Cents that cannot be split go by it, so the order of
    /// the lines changes nothing.
    pub key: i64,
    /// What is bought.
    pub variant: VariantId,
    /// Of which product.
    pub product: ProductId,
    /// The name of the product, for the explanation.
    pub name: String,
    /// The product's categories, with all above them.
    pub categories: Vec<CategoryId>,
    /// The product's tags.
    pub tags: Vec<String>,
    /// What kind of goods this is to the tax office.
    pub tax_class: String,
    /// What one costs.
    pub unit_price: Money,
    /// How many.
    pub quantity: i64,
    /// What one weighs; unknown counts as nothing.
    pub weight_grams: Option<i64>,
}

/// What is to be priced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Basket {
    /// What is bought.
    pub lines: Vec<BasketLine>,
    /// Where it goes.
    pub place: Place,
    /// Whether the buyer owes no tax here.
    pub tax_exempt: bool,
    /// How it is shipped, once chosen.
    pub shipping: Option<ShippingOption>,
}

/// The rules that may matter to a basket. What does not match it is passed over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Tax rates.
    pub tax_rates: Vec<TaxRate>,
    /// The automatic discounts, and the one the code names when there is one.
    pub discounts: Vec<Discount>,
    /// The code the buyer entered.
    pub code: Option<String>,
    /// Discounts that this buyer has used as often as one may.
    pub used_by_customer: Vec<DiscountId>,
}
