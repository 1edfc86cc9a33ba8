//! Everything that a person says of products, wants to remember and waits for, to take along.

use crate::domain::ProductId;
use crate::domain::review::{Review, ReviewFilter};
use crate::services::{Ctx, Error, Outcome, Shop};

/// More than anybody may have of any of them.
const MOST: usize = 2_000;

/// What a person says, remembers and waits for.
#[derive(Clone, Debug, Default)]
pub struct Opinions {
    /// Their reviews.
    pub reviews: Vec<Review>,
    /// What is on their wishlist, on sale or not.
    pub wishlist: Vec<ProductId>,
    /// What they want to be told of when it is back.
    pub back_in_stock: Vec<ProductId>,
}

impl Shop {
    /// All of it, of the person who asks.
    pub fn my_opinions(&self, ctx: &Ctx) -> Outcome<Opinions> {
        let (user, _) = ctx.person()?;
        let filter = ReviewFilter { author: Some(user), ..ReviewFilter::default() };
        self.store.read(|tx| {
            Ok::<_, Error>(Opinions {
                reviews: tx.review_page(&filter, None, false, MOST)?,
                wishlist: tx.wishlist_all(user)?,
                back_in_stock: tx.stock_requests_by(user)?,
            })
        })
    }
}
