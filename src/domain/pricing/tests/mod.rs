//! Worked examples.

mod properties;

use super::*;
use crate::domain::money::MAX_MINOR;
use crate::domain::{CategoryId, DiscountId, Money, ProductId, TaxRateId, Timestamp, VariantId};
use properties::holds;

/// The moment of all of it.
fn now() -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000)
}

fn line(key: i64, price: i64, quantity: i64) -> BasketLine {
    BasketLine {
        key,
        variant: VariantId::new(key),
        product: ProductId::new(key),
        name: format!("Product {key}"),
        categories: Vec::new(),
        tags: Vec::new(),
        tax_class: STANDARD.to_owned(),
        unit_price: Money::from_minor(price),
        quantity,
        weight_grams: None,
    }
}

fn basket(lines: Vec<BasketLine>) -> Basket {
    Basket { lines, place: Place::new("DE", Some("Bayern")), ..Basket::default() }
}

fn shipped(lines: Vec<BasketLine>, price: i64) -> Basket {
    let option = ShippingOption { price: Money::from_minor(price), ..ShippingOption::built_in() };
    Basket { shipping: Some(option), ..basket(lines) }
}

fn rate(id: i64, country: &str, region: &str, class: &str, rate_ppm: i64) -> TaxRate {
    TaxRate {
        id: TaxRateId::new(id),
        draft: TaxRateDraft {
            name: format!("Tax {id}"),
            country: country.to_owned(),
            region: region.to_owned(),
            tax_class: class.to_owned(),
            rate_ppm,
        },
        version: 1,
        created_at: now(),
        updated_at: now(),
    }
}

fn vat(percent: i64) -> Vec<TaxRate> {
    vec![rate(1, "DE", "", STANDARD, percent * 10_000)]
}

fn discount(id: i64, kind: DiscountKind) -> Discount {
    Discount {
        id: DiscountId::new(id),
        draft: DiscountDraft {
            name: format!("Discount {id}"),
            code: None,
            kind,
            products: Vec::new(),
            categories: Vec::new(),
            tags: Vec::new(),
            min_subtotal: None,
            min_quantity: None,
            starts_at: None,
            ends_at: None,
            usage_limit: None,
            per_customer_limit: None,
            combinable: true,
            priority: 0,
            active: true,
        },
        uses: 0,
        version: 1,
        created_at: now(),
        updated_at: now(),
    }
}

fn percent(id: i64, percent: i64) -> Discount {
    discount(id, DiscountKind::Percent { rate_ppm: percent * 10_000 })
}

fn fixed(id: i64, amount: i64) -> Discount {
    discount(id, DiscountKind::Fixed { amount: Money::from_minor(amount) })
}

fn with(discount: Discount, change: impl FnOnce(&mut DiscountDraft)) -> Discount {
    let mut changed = discount;
    change(&mut changed.draft);
    changed
}

fn coded(discount: Discount) -> Discount {
    with(discount, |d| d.code = Some("SAVE".to_owned()))
}

fn settings(tax_included: bool, rounding: Rounding) -> PriceSettings {
    PriceSettings { tax_included, rounding }
}

const ON_TOP: PriceSettings = PriceSettings { tax_included: false, rounding: Rounding::Line };
const INCLUDED: PriceSettings = PriceSettings { tax_included: true, rounding: Rounding::Line };

fn quote(basket: &Basket, tax_rates: Vec<TaxRate>, discounts: Vec<Discount>, settings: PriceSettings) -> Quote {
    let code = discounts.iter().find_map(|d| d.draft.code.clone()).map(|code| code.to_lowercase());
    let rules = Rules { tax_rates, discounts, code, used_by_customer: Vec::new() };
    price(basket, &rules, settings, now()).unwrap()
}

fn minors(quote: &Quote, of: impl Fn(&QuoteLine) -> Money) -> Vec<i64> {
    quote.lines.iter().map(|l| of(l).minor()).collect()
}

#[test]
fn tax_is_added_to_prices_that_exclude_it() {
    let quote = quote(&basket(vec![line(1, 999, 3)]), vat(19), Vec::new(), ON_TOP);
    assert_eq!((quote.subtotal.minor(), quote.tax_total.minor(), quote.total.minor()), (2_997, 569, 3_566));
    assert_eq!(quote.lines[0].taxes[0].rate_ppm, 190_000);
}

