//! Rules that hold for every basket.

use super::*;
use proptest::prelude::*;

/// Every equation that a quote must satisfy.
pub(super) fn holds(basket: &Basket, quote: &Quote) {
    let sum = |amounts: &mut dyn Iterator<Item = Money>| amounts.map(Money::minor).sum::<i64>();
    let on_top = |tax: i64| if quote.tax_included { 0 } else { tax };
    for (line, of) in quote.lines.iter().zip(&basket.lines) {
        assert_eq!((line.key, line.unit_price, line.quantity), (of.key, of.unit_price, of.quantity));
        assert_eq!(line.subtotal.minor(), of.unit_price.minor() * of.quantity);
        assert_eq!(line.total.minor(), line.subtotal.minor() - line.discount.minor() + on_top(line.tax.minor()));
        assert!((0..=line.subtotal.minor()).contains(&line.discount.minor()), "{line:?}");
        assert!(line.tax.minor() >= 0 && line.total.minor() >= 0, "{line:?}");
        assert!(!quote.tax_included || line.tax <= line.total, "{line:?}");
        assert_eq!(sum(&mut line.taxes.iter().map(|t| t.amount)), line.tax.minor());
        assert!(line.taxes.iter().all(|t| t.amount.minor() >= 0), "{line:?}");
    }
    assert_eq!(sum(&mut quote.lines.iter().map(|l| l.subtotal)), quote.subtotal.minor());
    assert_eq!(sum(&mut quote.lines.iter().map(|l| l.discount)), quote.discount_total.minor());
    let shipping_tax = sum(&mut quote.shipping_taxes.iter().map(|t| t.amount));
    assert_eq!(shipping_tax, quote.shipping_tax.minor());
    assert_eq!(sum(&mut quote.lines.iter().map(|l| l.tax)) + shipping_tax, quote.tax_total.minor());
    let total = quote.subtotal.minor() - quote.discount_total.minor()
        + quote.shipping_total.minor()
        + on_top(quote.tax_total.minor());
    assert_eq!(total, quote.total.minor());
    assert!(quote.total.minor() >= 0 && quote.shipping_total.minor() >= 0);
    assert!(!quote.tax_included || quote.tax_total <= quote.total);
    let shipping = basket.shipping.as_ref().map_or(0, |s| s.price.minor());
    let off = quote.discount_total.minor() + shipping - quote.shipping_total.minor();
    assert_eq!(sum(&mut quote.applied.iter().map(|a| a.amount)), off);
    let explained = |included| {
        let entries = quote.explanation.iter().filter(move |e| e.included == included);
        entries.map(|e| e.amount.minor()).sum::<i64>()
    };
    assert_eq!(explained(false), total);
    assert_eq!(explained(true), if quote.tax_included { quote.tax_total.minor() } else { 0 });
}

/// Prices as they occur in currencies with no, two and three digits after the point.
fn any_line(key: i64) -> impl Strategy<Value = BasketLine> {
    let price = prop_oneof![Just(0), 1..200_i64, 1..50_000_i64, 1..2_000_000_i64, Just(1_000_000_000)];
    let class = prop_oneof![3 => Just(STANDARD), 1 => Just("reduced"), 1 => Just("none")];
    (price, prop_oneof![1..4_i64, 1..=999_i64], class, 0..4_i64, any::<bool>()).prop_map(
        move |(price, quantity, class, category, gift)| BasketLine {
            categories: vec![CategoryId::new(category)],
            tags: if gift { vec!["gift".to_owned()] } else { Vec::new() },
            tax_class: class.to_owned(),
            ..line(key, price, quantity)
        },
    )
}

fn any_basket() -> impl Strategy<Value = Basket> {
    let lines =
        (0..12_usize).prop_flat_map(|count| (1..=i64::try_from(count).unwrap()).map(any_line).collect::<Vec<_>>());
    (lines, proptest::option::of(0..20_000_i64), any::<bool>()).prop_map(|(lines, shipping, exempt)| {
        let basket = shipping.map_or_else(|| basket(lines.clone()), |price| shipped(lines.clone(), price));
        Basket { tax_exempt: exempt && lines.len() % 5 == 0, ..basket }
    })
}

fn any_discount() -> impl Strategy<Value = Discount> {
    let kind = prop_oneof![
        (0..=1_000_000_i64).prop_map(|rate_ppm| DiscountKind::Percent { rate_ppm }),
        (0..500_000_i64).prop_map(|amount| DiscountKind::Fixed { amount: Money::from_minor(amount) }),
        Just(DiscountKind::FreeShipping),
        (1..4_i64, 1..3_i64, 0..=1_000_000_i64).prop_map(|(buy, get, rate_ppm)| DiscountKind::BuyXGetY {
            buy,
            get,
            rate_ppm
        }),
    ];
    let scope = (proptest::option::of(0..4_i64), any::<bool>(), proptest::option::of(1..100_000_i64));
    (kind, scope, any::<bool>(), -2..3_i64).prop_map(|(kind, (category, gift, least), combinable, priority)| {
        with(discount(0, kind), |d| {
            d.categories = category.map(CategoryId::new).into_iter().collect();
            d.tags = if gift { vec!["GIFT".to_owned()] } else { Vec::new() };
            d.min_subtotal = least.map(Money::from_minor);
            d.combinable = combinable;
            d.priority = priority;
        })
    })
}

