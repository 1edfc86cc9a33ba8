//! Which discounts apply to a basket, and what they take off.
//!
//! Those that are combinable apply together, one after the other by priority and then id, each to what the ones before
//! it have left. One that is not combinable applies alone. Of all the combinable ones together and each other one alone,
//! the buyer gets what takes off most; among equals the one with the buyer's code, then the combinable ones, then the
//! first by priority and id.

use super::{Applied, BasketLine, Discount, DiscountKind, Refusal, Rules, allocate, half_up};
use crate::domain::{Money, Timestamp};

/// A whole in parts per million.
const WHOLE: i128 = 1_000_000;

/// What the discounts took off.
#[derive(Clone, Debug, Default)]
pub(super) struct Reduction {
    /// What is left to pay of each line.
    pub left: Vec<i128>,
    /// What is left to pay of the shipping.
    pub shipping: i128,
    /// Which discounts took off how much.
    pub applied: Vec<Applied>,
    /// Why the code takes nothing off.
    pub refused: Option<Refusal>,
}

/// What is to be reduced: lines, their full prices, and the price of shipping once it is chosen.
pub(super) struct Goods<'a> {
    /// The lines in the order of their keys.
    pub lines: &'a [&'a BasketLine],
    /// Unit price times quantity of each.
    pub full: &'a [i128],
    /// What shipping costs.
    pub shipping: Option<i128>,
}

