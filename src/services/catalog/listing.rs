//! Lists of products.

use crate::domain::catalog::{CategoryPick, Facets, Listing, ListingPosition, Product, Status};
use crate::domain::page::Page;
use crate::domain::{Change, Direction, Role};
use crate::services::{Ctx, Error, Outcome, Shop};

/// A page of products with what was asked beside it.
#[derive(Clone, Debug)]
pub struct ProductPage {
    /// The products and the ways on.
    pub page: Page<Product, ListingPosition>,
    /// How many match in all, when asked.
    pub count: Option<i64>,
    /// What they have in common, when asked.
    pub facets: Option<Facets>,
}

impl Shop {
    /// One page of a list. Only staff may ask for what is not on sale.
    pub fn product_list(&self, ctx: &Ctx, listing: &Listing) -> Outcome<ProductPage> {
        if listing.filter.statuses != [Status::Active] {
            ctx.require(Role::Staff)?;
        }
        self.store.read(|tx| {
            let size = listing.page_size.get();
            let mut found = tx.listing_ids(listing, size + 1)?;
            let more = found.len() > size;
            found.truncate(size);
            let backwards = matches!(listing.from, Some((_, Direction::Previous)));
            if backwards {
                found.reverse();
            }
            let ids: Vec<_> = found.iter().map(|(id, _)| *id).collect();
            let (mut next, mut previous) = (None, None);
            if let (Some((_, first)), Some((_, last))) = (found.first(), found.last()) {
                next = (more || backwards).then(|| last.clone());
                previous = (if backwards { more } else { listing.from.is_some() }).then(|| first.clone());
            } else if let Some((position, direction)) = &listing.from {
                // Everything on this side of the position has gone: the way back still stands.
                match direction {
                    Direction::Next => previous = Some(position.clone()),
                    Direction::Previous => next = Some(position.clone()),
                }
            }
            let items = tx.products_by_ids(&ids)?;
            let count = listing.count.then(|| tx.listing_count(&listing.filter)).transpose()?;
            let facets = listing.facets.then(|| tx.listing_facets(&listing.filter)).transpose()?;
            Ok::<_, Error>(ProductPage { page: Page { items, next, previous }, count, facets })
        })
    }
}

/// What a list depends on: the narrowest kind of change that covers everything its filter can match.
pub fn listing_depends_on(listing: &Listing) -> Vec<Change> {
    let filter = &listing.filter;
    if let Some(ids) = &filter.ids {
        return ids.iter().map(|id| Change::Product(*id)).chain([Change::CategoryTree]).collect();
    }
    let products_in = |pick: &CategoryPick| match pick {
        CategoryPick::Id(id) => Change::ProductsIn(*id),
        CategoryPick::Slug(slug) => Change::ProductsUnder(slug.clone()),
    };
    match filter.categories.as_slice() {
        [_, ..] => filter.categories.iter().map(products_in).chain([Change::CategoryTree]).collect(),
        [] if !filter.brands.is_empty() => {
            filter.brands.iter().map(|b| Change::ProductsOf(b.to_lowercase())).chain([Change::CategoryTree]).collect()
        }
        [] => vec![Change::AnyProduct, Change::CategoryTree],
    }
}
