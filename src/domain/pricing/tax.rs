//! The tax on a basket. All rates that match a class of goods in a place are added up, rounded once, half up, at the
//! level the shop has chosen, and split between the rates by largest remainder.

use super::{Place, PriceSettings, Rounding, TaxRate, TaxShare, allocate, half_up};
use crate::domain::Money;

/// A whole in parts per million.
const WHOLE: i128 = 1_000_000;

/// Something that is taxed: a line, or shipping.
pub(super) struct Taxable<'a> {
    /// What is paid for it, discounts taken off.
    pub amount: i128,
    /// Of how many units it is.
    pub quantity: i128,
    /// What kind of goods it is.
    pub class: &'a str,
}

/// The tax of each thing, rate by rate; nothing when it passes `most`.
pub(super) fn taxes(
    things: &[Taxable<'_>],
    rates: &[TaxRate],
    place: &Place,
    settings: PriceSettings,
    most: i128,
) -> Option<Vec<Vec<TaxShare>>> {
    let mut taxes = vec![Vec::new(); things.len()];
    let mut classes: Vec<&str> = things.iter().map(|t| t.class).collect();
    classes.sort_unstable();
    classes.dedup();
    for class in classes {
        let mut rates: Vec<&TaxRate> = rates.iter().filter(|r| r.draft.applies(place, class)).collect();
        rates.sort_by_key(|r| r.id);
        if rates.is_empty() {
            continue;
        }
        let members: Vec<usize> = (0..things.len()).filter(|&i| things[i].class == class).collect();
        let of_class: Vec<&Taxable<'_>> = members.iter().map(|&i| &things[i]).collect();
        let rate: i128 = rates.iter().map(|r| i128::from(r.draft.rate_ppm)).sum();
        let amounts = rounded(&of_class, rate, settings);
        if amounts.iter().sum::<i128>() > most {
            return None;
        }
        for (&i, shares) in members.iter().zip(split(&amounts, &rates, rate)) {
            taxes[i] = shares;
        }
    }
    Some(taxes)
}

/// The tax of each thing of one class.
fn rounded(things: &[&Taxable<'_>], rate: i128, settings: PriceSettings) -> Vec<i128> {
    let whole = if settings.tax_included { WHOLE + rate } else { WHOLE };
    let tax = |amount: i128| half_up(amount * rate, whole);
    match settings.rounding {
        Rounding::Line => things.iter().map(|t| tax(t.amount)).collect(),
        Rounding::Unit => {
            // A discount need not split evenly: some units then cost one minor unit more than the others.
            let line = |t: &&Taxable<'_>| {
                let (unit, dearer) = (t.amount / t.quantity, t.amount % t.quantity);
                (t.quantity - dearer) * tax(unit) + dearer * tax(unit + 1)
            };
            things.iter().map(line).collect()
        }
        Rounding::Order => {
            let amounts: Vec<i128> = things.iter().map(|t| t.amount).collect();
            allocate(tax(amounts.iter().sum()), &amounts)
        }
    }
}

/// Splits the tax of each thing between the rates, so that a rate's sum over all things stays close to its exact part
/// too: each thing makes up for what rounding has withheld from a rate before.
fn split(amounts: &[i128], rates: &[&TaxRate], rate: i128) -> Vec<Vec<TaxShare>> {
    let mut sum = 0;
    let mut given = vec![0_i128; rates.len()];
    let share = |&amount: &i128| {
        sum += amount;
        let owed = |(r, given): (&&TaxRate, &i128)| (sum * i128::from(r.draft.rate_ppm) - given * rate).max(0);
        let weights: Vec<i128> = rates.iter().zip(&given).map(owed).collect();
        let parts = allocate(amount, &weights);
        given.iter_mut().zip(&parts).for_each(|(given, part)| *given += part);
        rates.iter().zip(parts).map(|(r, part)| share_of(r, part)).collect()
    };
    amounts.iter().map(share).collect()
}

fn share_of(rate: &TaxRate, amount: i128) -> TaxShare {
    TaxShare {
        rate_id: rate.id,
        name: rate.draft.name.clone(),
        rate_ppm: rate.draft.rate_ppm,
        amount: Money::from_minor(i64::try_from(amount).unwrap_or(i64::MAX)),
    }
}
