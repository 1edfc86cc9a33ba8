//! Lists of products.

use crate::counters::Count;
use crate::domain::catalog::{CategoryPick, Facets, Listing, ListingPosition, Product, Status};
use crate::domain::page::Page;
use crate::domain::{Change, Direction, ProductId, Right};
use crate::services::{Ctx, Error, Outcome, Shop};
use crate::store::ReadTx;
use std::borrow::Cow;
use std::collections::HashMap;

/// A product of a list: encoded already, or still to be.
#[derive(Clone, Debug)]
pub enum Shown {
    /// Its card.
    Card(String),
    /// Itself, for who sees more than the card, or when it has none yet.
    Product(Box<Product>),
}

/// A page of products with what was asked beside it.
#[derive(Clone, Debug)]
pub struct ProductPage {
    /// The products and the ways on.
    pub page: Page<Shown, ListingPosition>,
    /// How many match in all, when asked.
    pub count: Option<i64>,
    /// What they have in common, when asked.
    pub facets: Option<Facets>,
    /// Whether a category was named by a slug it had before. Such a page is not to be kept: what is told of changes names
    /// categories as they are called now.
    pub by_former_slug: bool,
}

impl Shop {
    /// One page of a list. Only staff may ask for what is not on sale.
    pub fn product_list(&self, ctx: &Ctx, listing: &Listing) -> Outcome<ProductPage> {
        if listing.filter.statuses != [Status::Active] {
            ctx.require(Right::CatalogRead)?;
        }
        let cards = self.sees_cards(ctx);
        let found = self.store.read(|tx| {
            let (listing, by_former_slug) = &with_categories(tx, listing)?;
            let size = listing.page_size.get();
            let mut found = tx.listing_ids(listing, size + 1)?;
            let more = found.len() > size;
            found.truncate(size);
            let (next, previous) = ways_on(listing, &mut found, more);
            let ids: Vec<_> = found.iter().map(|(id, _)| *id).collect();
            let items = shown(tx, &ids, cards)?;
            let count = listing.count.then(|| tx.listing_count(listing)).transpose()?;
            let facets = listing.facets.then(|| tx.listing_facets(listing)).transpose()?;
            let page = Page { items, next, previous };
            Ok::<_, Error>(ProductPage { page, count, facets, by_former_slug: *by_former_slug })
        })?;
        if listing.filter.search.is_some() && listing.from.is_none() {
            self.counters().one(Count::Searches);
            if found.page.items.is_empty() {
                self.counters().one(Count::SearchesEmpty);
            }
        }
        Ok(found)
    }

    /// Whether the card is all that a caller sees of a product.
    pub(in crate::services) fn sees_cards(&self, ctx: &Ctx) -> bool {
        !(self.settings.hide_stock && ctx.may(Right::CatalogRead))
    }
}

/// The listing with each category by its id, and whether one was named by a slug it had before: links to lists outlive the
/// names in them.
fn with_categories<'l>(tx: &ReadTx<'_>, listing: &'l Listing) -> Outcome<(Cow<'l, Listing>, bool)> {
    let mut listing = Cow::Borrowed(listing);
    let mut by_former_slug = false;
    for place in 0..listing.filter.categories.len() {
        let CategoryPick::Slug(slug) = &listing.filter.categories[place] else { continue };
        if let Some((id, is_current)) = tx.category_id_by_any_slug(slug)? {
            listing.to_mut().filter.categories[place] = CategoryPick::Id(id);
            by_former_slug |= !is_current;
        }
    }
    Ok((listing, by_former_slug))
}

/// Brings what was found into list order, and tells from where the neighbouring pages go on.
fn ways_on(
    listing: &Listing,
    found: &mut [(ProductId, ListingPosition)],
    more: bool,
) -> (Option<ListingPosition>, Option<ListingPosition>) {
    let backwards = matches!(listing.from, Some((_, Direction::Previous)));
    if backwards {
        found.reverse();
    }
    match (found.first(), found.last(), &listing.from) {
        (Some((_, first)), Some((_, last)), from) => (
            (more || backwards).then(|| last.clone()),
            (if backwards { more } else { from.is_some() }).then(|| first.clone()),
        ),
        // Everything on this side of the position has gone: the way back still stands.
        (_, _, Some((position, Direction::Next))) => (None, Some(position.clone())),
        (_, _, Some((position, Direction::Previous))) => (Some(position.clone()), None),
        (_, _, None) => (None, None),
    }
}

/// The products of these ids in their order, as cards where there are any and these suffice.
pub(in crate::services) fn shown(tx: &ReadTx<'_>, ids: &[ProductId], cards: bool) -> Outcome<Vec<Shown>> {
    let mut cards = if cards && !ids.is_empty() { tx.cards_by_ids(ids)? } else { HashMap::new() };
    let missing: Vec<ProductId> = ids.iter().filter(|id| !cards.contains_key(id)).copied().collect();
    let mut others: HashMap<ProductId, Product> =
        tx.products_by_ids(&missing)?.into_iter().map(|product| (product.id, product)).collect();
    let pick = |id: &ProductId| match cards.remove(id) {
        Some(card) => Some(Shown::Card(card)),
        None => others.remove(id).map(|product| Shown::Product(Box::new(product))),
    };
    Ok(ids.iter().filter_map(pick).collect())
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