fn any_rules() -> impl Strategy<Value = Rules> {
    let rates = prop::collection::vec((0..=300_000_i64, any::<bool>()), 0..4);
    let discounts = prop::collection::vec(any_discount(), 0..4);
    (rates, discounts, any::<bool>()).prop_map(|(rates, discounts, entered)| {
        let rates = rates.into_iter().zip(1..);
        let class = |reduced| if reduced { "reduced" } else { STANDARD };
        let mut discounts: Vec<Discount> =
            discounts.into_iter().zip(1..).map(|(d, id)| Discount { id: DiscountId::new(id), ..d }).collect();
        if let Some(first) = discounts.first_mut().filter(|_| entered) {
            first.draft.code = Some("SAVE".to_owned());
        }
        Rules {
            tax_rates: rates.map(|((ppm, reduced), id)| rate(id, "DE", "", class(reduced), ppm)).collect(),
            discounts,
            code: entered.then(|| "save".to_owned()),
            used_by_customer: Vec::new(),
        }
    })
}

fn any_settings() -> impl Strategy<Value = PriceSettings> {
    let rounding = prop_oneof![Just(Rounding::Unit), Just(Rounding::Line), Just(Rounding::Order)];
    (any::<bool>(), rounding).prop_map(|(tax_included, rounding)| PriceSettings { tax_included, rounding })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_quote_adds_up(basket in any_basket(), rules in any_rules(), settings in any_settings()) {
        holds(&basket, &price(&basket, &rules, settings, now()).unwrap());
    }

    #[test]
    fn the_order_of_lines_and_rules_changes_nothing(
        basket in any_basket(),
        rules in any_rules(),
        settings in any_settings(),
    ) {
        let before = price(&basket, &rules, settings, now()).unwrap();
        let (mut turned, mut rules) = (basket, rules);
        turned.lines.reverse();
        rules.discounts.reverse();
        rules.tax_rates.reverse();
        let mut after = price(&turned, &rules, settings, now()).unwrap();
        after.lines.reverse();
        after.explanation[..turned.lines.len()].reverse();
        prop_assert_eq!(before, after);
    }

    #[test]
    fn tax_is_within_its_rounding_of_what_it_should_be(
        basket in any_basket(),
        rules in any_rules(),
        settings in any_settings(),
    ) {
        let quote = price(&basket, &rules, settings, now()).unwrap();
        let of_class = |class: &str| -> i128 {
            let taxed = rules.tax_rates.iter().filter(|r| r.draft.tax_class == class && !basket.tax_exempt);
            taxed.map(|r| i128::from(r.draft.rate_ppm)).sum()
        };
        let whole = |rate: i128| if settings.tax_included { 1_000_000 + rate } else { 1_000_000 };
        let mut classes = std::collections::BTreeMap::new();
        for (line, of) in quote.lines.iter().zip(&basket.lines) {
            let (rate, net) = (of_class(&of.tax_class), i128::from(line.subtotal.minor() - line.discount.minor()));
            // Twice the error, in fractions of the whole.
            let error = 2 * (i128::from(line.tax.minor()) * whole(rate) - net * rate).abs();
            match settings.rounding {
                Rounding::Line => prop_assert!(error <= whole(rate), "{line:?}"),
                Rounding::Unit => prop_assert!(error <= whole(rate) * i128::from(line.quantity), "{line:?}"),
                Rounding::Order => prop_assert!(error < 3 * whole(rate), "{line:?}"),
            }
            let entry = classes.entry(of.tax_class.as_str()).or_insert((0, 0));
            *entry = (entry.0 + net, entry.1 + i128::from(line.tax.minor()));
        }
        if let Some(shipping) = &basket.shipping {
            let entry = classes.entry(shipping.tax_class.as_str()).or_insert((0, 0));
            *entry = (entry.0 + i128::from(quote.shipping_total.minor()), entry.1 + i128::from(quote.shipping_tax.minor()));
        }
        for (class, (net, tax)) in classes.into_iter().filter(|_| settings.rounding == Rounding::Order) {
            let rate = of_class(class);
            prop_assert!(2 * (tax * whole(rate) - net * rate).abs() <= whole(rate), "{class}: {net} {tax}");
        }
        // Each rate has its part of the tax, however the tax was split between lines.
        let all = || quote.lines.iter().flat_map(|l| &l.taxes).chain(&quote.shipping_taxes);
        for rate in &rules.tax_rates {
            let of_rates = of_class(&rate.draft.tax_class);
            let same_class = |t: &&TaxShare| {
                rules.tax_rates.iter().any(|r| r.id == t.rate_id && r.draft.tax_class == rate.draft.tax_class)
            };
            let class_tax: i128 = all().filter(same_class).map(|t| i128::from(t.amount.minor())).sum();
            let own: i128 = all().filter(|t| t.rate_id == rate.id).map(|t| i128::from(t.amount.minor())).sum();
            let error = (own * of_rates - class_tax * i128::from(rate.draft.rate_ppm)).abs();
            prop_assert!(error <= 2 * of_rates, "{rate:?}: {own} of {class_tax}");
        }
    }

    #[test]
    fn one_more_discount_that_combines_with_none_never_makes_it_dearer(
        basket in any_basket(),
        rules in any_rules(),
        more in any_discount(),
    ) {
        let off = |rules: &Rules| {
            let quote = price(&basket, rules, ON_TOP, now()).unwrap();
            quote.applied.iter().map(|a| a.amount.minor()).sum::<i64>()
        };
        let before = off(&rules);
        let mut rules = rules;
        let more = with(Discount { id: DiscountId::new(9), ..more }, |d| d.combinable = false);
        rules.discounts.push(more);
        prop_assert!(off(&rules) >= before);
    }
}