impl Goods<'_> {
    /// Applies what is best for the buyer.
    pub(super) fn reduce(&self, rules: &Rules, now: Timestamp) -> Reduction {
        let (coded, mut refused) = self.by_code(rules, now);
        let automatic = rules.discounts.iter().filter(|d| d.draft.code.is_none() && usable(d, rules, now).is_ok());
        let mut usable: Vec<&Discount> = automatic.chain(coded).collect();
        usable.sort_by_key(|d| (d.draft.priority, d.id));
        let (together, alone): (Vec<&Discount>, Vec<&Discount>) = usable.into_iter().partition(|d| d.draft.combinable);
        let choices = std::iter::once(together).chain(alone.into_iter().map(|d| vec![d]));
        let has_code = |r: &Reduction| coded.is_some_and(|c| r.applied.iter().any(|a| a.discount == c.id));
        let mut best = self.untouched();
        for (at, choice) in choices.enumerate() {
            let reduction = self.apply_all(&choice);
            let rank = |r: &Reduction| (self.taken_off(r), has_code(r));
            if at == 0 || rank(&reduction) > rank(&best) {
                best = reduction;
            }
        }
        if let Some(code) = coded
            && !has_code(&best)
        {
            refused = Some(match self.apply(code, &mut self.untouched()) {
                Err(refusal) => refusal,
                Ok(_) if code.draft.combinable && best.applied.len() != 1 => Refusal::NothingToTakeOff,
                Ok(_) => Refusal::OthersAreBetter,
            });
        }
        Reduction { refused, ..best }
    }

    /// The discount that the buyer's code names, or why there is none.
    fn by_code<'r>(&self, rules: &'r Rules, now: Timestamp) -> (Option<&'r Discount>, Option<Refusal>) {
        let Some(code) = &rules.code else { return (None, None) };
        let named = |d: &&Discount| d.draft.code.as_ref().is_some_and(|c| c.eq_ignore_ascii_case(code.trim()));
        let found = rules.discounts.iter().find(named).ok_or(Refusal::Unknown);
        match found.and_then(|d| usable(d, rules, now).map(|()| d)) {
            Ok(discount) => (Some(discount), None),
            Err(refusal) => (None, Some(refusal)),
        }
    }

    fn untouched(&self) -> Reduction {
        Reduction { left: self.full.to_vec(), shipping: self.shipping.unwrap_or(0), ..Reduction::default() }
    }

    fn taken_off(&self, reduction: &Reduction) -> i128 {
        let lines: i128 = self.full.iter().sum::<i128>() - reduction.left.iter().sum::<i128>();
        lines + self.shipping.unwrap_or(0) - reduction.shipping
    }

    fn apply_all(&self, discounts: &[&Discount]) -> Reduction {
        let mut reduction = self.untouched();
        for discount in discounts {
            if let Ok(amount) = self.apply(discount, &mut reduction) {
                reduction.applied.push(Applied {
                    discount: discount.id,
                    name: discount.draft.name.clone(),
                    code: discount.draft.code.clone(),
                    amount: Money::from_minor(i64::try_from(amount).unwrap_or(i64::MAX)),
                });
            }
        }
        reduction
    }

    /// Takes off what a discount takes off of what is left, and tells how much that is.
    fn apply(&self, discount: &Discount, reduction: &mut Reduction) -> Result<i128, Refusal> {
        let scope = self.scope(discount)?;
        let left: Vec<i128> = scope.iter().map(|&i| reduction.left[i]).collect();
        let sum: i128 = left.iter().sum();
        let parts = match discount.draft.kind {
            DiscountKind::Percent { rate_ppm } => allocate(half_up(sum * i128::from(rate_ppm), WHOLE), &left),
            DiscountKind::Fixed { amount } => allocate(i128::from(amount.minor()).min(sum), &left),
            DiscountKind::BuyXGetY { buy, get, rate_ppm } => {
                self.cheapest(&scope, &left, (buy.into(), get.into()), rate_ppm.into())
            }
            DiscountKind::FreeShipping => {
                let off = std::mem::take(&mut reduction.shipping);
                return if off == 0 && self.shipping.is_some() { Err(Refusal::NothingToTakeOff) } else { Ok(off) };
            }
        };
        for (&i, part) in scope.iter().zip(&parts) {
            reduction.left[i] -= part;
        }
        let off = parts.iter().sum();
        if off == 0 { Err(Refusal::NothingToTakeOff) } else { Ok(off) }
    }

    /// The lines a discount is for, when there is enough of them.
    fn scope(&self, discount: &Discount) -> Result<Vec<usize>, Refusal> {
        let draft = &discount.draft;
        let scope: Vec<usize> = (0..self.lines.len()).filter(|&i| draft.covers(self.lines[i])).collect();
        let value: i128 = scope.iter().map(|&i| self.full[i]).sum();
        let units: i64 = scope.iter().map(|&i| self.lines[i].quantity).sum();
        if scope.is_empty() {
            Err(Refusal::NotInScope)
        } else if draft.min_subtotal.is_some_and(|least| value < i128::from(least.minor())) {
            Err(Refusal::BelowSubtotal)
        } else if draft.min_quantity.is_some_and(|least| units < least) {
            Err(Refusal::BelowQuantity)
        } else {
            Ok(scope)
        }
    }

    /// What is taken off each line in scope when, of each `buy + get` units, dearest first, the `get` cheapest cost less.
    fn cheapest(&self, scope: &[usize], left: &[i128], (buy, get): (i128, i128), rate: i128) -> Vec<i128> {
        let mut order: Vec<usize> = (0..scope.len()).collect();
        order.sort_by_key(|&i| std::cmp::Reverse(self.lines[scope[i]].unit_price));
        let quantity = |i: usize| i128::from(self.lines[scope[i]].quantity);
        let units: i128 = order.iter().map(|&i| quantity(i)).sum();
        let set = (buy + get).max(1);
        let whole_sets = units / set * set;
        let reduced_among_first = |n: i128| {
            let n = n.min(whole_sets);
            n / set * get + (n % set - buy).max(0)
        };
        let mut parts = vec![0; scope.len()];
        let mut before = 0;
        for i in order {
            let after = before + quantity(i);
            let reduced = reduced_among_first(after) - reduced_among_first(before);
            parts[i] = half_up(left[i] * reduced * rate, quantity(i) * WHOLE);
            before = after;
        }
        parts
    }
}

/// Whether a discount can be used now and by this buyer, whatever is in the basket.
fn usable(discount: &Discount, rules: &Rules, now: Timestamp) -> Result<(), Refusal> {
    match discount.refusal(now) {
        Some(refusal) => Err(refusal),
        None if rules.used_by_customer.contains(&discount.id) => Err(Refusal::UsedByCustomer),
        None => Ok(()),
    }
}
