//! The yardstick for imports: what the bare database driver needs for the same rows.
//!
//! Reads a CSV of `make_catalog.py`, inserts its rows with one prepared statement in one transaction, builds three
//! indexes and a full-text index over name and description afterwards, commits, and prints the seconds.
//!
//!     cargo bench --bench import_floor -- big.csv floor.db

use rusqlite::{Connection, params};
use std::error::Error;
use std::time::Instant;

const SCHEMA: &str = "
    pragma journal_mode = wal;
    pragma synchronous = full;
    pragma cache_size = -65536;
    create table product (
        id integer primary key, sku text not null, name text not null, brand text not null, category text not null,
        description text not null, price integer not null, compare_at_price integer, stock integer not null,
        weight_grams integer, color text not null, rating text not null, rating_count text not null, created_at text not null
    ) strict;";

const INDEXES: &str = "
    create unique index product_sku on product (sku);
    create index product_price on product (price);
    create index product_category on product (category, created_at);
    create virtual table product_text using fts5 (name, description, content = 'product', content_rowid = 'id');
    insert into product_text (product_text) values ('rebuild');";

const INSERT: &str = "insert into product (sku, name, brand, category, description, price, compare_at_price, stock, \
    weight_grams, color, rating, rating_count, created_at) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";

fn main() -> Result<(), Box<dyn Error>> {
    // Cargo adds --bench to what a bench is called with.
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    let (Some(file), Some(database)) = (args.next(), args.next()) else {
        return Err("usage: import_floor FILE.csv NEW.db".into());
    };
    let started = Instant::now();
    let mut connection = Connection::open(database)?;
    connection.execute_batch(SCHEMA)?;
    let tx = connection.transaction()?;
    let mut rows = 0_u64;
    {
        let mut insert = tx.prepare(INSERT)?;
        let mut reader = csv::Reader::from_path(file)?;
        let header = reader.headers()?.clone();
        let at = |name: &str| header.iter().position(|h| h == name).ok_or_else(|| format!("no column {name}"));
        let (sku, name, brand, category) = (at("sku")?, at("name")?, at("brand")?, at("category")?);
        let (description, price, was, stock) =
            (at("description")?, at("price")?, at("compare_at_price")?, at("stock")?);
        let (weight, color, rating, count, created) =
            (at("weight_g")?, at("color")?, at("rating")?, at("rating_count")?, at("created_at")?);
        let mut row = csv::StringRecord::new();
        while reader.read_record(&mut row)? {
            insert.execute(params![
                &row[sku],
                &row[name],
                &row[brand],
                &row[category],
                &row[description],
                cents(&row[price]),
                cents(&row[was]),
                row[stock].parse::<i64>()?,
                row[weight].parse::<i64>().ok(),
                &row[color],
                &row[rating],
                &row[count],
                &row[created]
            ])?;
            rows += 1;
        }
    }
    let inserted = started.elapsed();
    tx.execute_batch(INDEXES)?;
    tx.commit()?;
    let total = started.elapsed();
    println!(
        "{rows} rows: {:.2} s inserted, {:.2} s with indexes and commit",
        inserted.as_secs_f64(),
        total.as_secs_f64()
    );
    Ok(())
}

/// Hundredths of an amount with at most two digits after the point.
fn cents(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    Some(whole.parse::<i64>().ok()? * 100 + format!("{fraction:0<2}").parse::<i64>().ok()?)
}
