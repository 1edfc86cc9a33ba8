//! Made-up data to look at templates with.

use super::shown::{
    LineShown, LinksShown, OrderData, OrderShown, ProductShown, RefundShown, ShipmentShown, ShopShown, StockData,
    SumShown,
};
use super::templates::{Template, Templates, Written};

const TOKEN: &str = "sample-token";

/// A letter filled in with them.
pub(super) fn write(
    templates: &Templates,
    template: Template,
    shop: ShopShown,
    currency: &str,
) -> Result<Written, String> {
    match template {
        Template::StockLow | Template::StockConfirm | Template::StockAvailable => {
            templates.write(template, &stock(shop))
        }
        _ => templates.write(template, &order(shop, currency)),
    }
}

fn line(quantity: i64, name: &str, title: &str, amount: &str) -> LineShown {
    let sku = Some("MUG-01".to_owned());
    LineShown { name: name.to_owned(), title: title.to_owned(), sku, quantity, amount: amount.to_owned() }
}

/// An order of two lines with everything an order can have.
fn order(shop: ShopShown, currency: &str) -> OrderData {
    let lines = vec![line(2, "Blue mug", "Large", "39.98"), line(1, "Tea <strainer> & lid", "", "7.50")];
    let sum = |(label, amount): (&str, &str)| SumShown { label: label.to_owned(), amount: amount.to_owned() };
    let totals =
        [("Subtotal", "47.48"), ("Discount", "-4.00"), ("Shipping", "4.90"), ("Tax", "9.19"), ("Total", "57.57")];
    let order = OrderShown {
        number: "1001".to_owned(),
        url: format!("{}/orders/1001#token={TOKEN}", shop.url),
        currency: currency.to_owned(),
        tax_included: false,
        lines: lines.clone(),
        totals: totals.into_iter().map(sum).collect(),
        total: "57.57".to_owned(),
        shipping_address: ["Ann Example", "1 High Street", "12345 Sampletown", "DE"].map(str::to_owned).to_vec(),
        instructions: Some("Please transfer the total and name order 1001.".to_owned()),
    };
    let tracking_number = Some("JD0123456789".to_owned());
    let shipment = ShipmentShown { carrier: Some("Parcel Post".to_owned()), tracking_number, lines };
    let refund = RefundShown { amount: "7.50".to_owned(), reason: Some("It arrived broken.".to_owned()) };
    OrderData { shop, order, shipment: Some(shipment), refund: Some(refund) }
}

/// A variant of which two are left.
fn stock(shop: ShopShown) -> StockData {
    let links = LinksShown {
        product: format!("{}/products/blue-mug", shop.url),
        confirm: format!("{}/back-in-stock#token={TOKEN}", shop.url),
        unsubscribe: format!("{}/back-in-stock/unsubscribe#token={TOKEN}", shop.url),
    };
    let (name, title, sku) = ("Blue mug".to_owned(), "Large".to_owned(), Some("MUG-01".to_owned()));
    StockData { shop, product: ProductShown { name, title, sku, stock: 2 }, links, token: TOKEN.to_owned() }
}