#[test]
fn tax_is_found_in_prices_that_include_it() {
    for (price, percent, tax) in [(11_900, 19, 1_900), (999, 20, 167), (1_000, 7, 65), (1, 19, 0), (1_999, 10, 182)] {
        let quote = quote(&basket(vec![line(1, price, 1)]), vat(percent), Vec::new(), INCLUDED);
        assert_eq!((quote.tax_total.minor(), quote.total.minor()), (tax, price), "{price} with {percent}%");
    }
}

#[test]
fn rounding_at_units_lines_and_the_order_differ() {
    let rates = vec![rate(1, "*", "", STANDARD, 77_000)];
    let goods = basket(vec![line(1, 99, 3), line(2, 99, 3), line(3, 99, 3)]);
    for (rounding, taxes) in
        [(Rounding::Unit, [24, 24, 24]), (Rounding::Line, [23, 23, 23]), (Rounding::Order, [23, 23, 23])]
    {
        let quote = quote(&goods, rates.clone(), Vec::new(), settings(false, rounding));
        assert_eq!(minors(&quote, |l| l.tax), taxes, "{rounding:?}");
    }
    // 10 lines of 0.10 at 5%: half a cent each.
    let goods = basket((1..=10).map(|key| line(key, 10, 1)).collect());
    let tax = |rounding| quote(&goods, vat(5), Vec::new(), settings(false, rounding)).tax_total.minor();
    assert_eq!([tax(Rounding::Unit), tax(Rounding::Line), tax(Rounding::Order)], [10, 10, 5]);
}

#[test]
fn rates_of_a_place_add_up_and_share_the_tax() {
    let rates = vec![
        rate(1, "CA", "", STANDARD, 50_000),
        rate(2, "CA", "qc", STANDARD, 99_750),
        rate(3, "CA", "ON", STANDARD, 80_000),
        rate(4, "CA", "", "books", 10_000),
        rate(5, "US", "", STANDARD, 70_000),
    ];
    let goods = Basket { place: Place::new("ca", Some(" QC ")), ..basket(vec![line(1, 10_000, 1)]) };
    let priced = quote(&goods, rates, Vec::new(), ON_TOP);
    let shares: Vec<(i64, i64)> = priced.lines[0].taxes.iter().map(|t| (t.rate_id.get(), t.amount.minor())).collect();
    // 14.975% of 100.00 is 14.98 when rounded; the parts are 5.00 and 9.975.
    assert_eq!(shares, [(1, 500), (2, 998)]);
    assert_eq!(priced.total.minor(), 11_498);
}

#[test]
fn classes_shipping_and_exemption_decide_about_tax() {
    let rates = vec![rate(1, "DE", "", STANDARD, 190_000), rate(2, "DE", "", "reduced", 70_000)];
    let book = BasketLine { tax_class: "reduced".to_owned(), ..line(2, 1_000, 1) };
    let free = BasketLine { tax_class: "exempt".to_owned(), ..line(3, 1_000, 1) };
    let goods = shipped(vec![line(1, 1_000, 1), book, free], 500);
    let priced = quote(&goods, rates.clone(), Vec::new(), ON_TOP);
    assert_eq!(minors(&priced, |l| l.tax), [190, 70, 0]);
    assert_eq!((priced.shipping_tax.minor(), priced.tax_total.minor(), priced.total.minor()), (95, 355, 3_855));
    let exempt = Basket { tax_exempt: true, ..goods.clone() };
    let priced = quote(&exempt, rates.clone(), Vec::new(), ON_TOP);
    assert_eq!((priced.tax_total.minor(), priced.total.minor()), (0, 3_500));
    let elsewhere = Basket { place: Place::default(), ..goods };
    assert_eq!(quote(&elsewhere, rates, Vec::new(), ON_TOP).tax_total.minor(), 0);
}

