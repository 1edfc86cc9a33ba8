//! Lists of products: from query parameters to a page.

use super::BASE;
use super::answer::{Answer, Audience, content_tag, text};
use super::cache::Bodies;
use super::guards::{Caller, SlowLane};
use super::page::CursorKey;
use super::parameters::PRODUCT_LIST;
use super::problem::Problem;
use super::query::Query;
use super::views::{FacetsView, ListEnd, ProductView};
use crate::domain::Direction;
use crate::domain::catalog::{Listing, ListingPosition};
use crate::services::Shop;
use crate::services::catalog::{ProductPage, Shown, listing_depends_on};
use bytes::Bytes;
use std::sync::Arc;

/// What answering a list needs.
pub struct Lister<'r> {
    /// The shop.
    pub shop: &'r Arc<Shop>,
    /// Bodies kept ready.
    pub bodies: &'r Bodies,
    /// Seals cursors.
    pub cursors: &'r CursorKey,
    /// Where slow reads run.
    pub slow: &'r SlowLane,
}

impl Lister<'_> {
    /// Answers a list: from the kept bodies when the public asks.
    pub async fn answer<T>(&self, caller: &Caller, query: &Query) -> Result<Answer<T>, Problem> {
        let key = format!("products\u{1}{}", query.key());
        let generations = self.shop.generations();
        if caller.is_public()
            && let Some(kept) = self.bodies.get(&key, generations)
        {
            return Ok(Answer::encoded(kept.body, Audience::Public).with_etag(kept.etag).was_kept(true));
        }
        let listing = self.listing(query)?;
        let stamp = generations.stamp(&listing_depends_on(&listing));
        let (body, by_former_slug) = self.body(caller, &listing, query).await?;
        if !caller.is_public() {
            return Ok(Answer::encoded(body, Audience::Private));
        }
        let etag = content_tag(&body);
        if by_former_slug {
            return Ok(Answer::encoded(body, Audience::Public).with_etag(etag).was_kept(false));
        }
        let kept = self.bodies.keep(key, body, etag, stamp);
        Ok(Answer::encoded(kept.body, Audience::Public).with_etag(kept.etag).was_kept(false))
    }

    fn listing(&self, query: &Query) -> Result<Listing, Problem> {
        query.only(PRODUCT_LIST)?;
        let filter = query.product_filter(self.shop.settings().currency())?;
        let ordering = query.ordering(filter.search.is_some())?;
        let page_size = query.page_size()?;
        let (count, facets) = query.include()?;
        let from = match query.one("cursor")? {
            Some(cursor) => Some(self.cursors.open::<ListingPosition>(&scope(query), cursor)?),
            None => None,
        };
        Ok(Listing { filter, ordering, page_size, from, count, facets })
    }

    /// The encoded page, and whether it was asked for by the former slug of a category.
    async fn body(&self, caller: &Caller, listing: &Listing, query: &Query) -> Result<(Bytes, bool), Problem> {
        let slow = listing.count || listing.facets || listing.filter.search.is_some();
        let page = if slow {
            let (shop, ctx, listing) = (self.shop.clone(), caller.0.clone(), listing.clone());
            self.slow.run(move || shop.product_list(&ctx, &listing)).await?
        } else {
            self.shop.product_list(&caller.0, listing)?
        };
        let by_former_slug = page.by_former_slug;
        Ok((self.encode(page, caller, query), by_former_slug))
    }

    fn encode(&self, found: ProductPage, caller: &Caller, query: &Query) -> Bytes {
        let settings = self.shop.settings();
        let currency = settings.currency();
        let show_stock = !caller.is_public() || !settings.hide_stock;
        let encoded = |shown| match shown {
            Shown::Card(card) => card,
            Shown::Product(product) => text(&ProductView::new(&product, currency, show_stock)),
        };
        let products: Vec<String> = found.page.items.into_iter().map(encoded).collect();
        let (scope, others) = (scope(query), query.without_cursor());
        let link = |position: &ListingPosition, direction| {
            format!("{BASE}/products?{others}cursor={}", self.cursors.seal(&scope, position, direction))
        };
        let end = ListEnd {
            next: found.page.next.as_ref().map(|p| link(p, Direction::Next)),
            previous: found.page.previous.as_ref().map(|p| link(p, Direction::Previous)),
            count: found.count,
            facets: found.facets.as_ref().map(|f| FacetsView::new(f, currency)),
        };
        Bytes::from(end.after(&products))
    }
}

/// Which list a cursor belongs to: its filters and ordering, but not how much of it is shown.
fn scope(query: &Query) -> String {
    query.key_without(&["cursor", "page_size", "include"])
}
