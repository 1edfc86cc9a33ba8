//! How good a ranking is, by judgments of people: normalised discounted cumulative gain over the first ten.

use std::collections::HashMap;

use crate::domain::ProductId;

const DEPTH: usize = 10;

fn gain(rating: u8) -> f64 {
    f64::from((1u32 << rating.min(30)) - 1)
}

fn discounted(gains: impl Iterator<Item = f64>) -> f64 {
    gains.take(DEPTH).enumerate().map(|(i, gain)| gain / (i as f64 + 2.0).log2()).sum()
}

/// nDCG@10 of a ranking, best first: with unjudged products counted as useless, and over the judged ones only.
/// `None` when no product is relevant, as no order is then better than another.
pub fn ndcg_at_10(ranked: &[ProductId], ratings: &HashMap<ProductId, u8>) -> Option<(f64, f64)> {
    let mut best: Vec<u8> = ratings.values().copied().collect();
    best.sort_unstable_by(|a, b| b.cmp(a));
    let ideal = discounted(best.into_iter().map(gain));
    if ideal == 0.0 {
        return None;
    }
    let judged = || ranked.iter().map(|id| ratings.get(id));
    let zero = discounted(judged().map(|rating| rating.map_or(0.0, |r| gain(*r))));
    let only = discounted(judged().flatten().map(|r| gain(*r)));
    Some((zero / ideal, only / ideal))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::ndcg_at_10;
    use crate::domain::ProductId;

    #[test]
    fn ndcg_counts_unjudged_products_as_useless_or_not_at_all() {
        let id = ProductId::new;
        let ratings = HashMap::from([(id(1), 3), (id(2), 1), (id(3), 0)]);
        assert_eq!(ndcg_at_10(&[id(1), id(2)], &ratings), Some((1.0, 1.0)));
        let (zero, only) = ndcg_at_10(&[id(9), id(1), id(2)], &ratings).expect("something is relevant");
        assert_eq!(only, 1.0);
        let ideal = 7.0 + 1.0 / 3f64.log2();
        assert!((zero - (7.0 / 3f64.log2() + 0.5) / ideal).abs() < 1e-12);
        assert_eq!(ndcg_at_10(&[id(3)], &HashMap::from([(id(3), 0)])), None);
    }
}