#[test]
fn discount_is_spread_over_what_it_is_for_by_largest_remainder() {
    let goods = basket(vec![line(1, 1_000, 1), line(2, 1_000, 1), line(3, 1_000, 1)]);
    let priced = quote(&goods, Vec::new(), vec![fixed(1, 1_000)], ON_TOP);
    assert_eq!(minors(&priced, |l| l.discount), [334, 333, 333]);
    let only_two = with(percent(1, 15), |d| d.products = vec![ProductId::new(2), ProductId::new(3)]);
    let priced = quote(&goods, Vec::new(), vec![only_two], ON_TOP);
    assert_eq!(minors(&priced, |l| l.discount), [0, 150, 150]);
    let beyond = quote(&goods, vat(19), vec![fixed(1, 999_999)], ON_TOP);
    assert_eq!((beyond.discount_total.minor(), beyond.total.minor()), (3_000, 0));
}

#[test]
fn scope_is_products_categories_with_what_is_below_and_tags() {
    let mug = BasketLine { categories: vec![CategoryId::new(7), CategoryId::new(1)], ..line(1, 1_000, 1) };
    let card = BasketLine { tags: vec!["Gift".to_owned()], ..line(2, 1_000, 1) };
    let goods = basket(vec![mug, card, line(3, 1_000, 1)]);
    let off = |change: fn(&mut DiscountDraft)| {
        minors(&quote(&goods, Vec::new(), vec![with(percent(1, 10), change)], ON_TOP), |l| l.discount)
    };
    assert_eq!(off(|_| {}), [100, 100, 100]);
    assert_eq!(off(|d| d.categories = vec![CategoryId::new(1)]), [100, 0, 0]);
    assert_eq!(off(|d| d.tags = vec!["gift".to_owned()]), [0, 100, 0]);
    assert_eq!(
        off(|d| {
            d.tags = vec!["gift".to_owned()];
            d.products = vec![ProductId::new(3)];
        }),
        [0, 100, 100]
    );
}

#[test]
fn three_for_two_gives_the_cheapest_of_each_three() {
    let two_and_one = |rate_ppm| discount(1, DiscountKind::BuyXGetY { buy: 2, get: 1, rate_ppm });
    let off = |lines: Vec<BasketLine>, rate_ppm| {
        minors(&quote(&basket(lines), Vec::new(), vec![two_and_one(rate_ppm)], ON_TOP), |l| l.discount)
    };
    assert_eq!(off(vec![line(1, 1_000, 1), line(2, 2_000, 1), line(3, 1_500, 1)], 1_000_000), [1_000, 0, 0]);
    // 30 30 20 | 20 20 10: the last of each three.
    assert_eq!(off(vec![line(1, 3_000, 2), line(2, 2_000, 3), line(3, 1_000, 1)], 1_000_000), [0, 2_000, 1_000]);
    assert_eq!(off(vec![line(1, 999, 7)], 1_000_000), [1_998]);
    assert_eq!(off(vec![line(1, 999, 3)], 500_000), [500]);
    assert_eq!(off(vec![line(1, 999, 2)], 1_000_000), [0]);
}

#[test]
fn combinable_discounts_follow_each_other_and_others_stand_alone() {
    let goods = basket(vec![line(1, 10_000, 1)]);
    let total = |discounts| quote(&goods, Vec::new(), discounts, ON_TOP).total.minor();
    // By priority, then id: each takes off what is left.
    assert_eq!(total(vec![percent(2, 10), fixed(1, 1_000)]), 8_100);
    assert_eq!(total(vec![with(percent(2, 10), |d| d.priority = -1), fixed(1, 1_000)]), 8_000);
    let alone = |discount| with(discount, |d| d.combinable = false);
    assert_eq!(total(vec![percent(1, 10), percent(2, 10), alone(percent(3, 15))]), 8_100);
    assert_eq!(total(vec![percent(1, 10), percent(2, 10), alone(percent(3, 20))]), 8_000);
    assert_eq!(total(vec![alone(percent(1, 10)), alone(percent(2, 30))]), 7_000);
}

