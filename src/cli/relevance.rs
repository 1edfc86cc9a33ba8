//! `nexus relevance`: measures search on rated queries.

use super::{Common, Done, Failure};
use crate::services::Ctx;
use crate::services::relevance::JudgedQuery;
use clap::Args;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Measures search relevance: nDCG@10 over rated queries, with unrated products as useless and over rated ones only.
///
/// QUERIES is a CSV file with the columns query_id and query; JUDGMENTS one with query_id, product_id (a SKU of the
/// shop) and rating (0 to 3). Queries without a relevant product are left out.
#[derive(Args)]
#[command(after_help = "Example: nexus relevance queries.csv judgments.csv --min 0.76 --min-judged 0.85")]
pub struct RelevanceArgs {
    /// The queries
    queries: PathBuf,
    /// What people thought of products for them
    judgments: PathBuf,
    /// Fail (exit code 3) below this figure with unrated products as useless
    #[arg(long, default_value_t = 0.0)]
    min: f64,
    /// Fail (exit code 3) below this figure over rated products only
    #[arg(long, default_value_t = 0.0)]
    min_judged: f64,
    /// Also print each query
    #[arg(long)]
    each: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: RelevanceArgs, common: &Common) -> Done {
    let queries = read(&args.queries, &args.judgments)?;
    let measured = common.open()?.relevance(&Ctx::owner(), &queries)?;
    let count = measured.len();
    let mean = |figures: Vec<f64>| figures.iter().sum::<f64>() / count.max(1) as f64;
    let all = mean(measured.iter().map(|m| m.unjudged_useless).collect());
    let judged = mean(measured.iter().map(|m| m.judged_only).collect());
    if args.json {
        let each: Vec<_> = measured
            .iter()
            .map(|m| serde_json::json!({ "query": m.query, "ndcg10": m.unjudged_useless, "ndcg10_judged": m.judged_only }))
            .collect();
        println!("{}", serde_json::json!({ "queries": count, "ndcg10": all, "ndcg10_judged": judged, "each": each }));
    } else {
        for m in measured.iter().filter(|_| args.each) {
            println!("{:.3}  {:.3}  {}", m.unjudged_useless, m.judged_only, m.query);
        }
        println!("nDCG@10 over {count} queries: {all:.3} with unrated as useless, {judged:.3} over rated only");
    }
    if all < args.min || judged < args.min_judged {
        return Err(Failure::findings(format!("below {} or {}", args.min, args.min_judged)));
    }
    Ok(())
}

fn read(queries: &Path, judgments: &Path) -> Result<Vec<JudgedQuery>, Failure> {
    let mut by_id: BTreeMap<String, JudgedQuery> = BTreeMap::new();
    each_row(queries, ["query_id", "query"], |[id, query]| {
        by_id.entry(id.to_owned()).or_default().query = query.to_owned();
        Ok(())
    })?;
    each_row(judgments, ["query_id", "product_id", "rating"], |[id, sku, rating]| {
        let rating = rating.parse().map_err(|_| Failure::new(format!("{rating:?} is no rating from 0 to 3")))?;
        by_id.entry(id.to_owned()).or_default().ratings.insert(sku.to_owned(), rating);
        Ok(())
    })?;
    Ok(by_id.into_values().filter(|q| !q.query.is_empty()).collect())
}

/// Calls `each` with the named columns of every row.
fn each_row<const N: usize>(
    path: &Path,
    columns: [&str; N],
    mut each: impl FnMut([&str; N]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let failed = |what: &dyn std::fmt::Display| Failure::new(format!("{}: {what}", path.display()));
    let mut reader = csv::Reader::from_path(path).map_err(|e| failed(&e))?;
    let header = reader.headers().map_err(|e| failed(&e))?.clone();
    let mut places = [0; N];
    for (place, column) in places.iter_mut().zip(columns) {
        *place = header.iter().position(|h| h == column).ok_or_else(|| failed(&format!("has no column {column}")))?;
    }
    for record in reader.records() {
        let record = record.map_err(|e| failed(&e))?;
        each(places.map(|place| record.get(place).unwrap_or("")))?;
    }
    Ok(())
}
