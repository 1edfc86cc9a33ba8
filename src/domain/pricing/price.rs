//! Prices a basket.

use super::promotions::{Goods, Reduction};
use super::tax::{Taxable, taxes};
use super::{
    Basket, BasketLine, Explained, ExplainedKind, MOST_LINES, MOST_QUANTITY, PriceSettings, Quote, QuoteLine, Rules,
    TaxShare,
};
use crate::domain::money::MAX_MINOR;
use crate::domain::{Invalid, Money, Timestamp};
use std::collections::BTreeMap;

/// What a basket costs at this moment. Refused is only what the shop cannot count: more than [`MOST_LINES`] lines, a
/// quantity that is none, or a subtotal, a tax or a total above [`MAX_MINOR`].
pub fn price(basket: &Basket, rules: &Rules, settings: PriceSettings, now: Timestamp) -> Result<Quote, Invalid> {
    let mut order: Vec<usize> = (0..basket.lines.len()).collect();
    order.sort_by_key(|&i| basket.lines[i].key);
    let lines: Vec<&BasketLine> = order.iter().map(|&i| &basket.lines[i]).collect();
    let full = full_prices(&lines)?;
    let shipping = basket.shipping.as_ref().map(|s| i128::from(s.price.minor()));
    if shipping.unwrap_or(0) > i128::from(MAX_MINOR) {
        return Err(too_large());
    }
    let reduction = Goods { lines: &lines, full: &full, shipping }.reduce(rules, now);
    let mut taxes = taxed(basket, rules, settings, &lines, &reduction)?;
    let shipping_taxes = taxes.pop().unwrap_or_default();
    let line = |((line, full), (left, taxes)): ((&&BasketLine, &i128), (&i128, Vec<TaxShare>))| {
        let tax = sum(&taxes);
        Ok(QuoteLine {
            key: line.key,
            unit_price: line.unit_price,
            quantity: line.quantity,
            subtotal: money(*full)?,
            discount: money(full - left)?,
            tax: money(tax)?,
            total: money(if settings.tax_included { *left } else { left + tax })?,
            taxes,
        })
    };
    let priced = lines.iter().zip(&full).zip(reduction.left.iter().zip(taxes)).map(line);
    let priced = priced.collect::<Result<Vec<QuoteLine>, Invalid>>()?;
    let mut placed: Vec<(usize, QuoteLine)> = order.into_iter().zip(priced).collect();
    placed.sort_by_key(|(at, _)| *at);
    let lines = placed.into_iter().map(|(_, line)| line).collect();
    total(basket, settings, lines, reduction, shipping_taxes)
}

/// Unit price times quantity of each line.
fn full_prices(lines: &[&BasketLine]) -> Result<Vec<i128>, Invalid> {
    if lines.len() > MOST_LINES {
        return Err(Invalid::one("lines", "too_many", format!("must be at most {MOST_LINES}; place several orders")));
    }
    let sound =
        |l: &&BasketLine| (1..=MOST_QUANTITY).contains(&l.quantity) && (0..=MAX_MINOR).contains(&l.unit_price.minor());
    if !lines.iter().all(sound) {
        let message =
            format!("quantities must be from 1 to {MOST_QUANTITY}, and prices must be ones the shop can handle");
        return Err(Invalid::one("lines", "out_of_range", message));
    }
    let full: Vec<i128> = lines.iter().map(|l| i128::from(l.unit_price.minor()) * i128::from(l.quantity)).collect();
    if full.iter().sum::<i128>() > i128::from(MAX_MINOR) { Err(too_large()) } else { Ok(full) }
}

