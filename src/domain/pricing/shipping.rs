//! Ways to ship: what a place and a basket are offered.

use super::{Basket, tax_rate::STANDARD};
use crate::domain::{Money, ShippingRateId, ShippingZoneId, Timestamp};
use serde::{Deserialize, Serialize};

/// How the price of a way to ship is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShippingKind {
    /// The same for every basket.
    Flat,
    /// By the weight of the basket.
    Weight,
    /// By the value of the goods.
    Subtotal,
    /// The buyer comes for it.
    Pickup,
}

impl ShippingKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Flat, Self::Weight, Self::Subtotal, Self::Pickup];

    /// Its name in the API and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Flat => "flat",
            Self::Weight => "weight",
            Self::Subtotal => "subtotal",
            Self::Pickup => "pickup",
        }
    }

    /// The kind of a name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A price up to a weight in grams or a value in minor units, both inclusive; without an end for everything above.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Up to what.
    pub upto: Option<i64>,
    /// At which price.
    pub price: Money,
}

/// A way to ship within a zone, as given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShippingRateDraft {
    /// What the buyer reads.
    pub name: String,
    /// How its price is found.
    pub kind: ShippingKind,
    /// The price of a flat rate or a pickup.
    pub price: Money,
    /// The prices by weight or value, rising.
    pub steps: Vec<Step>,
    /// The value of the goods from which it costs nothing.
    pub free_from: Option<Money>,
    /// Which class of goods it is to the tax office.
    pub tax_class: String,
}

/// A way to ship within a zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShippingRate {
    /// Its id.
    pub id: ShippingRateId,
    /// What it says.
    pub draft: ShippingRateDraft,
}

/// A part of the world that is shipped to in the same ways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShippingArea {
    /// ISO 3166-1 alpha-2 code, or `*` for everywhere that no other zone names.
    pub country: String,
    /// A region of the country; empty for all of it that no other zone names.
    pub region: String,
}

/// A shipping zone as given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShippingZoneDraft {
    /// What staff calls it.
    pub name: String,
    /// Where it is.
    pub areas: Vec<ShippingArea>,
    /// The ways to ship there, in the shop's order; one that existed before keeps its id when it is named.
    pub rates: Vec<(Option<ShippingRateId>, ShippingRateDraft)>,
}

/// A shipping zone of the shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShippingZone {
    /// Its id.
    pub id: ShippingZoneId,
    /// What staff calls it.
    pub name: String,
    /// Where it is.
    pub areas: Vec<ShippingArea>,
    /// The ways to ship there.
    pub rates: Vec<ShippingRate>,
    /// Counts its changes.
    pub version: i64,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What a place can be shipped by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShippingRules {
    /// The shop has set up nothing at all, and ships anywhere for nothing.
    BuiltIn,
    /// The ways of the zone the place belongs to, in the shop's order; none when it belongs to no zone.
    Rates(Vec<ShippingRate>),
}

/// A way to ship with its price for one basket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShippingOption {
    /// What the buyer chooses it by.
    pub id: String,
    /// What the buyer reads.
    pub name: String,
    /// What it costs before a discount.
    pub price: Money,
    /// Which class of goods it is to the tax office.
    pub tax_class: String,
}

impl ShippingOption {
    /// What a shop that has set up no zone ships by.
    pub fn built_in() -> Self {
        Self {
            id: "standard".to_owned(),
            name: "Standard shipping".to_owned(),
            price: Money::default(),
            tax_class: STANDARD.to_owned(),
        }
    }
}

impl ShippingRules {
    /// The ways this basket can be shipped by, in the shop's order. Steps and thresholds look at the goods at their
    /// prices before discounts, so that entering a code never makes shipping dearer.
    pub fn options(&self, basket: &Basket) -> Vec<ShippingOption> {
        let Self::Rates(rates) = self else { return vec![ShippingOption::built_in()] };
        let mut weight = 0_i128;
        let mut subtotal = 0_i128;
        for line in &basket.lines {
            weight += i128::from(line.weight_grams.unwrap_or(0)) * i128::from(line.quantity);
            subtotal += i128::from(line.unit_price.minor()) * i128::from(line.quantity);
        }
        let option = |rate: &ShippingRate| {
            Some(ShippingOption {
                id: rate.id.to_string(),
                name: rate.draft.name.clone(),
                price: rate.draft.price_for(weight, subtotal)?,
                tax_class: rate.draft.tax_class.clone(),
            })
        };
        rates.iter().filter_map(option).collect()
    }
}

impl ShippingRateDraft {
    /// What it costs for goods of this weight and value; nothing when it does not take them.
    fn price_for(&self, weight: i128, subtotal: i128) -> Option<Money> {
        let step = |amount: i128| {
            let fits = |s: &&Step| s.upto.is_none_or(|upto| amount <= i128::from(upto));
            self.steps.iter().find(fits).map(|s| s.price)
        };
        let price = match self.kind {
            ShippingKind::Flat | ShippingKind::Pickup => self.price,
            ShippingKind::Weight => step(weight)?,
            ShippingKind::Subtotal => step(subtotal)?,
        };
        let free = self.free_from.is_some_and(|from| subtotal >= i128::from(from.minor()));
        Some(if free { Money::default() } else { price })
    }
}
