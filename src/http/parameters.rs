//! The query parameters there are. These tables drive both the reading of a query and the API description.

/// A query parameter as the API description shows it.
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub description: &'static str,
    /// Its JSON type.
    pub kind: Kind,
    /// A value.
    pub example: &'static str,
}

/// The JSON type of a parameter.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// Several of these texts.
    Texts,
    /// One of these texts.
    Choice(&'static [&'static str]),
    /// Several of these texts, repeated or joined by commas.
    Choices(&'static [&'static str]),
    /// Ids, repeated or joined by commas.
    Ids,
    /// An amount of money.
    Amount,
    /// A rating from 1 to 5.
    Rating,
    /// A moment.
    Moment,
    /// A whole number from one to another.
    Integer(i64, i64),
    /// True or false.
    Boolean,
}

/// A row of a table of parameters.
pub const fn parameter(name: &'static str, kind: Kind, example: &'static str, description: &'static str) -> Parameter {
    Parameter { name, description, kind, example }
}

/// The orderings of products by name.
pub const ORDERINGS: &[&str] = &[
    "price",
    "-price",
    "name",
    "-name",
    "created_at",
    "-created_at",
    "updated_at",
    "-updated_at",
    "rating",
    "-rating",
    "relevance",
];
const PARTS: &[&str] = &["count", "facets"];
const STATUSES: &[&str] = &["draft", "active", "archived"];
const REVIEW_STATUSES: &[&str] = &["pending", "approved", "rejected"];

/// How much of a list is shown.
pub const PAGE_SIZE: Parameter = parameter("page_size", Kind::Integer(1, 100), "20", "Items on a page.");
/// From where a list is shown.
pub const CURSOR: Parameter = parameter("cursor", Kind::Text, "", "Where to go on: taken from `next` or `previous`.");

/// What lists of products take.
pub const PRODUCT_LIST: &[Parameter] = &[
    parameter(
        "category",
        Kind::Texts,
        "kitchen",
        "In this category (id or slug, also a former one) or below it; repeat for several.",
    ),
    parameter("min_price", Kind::Amount, "10.00", "Costs at least this."),
    parameter("max_price", Kind::Amount, "25.00", "Costs at most this."),
    parameter("min_rating", Kind::Rating, "4", "Rated at least this, from 1 to 5; what has no reviews is left out."),
    parameter("in_stock", Kind::Boolean, "true", "Has stock, or has none."),
    parameter("brand", Kind::Texts, "Saltmarsk", "Of this brand, whatever the case; repeat for several."),
    parameter("tag", Kind::Texts, "gift", "Carries this tag; repeat to ask for all of them."),
    parameter(
        "attr.NAME",
        Kind::Texts,
        "stoneware",
        "Has this value of the attribute NAME; repeat for either, use several names for all.",
    ),
    parameter(
        "search",
        Kind::Text,
        "coffee mug",
        "Matches these words: names weigh most, the last word may be the beginning of one. Products with most of \
         several words follow where fewer than a page have all of them; in another order than `relevance`, where none has.",
    ),
    parameter("created_after", Kind::Moment, "2026-01-31T00:00:00Z", "First offered later than this."),
    parameter("updated_after", Kind::Moment, "2026-01-31T00:00:00Z", "Changed later than this."),
    parameter("ids", Kind::Ids, "1", "One of these products, at most 100."),
    parameter(
        "status",
        Kind::Choices(STATUSES),
        "active",
        "In this state; other than `active` for staff only; repeat for several.",
    ),
    parameter(
        "ordering",
        Kind::Choice(ORDERINGS),
        "-created_at",
        "In this order; `-` for descending. Best match first when searching, else newest first.",
    ),
    parameter(
        "include",
        Kind::Choices(PARTS),
        "count",
        "Also `count` all that the list gives on all its pages, or count it by `facets`.",
    ),
    PAGE_SIZE,
    CURSOR,
];

/// What lists of a product's reviews take.
pub const PRODUCT_REVIEW_LIST: &[Parameter] = &[
    parameter(
        "status",
        Kind::Choice(REVIEW_STATUSES),
        "approved",
        "In this state; other than `approved` for staff only.",
    ),
    PAGE_SIZE,
    CURSOR,
];

/// What lists of reviews take that staff sees.
pub const REVIEW_LIST: &[Parameter] = &[
    parameter("status", Kind::Choice(REVIEW_STATUSES), "pending", "In this state."),
    parameter("product", Kind::Integer(1, i64::MAX), "7", "Of this product."),
    PAGE_SIZE,
    CURSOR,
];

/// What lists of one's own take.
pub const MY_LIST: &[Parameter] = &[PAGE_SIZE, CURSOR];

