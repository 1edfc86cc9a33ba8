//! The functions that requests spend their own time in, one by one: what a cart costs, cursors, a filter as SQL, products
//! as JSON.
//!
//!     cargo bench --bench hot
//!     cargo bench --bench hot -- --save-baseline before     # and --baseline before, after a change

use criterion::{Criterion, criterion_group, criterion_main};
use nexus::config::Config;
use nexus::domain::catalog::{CategoryPick, Listing, ListingPosition, Ordering, OrderingKey, ProductFilter};
use nexus::domain::pricing::{
    Basket, BasketLine, Discount, DiscountDraft, DiscountKind, Place, PriceSettings, Rounding, Rules, STANDARD,
    TaxRate, TaxRateDraft, price,
};
use nexus::domain::{
    CategoryId, Currency, Direction, DiscountId, Money, PageSize, ProductId, TaxRateId, Timestamp, VariantId,
};
use nexus::http::{CursorKey, card_maker};
use nexus::services::{Ctx, Error, Shop};
use serde_json::json;
use std::hint::black_box;

fn now() -> Timestamp {
    Timestamp::from_millis(1_767_225_600_000)
}

fn basket(lines: i64) -> Basket {
    let line = |n: i64| BasketLine {
        key: n,
        variant: VariantId::new(n),
        product: ProductId::new(n),
        name: format!("Thing {n}"),
        categories: vec![CategoryId::new(n % 5), CategoryId::new(1)],
        tags: vec!["new".to_owned()],
        tax_class: STANDARD.to_owned(),
        unit_price: Money::from_minor(999 + 37 * n),
        quantity: 1 + n % 4,
        weight_grams: Some(400),
    };
    Basket { lines: (1..=lines).map(line).collect(), place: Place::new("NL", None), ..Basket::default() }
}

fn rules() -> Rules {
    let rate = TaxRateDraft {
        name: "VAT".to_owned(),
        country: "NL".to_owned(),
        region: String::new(),
        tax_class: STANDARD.to_owned(),
        rate_ppm: 210_000,
    };
    let discount = |id: i64, kind: DiscountKind| Discount {
        id: DiscountId::new(id),
        draft: DiscountDraft {
            name: format!("Discount {id}"),
            code: None,
            kind,
            products: Vec::new(),
            categories: vec![CategoryId::new(1)],
            tags: Vec::new(),
            min_subtotal: None,
            min_quantity: None,
            starts_at: None,
            ends_at: None,
            usage_limit: None,
            per_customer_limit: None,
            combinable: true,
            priority: id,
            active: true,
        },
        uses: 0,
        version: 1,
        created_at: now(),
        updated_at: now(),
    };
    Rules {
        tax_rates: vec![TaxRate {
            id: TaxRateId::new(1),
            draft: rate,
            version: 1,
            created_at: now(),
            updated_at: now(),
        }],
        discounts: vec![
            discount(1, DiscountKind::Percent { rate_ppm: 100_000 }),
            discount(2, DiscountKind::BuyXGetY { buy: 2, get: 1, rate_ppm: 500_000 }),
        ],
        code: None,
        used_by_customer: Vec::new(),
    }
}

fn carts(c: &mut Criterion) {
    let (rules, settings) = (rules(), PriceSettings { tax_included: false, rounding: Rounding::Line });
    for lines in [2, 50] {
        let basket = basket(lines);
        c.bench_function(&format!("price a cart of {lines} lines with two discounts"), |b| {
            b.iter(|| price(black_box(&basket), &rules, settings, now()));
        });
    }
}

fn cursors(c: &mut Criterion) {
    let key = CursorKey::new(&[7; 32]);
    let position = ListingPosition::Number(1_999, ProductId::new(123_456));
    c.bench_function("seal a cursor", |b| {
        b.iter(|| key.seal("products by price", black_box(&position), Direction::Next))
    });
    let sealed = key.seal("products by price", &position, Direction::Next);
    c.bench_function("open a cursor", |b| {
        b.iter(|| key.open::<ListingPosition>("products by price", black_box(&sealed)).is_ok());
    });
}

/// A shop of a few products, so that the engine has little to do and what is done around it shows.
fn shop(folder: &tempfile::TempDir) -> Shop {
    let mut config = Config { workers: 1, ..Config::default() };
    folder.path().clone_into(&mut config.data.dir);
    let shop = nexus::app::open(&config).expect("a shop");
    let runtime = rocket::tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let product = |n: i64| {
        json!({
            "sku": format!("CUP-{n}"), "name": format!("Thing {n}"), "category": "Kitchen > Cups", "brand": "Acme", "tags": ["new", "blue"], "price": "19.90",
            "description": "A cup that holds what it should, and looks well on any table.", "stock": 5,
            "attributes": { "material": "stone", "volume_ml": 300 }, "images": [{ "url": "https://shop.example/cup.jpg" }],
        })
    };
    runtime.block_on(shop.product_batch(&Ctx::owner(), (0..10).map(product).collect())).expect("products");
    shop
}

fn lists(c: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = shop(&folder);
    let filter = ProductFilter {
        categories: vec![CategoryPick::Slug("kitchen".to_owned())],
        brands: vec!["acme".to_owned()],
        tags: vec!["new".to_owned(), "blue".to_owned()],
        min_price: Some(Money::from_minor(100)),
        ..ProductFilter::default()
    };
    let listing = Listing {
        filter,
        ordering: Ordering { key: OrderingKey::Price, descending: false },
        page_size: PageSize::default(),
        from: None,
        count: false,
        facets: false,
    };
    c.bench_function("make SQL of four filters and list ten products by it", |b| {
        b.iter(|| shop.store().read(|tx| Ok::<_, Error>(tx.listing_ids(black_box(&listing), 21)?)));
    });
    let product = shop.store().read(|tx| Ok::<_, Error>(tx.product_by_id(ProductId::new(1))?));
    let product = product.expect("a read").expect("a product");
    let cards = card_maker(Currency::from_code("EUR").expect("euros"), true);
    c.bench_function("encode a product", |b| b.iter(|| (cards.make)(black_box(&product))));
    shop.close();
}

criterion_group!(hot, carts, cursors, lists);
criterion_main!(hot);
