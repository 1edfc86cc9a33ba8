//! Files of other shops, each from its fixture.

use super::{counts, fixture, shop};
use crate::domain::catalog::Status;
use crate::domain::stock::StockPolicy;
use serde_json::json;

#[test]
fn shopify_legacy_keeps_variants_pictures_and_html() {
    let bench = shop();
    let report = bench.skipping(fixture("shopify_legacy.csv"));
    assert_eq!((report.format, counts(&report)), ("shopify", [3, 0, 0, 1]));
    assert_eq!(report.errors[0].name, "No Price");
    assert!(report.errors[0].reason.contains("price is required"), "{}", report.errors[0].reason);
    let apron = bench.by_sku("AP-INK");
    assert_eq!(apron.slug.as_str(), "linen-apron");
    assert_eq!(apron.description, "<p>Washed linen, two pockets.\n<strong>\"One size\"</strong></p>");
    assert_eq!(apron.tags.value(), ["linen", "gift"]);
    let [sand, ink] = apron.variants.as_slice() else { panic!("{:?}", apron.variants) };
    assert_eq!((sand.title.as_str(), sand.stock, sand.barcode.as_deref()), ("Sand", 12, Some("0401234500017")));
    assert_eq!((ink.stock, ink.weight_grams, ink.compare_at_price), (0, Some(310), None));
    let urls: Vec<String> = apron.images.value().into_iter().map(|i| i.url).collect();
    assert_eq!(urls[1], "https://img.example.test/apron%20ink.jpg");
    assert_eq!(urls.len(), 3);
    let calendar = bench.by_sku("CAL-24");
    assert_eq!(
        (calendar.slug.as_str(), calendar.status, calendar.category.name.as_str()),
        ("item-2024", Status::Draft, "shoes")
    );
    let tea = bench.by_sku("TEA-500");
    assert_eq!((tea.name.as_str(), tea.status), ("Grüner Tee „Frühling“ 緑茶", Status::Archived));
    assert_eq!(tea.variants[1].title, "500 g / Bag");
    bench.well();
}

#[test]
fn shopify_2024_and_template_are_read_too() {
    let bench = shop();
    let report = bench.plain(fixture("shopify_2024.csv"));
    assert_eq!((report.format, counts(&report)), ("shopify", [3, 0, 0, 0]), "{:?}", report.errors);
    assert_eq!(bench.by_sku("CAP-LX").category.name, "Hats");
    assert_eq!(bench.by_sku("SOCK-G").status, Status::Draft);
    let report = bench.plain(fixture("shopify_template.csv"));
    assert_eq!((report.format, counts(&report)), ("shopify", [3, 0, 0, 0]), "{:?}", report.errors);
    let board = bench.by_sku("OAK-L");
    assert_eq!(
        (board.price.minor(), board.price_max.minor(), board.stock, board.images.value().len()),
        (2900, 4900, 12, 2)
    );
    let towel = bench.by_sku("TOWEL");
    assert_eq!((towel.stock, towel.in_stock, towel.variants[0].stock_policy), (0, true, StockPolicy::Untracked));
    assert!(board.variants.iter().all(|variant| variant.stock_policy == StockPolicy::Deny));
    for name in ["shopify_2024.csv", "shopify_template.csv"] {
        let again = bench.plain(fixture(name));
        assert_eq!(counts(&again), [0, 0, 3, 0], "{name}");
    }
    bench.well();
}

#[test]
fn woocommerce_joins_variations_to_their_parents() {
    let bench = shop();
    let report = bench.skipping(fixture("woocommerce.csv"));
    assert_eq!((report.format, counts(&report)), ("woocommerce", [5, 0, 0, 1]), "{:?}", report.errors);
    assert!(report.errors[0].reason.contains("id:999"));
    let shirt = bench.by_sku("WT-G");
    assert_eq!(shirt.category.name, "Shirts");
    assert_eq!(shirt.description, "A shirt.\n\nTwo pockets,\nthree buttons \"horn\".");
    assert_eq!(shirt.options.value().len(), 1);
    assert_eq!(shirt.attributes.value()["Fit"], json!(["Regular", "Slim"]));
    let green = &shirt.variants[1];
    assert_eq!(
        (green.title.as_str(), green.price.minor(), green.compare_at_price.map(|m| m.minor())),
        ("Grün", 3500, Some(4000))
    );
    let mug = bench.by_sku("MUG");
    assert_eq!((mug.price.minor(), mug.variants[0].weight_grams, mug.stock), (850, Some(350), 9));
    assert_eq!(mug.description, "=not a formula");
    let old = bench.by_sku("OLD");
    assert_eq!((old.price.minor(), old.stock), (2000, 0), "an offer that has ended is no offer");
    let set = bench.by_sku("SET");
    assert_eq!((set.price.minor(), set.status), (850, Status::Draft));
    let policies = ["MUG", "OLD", "EXT"].map(|sku| bench.by_sku(sku).variants[0].stock_policy);
    assert_eq!(policies, [StockPolicy::Deny, StockPolicy::Deny, StockPolicy::Untracked]);
    assert_eq!(counts(&bench.skipping(fixture("woocommerce.csv"))), [0, 0, 5, 1]);
    bench.well();
}
