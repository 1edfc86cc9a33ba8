//! How the shop sells: prices and taxes, carts, stock that is held.

pub use crate::domain::pricing::Rounding;
use serde::{Deserialize, Serialize};

/// How the shop sells.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SellingSettings {
    /// Whether the prices of products and shipping contain the tax.
    pub prices_include_tax: bool,
    /// What tax is rounded at: each unit, each line, or the order as a whole.
    pub rounding: Rounding,
    /// Where the shop is at home, as an ISO 3166-1 alpha-2 code. A cart that has no address yet is taxed as if it stayed
    /// there, and buyers there are never exempt. Empty when there is none: then nobody is.
    pub country: String,
    /// Whether buyers outside the home country whose address has a VAT number of its country owe no tax. Prices that include
    /// tax stay as they are, and then contain none.
    pub exempt_vat_numbers: bool,
    /// Minutes for which stock is held for an order that is to be paid online.
    pub reservation_minutes: u32,
    /// Days after which a cart that nobody touches is removed.
    pub cart_days: u32,
    /// The number of the first order.
    pub first_order_number: u32,
    /// Whether orders that are paid get an invoice, numbered without gaps.
    pub invoices: bool,
    /// Who sells, as it stands on invoices: name, address and VAT number, line by line.
    pub invoice_seller: String,
}

/// Lines that who sells may take on an invoice, and characters of each.
const SELLER_LINES: usize = 12;
const SELLER_CHARS: usize = 100;

impl SellingSettings {
    /// Who sells, line by line.
    pub fn seller(&self) -> Vec<String> {
        self.invoice_seller.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }

    /// Whether VAT numbers are to exempt buyers abroad, and nothing says where that is.
    pub fn exempts_nobody(&self) -> bool {
        self.exempt_vat_numbers && self.country.is_empty()
    }

    /// What keeps invoices from being written.
    pub fn invoice_problem(&self) -> Option<String> {
        let seller = self.seller();
        if self.invoices && seller.is_empty() {
            let example = "Example Ltd\\n1 High Street\\n10115 Berlin\\nVAT DE123456789";
            return Some(format!("selling.invoice_seller: invoices must say who sells, such as \"{example}\""));
        }
        if seller.len() > SELLER_LINES || seller.iter().any(|line| line.chars().count() > SELLER_CHARS) {
            let most = format!("{SELLER_LINES} lines of at most {SELLER_CHARS} characters");
            return Some(format!("selling.invoice_seller: must be at most {most}"));
        }
        None
    }
}

impl Default for SellingSettings {
    fn default() -> Self {
        Self {
            prices_include_tax: false,
            rounding: Rounding::Line,
            country: String::new(),
            exempt_vat_numbers: false,
            reservation_minutes: 30,
            cart_days: 30,
            first_order_number: 1001,
            invoices: false,
            invoice_seller: String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invoices_need_somebody_who_sells() {
        let problem = |invoices: bool, seller: &str| {
            let settings =
                SellingSettings { invoices, invoice_seller: seller.to_owned(), ..SellingSettings::default() };
            settings.invoice_problem().is_some()
        };
        assert!(!problem(false, "") && problem(true, "") && problem(true, " \n ") && !problem(true, "Example Ltd"));
        assert!(problem(true, &"a\n".repeat(13)) && problem(true, &"a".repeat(101)));
        let seller =
            SellingSettings { invoice_seller: " Example Ltd\r\n\n1 High Street ".to_owned(), ..Default::default() };
        assert_eq!(seller.seller(), ["Example Ltd", "1 High Street"]);
    }
}