/// What lists take that never hold more than the largest page.
pub const SHORT_LIST: &[Parameter] = &[
    parameter("page_size", Kind::Integer(1, 100), "20", "Items on a page; all there are when it is not given."),
    CURSOR,
];

/// What lists of categories take.
pub const CATEGORY_LIST: &[Parameter] = &[
    parameter("tree", Kind::Boolean, "true", "All categories at once, nested; not with the others."),
    PAGE_SIZE,
    CURSOR,
];

/// What removing a category takes.
pub const CATEGORY_REMOVE: &[Parameter] = &[
    parameter(
        "cascade",
        Kind::Boolean,
        "true",
        "Remove everything below it and all its products too; 409 when orders refer to one of them.",
    ),
    parameter("move_to", Kind::Integer(1, i64::MAX), "7", "Give its products and children to this category first."),
];

/// What lists of users take.
pub const USER_LIST: &[Parameter] = &[
    parameter("role", Kind::Choice(&["customer", "staff", "admin"]), "staff", "Of this role."),
    parameter("active", Kind::Boolean, "true", "May sign in, or may not."),
    parameter("email", Kind::Text, "ann@example.com", "With this e-mail address, whatever the case."),
    PAGE_SIZE,
    CURSOR,
];

/// What reading an order as a guest takes.
pub const ORDER_BY_TOKEN: &[Parameter] =
    &[parameter("token", Kind::Text, "", "The order's token, from the answer to the checkout.")];

/// What lists of one's own orders take.
pub const MY_ORDER_LIST: &[Parameter] = &[PAGE_SIZE, CURSOR];
/// What reading a cart takes.
pub const CART_GET: &[Parameter] =
    &[parameter("explain", Kind::Boolean, "true", "Also `explanation`: each thing that made the total.")];

const ORDER_STATUSES: &[&str] =
    &["draft", "pending", "paid", "fulfilled", "completed", "cancelled", "partially_refunded", "refunded"];

/// What lists of orders take.
pub const ORDER_LIST: &[Parameter] = &[
    parameter("status", Kind::Choices(ORDER_STATUSES), "paid", "In this state; repeat for several. All but drafts."),
    parameter("customer", Kind::Text, "ann@example.com", "Of the account with this id, or with this e-mail address."),
    parameter("placed_from", Kind::Moment, "2026-01-31T00:00:00Z", "Placed then or later."),
    parameter("placed_to", Kind::Moment, "2026-02-28T00:00:00Z", "Placed earlier."),
    parameter(
        "search",
        Kind::Text,
        "ann mug-1",
        "With words that begin like all of these: in the number, the e-mail address, names, SKUs.",
    ),
    parameter("flagged", Kind::Boolean, "true", "With a payment that somebody has to look at."),
    PAGE_SIZE,
    CURSOR,
];

/// What lists of payments take.
pub const PAYMENT_LIST: &[Parameter] =
    &[parameter("flagged", Kind::Boolean, "true", "Only those that a person has to look at."), PAGE_SIZE, CURSOR];

/// What a report of sales takes.
pub const SALES_REPORT: &[Parameter] = &[
    parameter("from", Kind::Moment, "2026-01-01T00:00:00Z", "From this moment on; 30 days before `to` if not given."),
    parameter(
        "to",
        Kind::Moment,
        "2026-02-01T00:00:00Z",
        "Up to this moment, which is not part of it; now if not given.",
    ),
    parameter(
        "by",
        Kind::Choice(crate::domain::report::SalesBy::NAMES),
        "month",
        "What to divide the sums by; `day` if not given.",
    ),
];

/// What lists of API keys take.
pub const API_KEY_LIST: &[Parameter] = &[PAGE_SIZE, CURSOR];

/// What lists of webhooks take.
pub const WEBHOOK_LIST: &[Parameter] = &[PAGE_SIZE, CURSOR];

/// What lists of deliveries take.
pub const DELIVERY_LIST: &[Parameter] = &[
    parameter("state", Kind::Choice(&["waiting", "delivered", "failed"]), "failed", "That stand so."),
    parameter("type", Kind::Text, "order.placed", "Of this kind of event."),
    PAGE_SIZE,
    CURSOR,
];

/// What lists of tax rates take.
pub const TAX_RATE_LIST: &[Parameter] = &[PAGE_SIZE, CURSOR];

/// What lists of shipping zones take.
pub const SHIPPING_ZONE_LIST: &[Parameter] = &[PAGE_SIZE, CURSOR];

/// What lists of discounts take.
pub const DISCOUNT_LIST: &[Parameter] = &[
    parameter("code", Kind::Text, "SAVE10", "With this code, whatever the case."),
    parameter("active", Kind::Boolean, "true", "Switched on, or off."),
    PAGE_SIZE,
    CURSOR,
];
