//! What a write may have touched, in the words in which readers say what they depend on.

use super::{CategoryId, ProductId, SessionId, UserId};

/// Something that changed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// This product, one of its variants, or its stock.
    Product(ProductId),
    /// Some product.
    AnyProduct,
    /// Some product in this category or below it, before or after the write.
    ProductsIn(CategoryId),
    /// The same, for who knows the category by its slug.
    ProductsUnder(String),
    /// Some product of this brand (lower case), before or after the write.
    ProductsOf(String),
    /// This category itself: its name, its slug.
    Category(CategoryId),
    /// The shape of the tree, or any category in it.
    CategoryTree,
    /// This person's role or state, or all their sign-ins.
    User(UserId),
    /// This sign-in ended.
    Session(SessionId),
    /// Some API key.
    ApiKeys,
    /// A job was added or is due sooner.
    Jobs,
}