/// The taxes of each line and, last, of shipping.
fn taxed(
    basket: &Basket,
    rules: &Rules,
    settings: PriceSettings,
    lines: &[&BasketLine],
    reduction: &Reduction,
) -> Result<Vec<Vec<TaxShare>>, Invalid> {
    let of_line = |(line, left): (&&BasketLine, &i128)| (*left, i128::from(line.quantity), line.tax_class.clone());
    let mut parts: Vec<(i128, i128, String)> = lines.iter().zip(&reduction.left).map(of_line).collect();
    if let Some(shipping) = &basket.shipping {
        parts.push((reduction.shipping, 1, shipping.tax_class.clone()));
    }
    let things: Vec<Taxable<'_>> =
        parts.iter().map(|(amount, quantity, class)| Taxable { amount: *amount, quantity: *quantity, class }).collect();
    let rates = if basket.tax_exempt { &[][..] } else { &rules.tax_rates[..] };
    let mut taxes = taxes(&things, rates, &basket.place, settings, i128::from(MAX_MINOR)).ok_or_else(too_large)?;
    taxes.resize(lines.len() + 1, Vec::new());
    Ok(taxes)
}

/// Adds everything up.
fn total(
    basket: &Basket,
    settings: PriceSettings,
    lines: Vec<QuoteLine>,
    reduction: Reduction,
    shipping_taxes: Vec<TaxShare>,
) -> Result<Quote, Invalid> {
    let add = |of: fn(&QuoteLine) -> Money| lines.iter().map(|l| i128::from(of(l).minor())).sum::<i128>();
    let (subtotal, discount) = (add(|l| l.subtotal), add(|l| l.discount));
    let shipping_tax = sum(&shipping_taxes);
    let tax = add(|l| l.tax) + shipping_tax;
    let on_top = if settings.tax_included { 0 } else { tax };
    let explanation = explanation(basket, settings, &lines, &reduction, &shipping_taxes)?;
    Ok(Quote {
        subtotal: money(subtotal)?,
        discount_total: money(discount)?,
        shipping_total: money(reduction.shipping)?,
        shipping_tax: money(shipping_tax)?,
        shipping_taxes,
        tax_total: money(tax)?,
        total: money(subtotal - discount + reduction.shipping + on_top)?,
        tax_included: settings.tax_included,
        applied: reduction.applied,
        refused: reduction.refused,
        explanation,
        lines,
    })
}

/// Each thing that made the total.
fn explanation(
    basket: &Basket,
    settings: PriceSettings,
    lines: &[QuoteLine],
    reduction: &Reduction,
    shipping_taxes: &[TaxShare],
) -> Result<Vec<Explained>, Invalid> {
    let entry = |kind, name: &str, amount| Explained { kind, name: name.to_owned(), amount, included: false };
    let mut all = Vec::new();
    for (line, of) in lines.iter().zip(&basket.lines) {
        all.push(entry(ExplainedKind::Line, &of.name, line.subtotal));
    }
    if let Some(shipping) = &basket.shipping {
        all.push(entry(ExplainedKind::Shipping, &shipping.name, shipping.price));
    }
    for applied in &reduction.applied {
        let amount = Money::from_minor(-applied.amount.minor());
        all.push(entry(ExplainedKind::Discount, &applied.name, amount));
    }
    let mut by_rate = BTreeMap::new();
    for share in lines.iter().flat_map(|l| &l.taxes).chain(shipping_taxes) {
        by_rate.entry(share.rate_id).or_insert((&share.name, 0)).1 += i128::from(share.amount.minor());
    }
    for (name, amount) in by_rate.into_values() {
        let included = settings.tax_included;
        all.push(Explained { included, ..entry(ExplainedKind::Tax, name, money(amount)?) });
    }
    Ok(all)
}

fn sum(taxes: &[TaxShare]) -> i128 {
    taxes.iter().map(|t| i128::from(t.amount.minor())).sum()
}

fn money(amount: i128) -> Result<Money, Invalid> {
    let fits = i64::try_from(amount).ok().filter(|a| *a <= MAX_MINOR);
    fits.map(Money::from_minor).ok_or_else(too_large)
}

fn too_large() -> Invalid {
    Invalid::one("", "too_large", "comes to more than the shop can handle in one order; place several smaller ones")
}