#[test]
fn code_wins_a_tie_and_says_why_it_does_nothing() {
    let goods = basket(vec![line(1, 10_000, 2)]);
    let alone = |discount| with(discount, |d| d.combinable = false);
    let tie = quote(&goods, Vec::new(), vec![alone(percent(1, 10)), coded(alone(percent(2, 10)))], ON_TOP);
    assert_eq!((tie.applied[0].discount.get(), tie.refused), (2, None));
    let refusal = |discount| quote(&goods, Vec::new(), vec![percent(9, 50), coded(discount)], ON_TOP).refused;
    let later = Timestamp::from_millis(now().millis() + 1);
    let worse = alone(percent(1, 10));
    for (discount, expected) in [
        (percent(1, 10), None),
        (worse, Some(Refusal::OthersAreBetter)),
        (with(percent(1, 10), |d| d.active = false), Some(Refusal::Unknown)),
        (with(percent(1, 10), |d| d.starts_at = Some(now())), None),
        (with(percent(1, 10), |d| d.starts_at = Some(later)), Some(Refusal::NotStarted)),
        (with(percent(1, 10), |d| d.ends_at = Some(now())), Some(Refusal::Expired)),
        (with(percent(1, 10), |d| d.ends_at = Some(later)), None),
        (Discount { uses: 5, ..with(percent(1, 10), |d| d.usage_limit = Some(5)) }, Some(Refusal::UsedUp)),
        (with(percent(1, 10), |d| d.products = vec![ProductId::new(8)]), Some(Refusal::NotInScope)),
        (with(percent(1, 10), |d| d.min_subtotal = Some(Money::from_minor(20_000))), None),
        (with(percent(1, 10), |d| d.min_subtotal = Some(Money::from_minor(20_001))), Some(Refusal::BelowSubtotal)),
        (with(percent(1, 10), |d| d.min_quantity = Some(2)), None),
        (with(percent(1, 10), |d| d.min_quantity = Some(3)), Some(Refusal::BelowQuantity)),
        (discount(1, DiscountKind::BuyXGetY { buy: 2, get: 1, rate_ppm: 1_000_000 }), Some(Refusal::NothingToTakeOff)),
    ] {
        let shown = format!("{discount:?}");
        assert_eq!(refusal(discount), expected, "{shown}");
    }
    let used = Rules {
        discounts: vec![coded(percent(1, 10))],
        code: Some(" save ".to_owned()),
        used_by_customer: vec![DiscountId::new(1)],
        ..Rules::default()
    };
    assert_eq!(price(&goods, &used, ON_TOP, now()).unwrap().refused, Some(Refusal::UsedByCustomer));
    let unknown = Rules { code: Some("NOPE".to_owned()), ..used };
    assert_eq!(price(&goods, &unknown, ON_TOP, now()).unwrap().refused, Some(Refusal::Unknown));
}

#[test]
fn code_is_refused_as_worse_or_as_useless_by_what_others_did() {
    let goods = basket(vec![line(1, 10_000, 1)]);
    let all_off = quote(&goods, Vec::new(), vec![percent(1, 100), coded(percent(2, 10))], ON_TOP);
    assert_eq!((all_off.total.minor(), all_off.refused), (0, Some(Refusal::NothingToTakeOff)));
    let better = with(percent(1, 50), |d| d.combinable = false);
    let worse = quote(&goods, Vec::new(), vec![better, coded(percent(2, 10))], ON_TOP);
    assert_eq!((worse.total.minor(), worse.refused), (5_000, Some(Refusal::OthersAreBetter)));
}

#[test]
fn free_shipping_takes_off_the_shipping_and_not_the_goods() {
    let free = || coded(discount(1, DiscountKind::FreeShipping));
    let priced = quote(&shipped(vec![line(1, 1_000, 1)], 490), vat(19), vec![free()], ON_TOP);
    let totals = (priced.discount_total.minor(), priced.shipping_total.minor(), priced.shipping_tax.minor());
    assert_eq!(totals, (0, 0, 0));
    assert_eq!((priced.applied[0].amount.minor(), priced.total.minor()), (490, 1_190));
    let amounts: Vec<(ExplainedKind, i64)> = priced.explanation.iter().map(|e| (e.kind, e.amount.minor())).collect();
    let expected = [
        (ExplainedKind::Line, 1_000),
        (ExplainedKind::Shipping, 490),
        (ExplainedKind::Discount, -490),
        (ExplainedKind::Tax, 190),
    ];
    assert_eq!(amounts, expected);
    // Before shipping is chosen the code is good and takes off nothing yet.
    let unchosen = quote(&basket(vec![line(1, 1_000, 1)]), Vec::new(), vec![free()], ON_TOP);
    assert_eq!((unchosen.refused, unchosen.applied[0].amount.minor()), (None, 0));
    let free_anyway = quote(&shipped(vec![line(1, 1_000, 1)], 0), Vec::new(), vec![free()], ON_TOP);
    assert_eq!(free_anyway.refused, Some(Refusal::NothingToTakeOff));
}

