//! Wishlists: what people want to remember, and nobody but they sees.

use crate::domain::catalog::Status;
use crate::domain::page::Page;
use crate::domain::{Direction, PageSize, ProductId, Timestamp};
use crate::services::catalog::{Shown, shown};
use crate::services::{Ctx, Error, Outcome, Shop};

pub use crate::store::WishPosition;

/// Products on one wishlist.
const MOST_WISHES: i64 = 500;

const PRODUCT: Error = Error::NotFound("product");

/// A product on a wishlist.
#[derive(Clone, Debug)]
pub struct Wish {
    /// When it was added.
    pub added_at: Timestamp,
    /// Which product.
    pub product_id: ProductId,
    /// What is shown of it.
    pub shown: Shown,
}

impl Shop {
    /// A page of the wishlist of the person who asks, the newest first. What is not on sale now is left out.
    pub fn wishlist_page(
        &self,
        ctx: &Ctx,
        size: PageSize,
        from: Option<(WishPosition, Direction)>,
    ) -> Outcome<Page<Wish, WishPosition>> {
        let (user, _) = ctx.person()?;
        let backwards = matches!(from, Some((_, Direction::Previous)));
        let start = from.map(|(position, _)| position);
        let cards = self.sees_cards(ctx);
        self.store.read(|tx| {
            let rows = tx.wishlist_page(user, start, backwards, size.get() + 1)?;
            let page = Page::cut(rows, size, from, |row| *row);
            let ids: Vec<_> = page.items.iter().map(|(_, product)| *product).collect();
            let wishes = page.items.iter().zip(shown(tx, &ids, cards)?);
            let items = wishes.map(|((added_at, product_id), shown)| Wish {
                added_at: *added_at,
                product_id: *product_id,
                shown,
            });
            Ok::<_, Error>(Page { items: items.collect(), next: page.next, previous: page.previous })
        })
    }

    /// Puts a product on sale on the wishlist of the person who asks; where it stands already, it stays.
    pub async fn wishlist_add(&self, ctx: &Ctx, product: ProductId) -> Outcome<()> {
        let (user, _) = ctx.person()?;
        let now = ctx.now;
        self.store
            .write(move |tx| {
                let found = tx.product_by_id(product)?.ok_or(PRODUCT)?;
                if found.status != Status::Active {
                    return Err(PRODUCT);
                }
                if !tx.wishlist_add(user, product, now)? {
                    return Ok(());
                }
                if tx.wishlist_count(user)? > MOST_WISHES {
                    let detail = format!("a wishlist holds at most {MOST_WISHES} products: remove one first");
                    return Err(Error::Conflict("too_many", detail, Vec::new()));
                }
                Ok(())
            })
            .await
    }

    /// Takes a product off the wishlist of the person who asks.
    pub async fn wishlist_remove(&self, ctx: &Ctx, product: ProductId) -> Outcome<()> {
        let (user, _) = ctx.person()?;
        self.store
            .write(move |tx| match tx.wishlist_remove(user, product)? {
                true => Ok(()),
                false => Err(Error::NotFound("product on your wishlist")),
            })
            .await
    }
}
