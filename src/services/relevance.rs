//! Measures how well search ranks, against judgments of people.

use super::{Ctx, Error, Outcome, Shop};
use crate::domain::search::{SearchQuery, ndcg_at_10};
use crate::domain::{ProductId, Right, Sku};
use std::collections::HashMap;

/// How deep a ranking is read: unrated products may fill its top, and the figure over rated ones looks below them.
const DEPTH: usize = 3_000;

/// A query with what people thought of products for it.
#[derive(Clone, Debug, Default)]
pub struct JudgedQuery {
    /// What was searched.
    pub query: String,
    /// SKU to rating: 0 useless … 3 exactly right.
    pub ratings: HashMap<String, u8>,
}

/// How well one query was answered: nDCG@10 with unjudged products as useless, and over judged ones only.
#[derive(Clone, Debug)]
pub struct QueryRelevance {
    /// What was searched.
    pub query: String,
    /// Unjudged products count as useless.
    pub unjudged_useless: f64,
    /// Unjudged products are left out.
    pub judged_only: f64,
}

impl Shop {
    /// Searches each query and holds their order against the ratings. Queries for which
    /// nothing is relevant are left out.
    pub fn relevance(&self, ctx: &Ctx, queries: &[JudgedQuery]) -> Outcome<Vec<QueryRelevance>> {
        ctx.require(Right::CatalogRead)?;
        let mut measured = Vec::new();
        for judged in queries {
            let ratings = self.ratings_by_id(&judged.ratings)?;
            let query = SearchQuery::parse(&judged.query);
            let ranked = self.store.read(|tx| Ok::<_, Error>(tx.search_ranking(&query, DEPTH)?))?;
            if let Some((unjudged_useless, judged_only)) = ndcg_at_10(&ranked, &ratings) {
                measured.push(QueryRelevance { query: judged.query.clone(), unjudged_useless, judged_only });
            }
        }
        Ok(measured)
    }

    fn ratings_by_id(&self, by_sku: &HashMap<String, u8>) -> Outcome<HashMap<ProductId, u8>> {
        self.store.read(|tx| {
            let mut by_id = HashMap::new();
            for (sku, rating) in by_sku {
                let id = Sku::parse(sku).map(|sku| tx.product_id_by_sku(&sku)).transpose()?.flatten();
                by_id
                    .insert(id.ok_or_else(|| Error::Internal(format!("no product has the rated SKU {sku}")))?, *rating);
            }
            Ok(by_id)
        })
    }
}
