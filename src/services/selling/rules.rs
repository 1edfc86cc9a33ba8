//! Reads the rules that matter to one basket.

use crate::domain::account::exempts;
use crate::domain::pricing::{Place, PriceSettings, Rules};
use crate::domain::{Timestamp, UserId};
use crate::services::{Outcome, Shop};
use crate::store::ReadTx;

/// Whose basket it is, and when it is priced.
#[derive(Clone, Copy, Debug)]
pub struct RulesQuery<'a> {
    /// Where it goes, as [`Shop::tax_place`] has it.
    pub place: &'a Place,
    /// The code that was entered.
    pub code: Option<&'a str>,
    /// The folded e-mail address of the buyer, once it is known.
    pub customer: Option<&'a str>,
    /// The buyer's account, when they are signed in.
    pub account: Option<UserId>,
    /// The moment that counts.
    pub now: Timestamp,
}

/// The rules that may matter to a basket.
pub fn rules_for(tx: &ReadTx<'_>, query: RulesQuery<'_>) -> Outcome<Rules> {
    let mut discounts = tx.discounts_automatic(query.now)?;
    let code = query.code.map(str::trim).filter(|code| !code.is_empty());
    if let Some(code) = code {
        discounts.extend(tx.discount_by_code(code)?);
    }
    let mut used_by_customer = Vec::new();
    for discount in &discounts {
        if let Some(limit) = discount.draft.per_customer_limit
            && tx.discount_uses_by(discount.id, query.customer, query.account)? >= limit
        {
            used_by_customer.push(discount.id);
        }
    }
    let tax_rates = tx.tax_rates_for(query.place)?;
    Ok(Rules { tax_rates, discounts, code: code.map(str::to_owned), used_by_customer })
}

impl Shop {
    /// How the shop prices.
    pub fn price_settings(&self) -> PriceSettings {
        PriceSettings { tax_included: self.selling.prices_include_tax, rounding: self.selling.rounding }
    }

    /// Where a basket counts as going: to its address, or before there is one to the shop's home country.
    pub fn tax_place(&self, address: Option<(&str, Option<&str>)>) -> Place {
        let (country, region) = address.unwrap_or((&self.selling.country, None));
        Place::new(country, region)
    }

    /// Whether a buyer with an address in this country owes no tax for their VAT number.
    pub fn tax_exempt(&self, country: &str, vat_number: Option<&str>) -> bool {
        self.selling.exempt_vat_numbers && exempts(&self.selling.country, country, vat_number)
    }
}
