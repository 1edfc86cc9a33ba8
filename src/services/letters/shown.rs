//! What templates can fill in.

use serde::Serialize;

/// The shop.
#[derive(Clone, Debug, Serialize)]
pub struct ShopShown {
    /// Its name.
    pub name: String,
    /// Where the public reaches it.
    pub url: String,
}

/// A line of an order or of a shipment.
#[derive(Clone, Debug, Serialize)]
pub struct LineShown {
    /// What was bought.
    pub name: String,
    /// Which variant; empty for an only one.
    pub title: String,
    /// Its code.
    pub sku: Option<String>,
    /// How many.
    pub quantity: i64,
    /// Unit price times quantity; the sums below say what comes off and on.
    pub amount: String,
}

/// One sum below the lines.
#[derive(Clone, Debug, Serialize)]
pub struct SumShown {
    /// What it is.
    pub label: String,
    /// How much.
    pub amount: String,
}

/// An order.
#[derive(Clone, Debug, Serialize)]
pub struct OrderShown {
    /// Its number.
    pub number: String,
    /// Where its buyer sees it.
    pub url: String,
    /// ISO 4217.
    pub currency: String,
    /// Whether prices contain the tax.
    pub tax_included: bool,
    /// What was bought.
    pub lines: Vec<LineShown>,
    /// Subtotal, discount, shipping, tax and, last, the total.
    pub totals: Vec<SumShown>,
    /// The total.
    pub total: String,
    /// Where it goes, line by line; empty when it is not shipped.
    pub shipping_address: Vec<String>,
    /// How to pay, when somebody has to do something.
    pub instructions: Option<String>,
}

/// A shipment.
#[derive(Clone, Debug, Serialize)]
pub struct ShipmentShown {
    /// Who brings it.
    pub carrier: Option<String>,
    /// Under which number.
    pub tracking_number: Option<String>,
    /// What is in it.
    pub lines: Vec<LineShown>,
}

/// A refund.
#[derive(Clone, Debug, Serialize)]
pub struct RefundShown {
    /// How much.
    pub amount: String,
    /// Why.
    pub reason: Option<String>,
}

/// What a letter about an order fills in.
#[derive(Clone, Debug, Serialize)]
pub struct OrderData {
    /// The shop.
    pub shop: ShopShown,
    /// The order.
    pub order: OrderShown,
    /// What was shipped, when that is what it tells of.
    pub shipment: Option<ShipmentShown>,
    /// What was refunded, when that is what it tells of.
    pub refund: Option<RefundShown>,
}

/// A product or one of its variants.
#[derive(Clone, Debug, Serialize)]
pub struct ProductShown {
    /// What it is called.
    pub name: String,
    /// Which variant; empty for the product as a whole.
    pub title: String,
    /// Its code.
    pub sku: Option<String>,
    /// How many can be sold.
    pub stock: i64,
}

/// Where a letter about stock leads; empty where it does not.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LinksShown {
    /// To the product.
    pub product: String,
    /// To confirm a request.
    pub confirm: String,
    /// To remove all requests of an address.
    pub unsubscribe: String,
}

/// What a letter about stock fills in.
#[derive(Clone, Debug, Serialize)]
pub struct StockData {
    /// The shop.
    pub shop: ShopShown,
    /// What it is about.
    pub product: ProductShown,
    /// Where it leads.
    pub links: LinksShown,
    /// The code that confirms; empty where there is none.
    pub token: String,
}