#[test]
fn shipping_options_go_by_weight_value_and_threshold() {
    let step = |upto, price| Step { upto, price: Money::from_minor(price) };
    let way = |id, kind, steps: &[Step], free_from: Option<i64>| ShippingRate {
        id: crate::domain::ShippingRateId::new(id),
        draft: ShippingRateDraft {
            name: format!("Way {id}"),
            kind,
            price: Money::from_minor(500),
            steps: steps.to_vec(),
            free_from: free_from.map(Money::from_minor),
            tax_class: STANDARD.to_owned(),
        },
    };
    let rules = ShippingRules::Rates(vec![
        way(1, ShippingKind::Flat, &[], Some(5_000)),
        way(2, ShippingKind::Weight, &[step(Some(1_000), 300), step(Some(5_000), 700)], None),
        way(3, ShippingKind::Subtotal, &[step(Some(4_999), 400), step(None, 100)], None),
        way(4, ShippingKind::Pickup, &[], Some(0)),
    ]);
    let prices = |price, quantity, grams| {
        let goods = basket(vec![BasketLine { weight_grams: Some(grams), ..line(1, price, quantity) }]);
        let options = rules.options(&goods);
        options.iter().map(|o| format!("{}:{}", o.id, o.price.minor())).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(prices(1_000, 2, 500), "1:500 2:300 3:400 4:0");
    assert_eq!(prices(1_000, 2, 501), "1:500 2:700 3:400 4:0");
    assert_eq!(prices(4_999, 1, 5_001), "1:500 3:400 4:0");
    assert_eq!(prices(2_500, 2, 0), "1:0 2:300 3:100 4:0");
    assert_eq!(ShippingRules::BuiltIn.options(&Basket::default()), [ShippingOption::built_in()]);
    assert!(ShippingRules::Rates(Vec::new()).options(&Basket::default()).is_empty());
}

#[test]
fn what_cannot_be_counted_is_refused_and_what_can_be_is_exact() {
    let rules = |rates| Rules { tax_rates: rates, discounts: vec![percent(1, 33)], ..Rules::default() };
    let none = || rules(Vec::new());
    let refused = |basket: &Basket, rules: &Rules| price(basket, rules, ON_TOP, now()).unwrap_err().0[0].code;
    assert_eq!(refused(&basket(vec![line(1, MAX_MINOR, 2)]), &none()), "too_large");
    assert_eq!(refused(&shipped(vec![line(1, MAX_MINOR, 1)], MAX_MINOR), &none()), "too_large");
    assert_eq!(refused(&basket((1..=501).map(|k| line(k, 1, 1)).collect()), &none()), "too_many");
    for (price, quantity) in [(1, 0), (1, -1), (1, 1_000), (-1, 1), (MAX_MINOR + 1, 1)] {
        assert_eq!(refused(&basket(vec![line(1, price, quantity)]), &none()), "out_of_range", "{price} {quantity}");
    }
    let taxed = rules((1..=200).map(|id| rate(id, "*", "", STANDARD, 1_000_000)).collect());
    assert_eq!(refused(&basket(vec![line(1, MAX_MINOR, 1)]), &taxed), "too_large");
    // As much as there can be: 500 lines of 999, just below the limit, with tax inside.
    let most = MAX_MINOR / 500 / 999;
    let goods = basket((1..=500).map(|key| line(key, most, 999)).collect());
    for rounding in [Rounding::Unit, Rounding::Line, Rounding::Order] {
        let rates = (1..=50).map(|id| rate(id, "*", "", STANDARD, 1_000_000 / id)).collect();
        let priced = price(&goods, &rules(rates), settings(true, rounding), now()).unwrap();
        holds(&goods, &priced);
    }
}
