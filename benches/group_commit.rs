//! What group commit brings: single-row durable writes by 64 callers at once, against one transaction for each
//! through the same driver with the same settings.
//!
//!     cargo bench --bench group_commit

use nexus::folder::DataFolder;
use nexus::services::{CardMaker, Error, Store, StoreSettings};
use std::sync::Arc;
use std::time::{Duration, Instant};

const CALLERS: usize = 64;
const WRITES_EACH: usize = 200;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let place = tempfile::tempdir()?;
    let (mut together, mut alone) = (Vec::new(), Vec::new());
    // Taken in turns, so that a busy moment of the machine meets both.
    for round in 0..5 {
        together.push(group(&place.path().join(format!("group{round}")))?);
        alone.push(singles(&place.path().join(format!("single{round}.db")))?);
    }
    let median = |mut rates: Vec<f64>| {
        rates.sort_by(f64::total_cmp);
        rates[rates.len() / 2]
    };
    let (together, alone) = (median(together), median(alone));
    println!(
        "{CALLERS} callers: {together:.0} durable writes/s; one transaction each: {alone:.0}/s; {:.1} x",
        together / alone
    );
    Ok(())
}

/// Writes a second with everybody writing through the store.
fn group(folder: &std::path::Path) -> Result<f64, Box<dyn std::error::Error>> {
    let settings =
        StoreSettings { readers: 2, read_deadline: Duration::from_secs(2), slow: Duration::ZERO, replicated: false };
    let cards = CardMaker { layout: 0, make: Arc::new(|_| String::new()) };
    let store = Arc::new(Store::open(&DataFolder::open(folder)?, settings, cards)?);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
    let started = Instant::now();
    runtime.block_on(async {
        let callers = (0..CALLERS).map(|caller| {
            let store = store.clone();
            tokio::spawn(async move {
                for write in 0..WRITES_EACH {
                    let name = format!("bench-{caller}-{write}");
                    store.write(move |tx| Ok::<_, Error>(tx.setting_put(&name, "a row")?)).await?;
                }
                Ok::<_, Error>(())
            })
        });
        for caller in callers.collect::<Vec<_>>() {
            caller.await.map_err(|e| Error::Internal(e.to_string()))??;
        }
        Ok::<_, Error>(())
    })?;
    Ok((CALLERS * WRITES_EACH) as f64 / started.elapsed().as_secs_f64())
}

/// Writes a second with a transaction for each.
fn singles(path: &std::path::Path) -> Result<f64, Box<dyn std::error::Error>> {
    let connection = rusqlite::Connection::open(path)?;
    connection.execute_batch(
        "pragma journal_mode = wal; pragma synchronous = full; pragma cache_size = -16000;
         create table setting (name text primary key, value text not null) strict, without rowid;",
    )?;
    let writes = 2_000;
    let started = Instant::now();
    for write in 0..writes {
        let sql =
            "insert into setting (name, value) values (?1, ?2) on conflict (name) do update set value = excluded.value";
        connection.prepare_cached(sql)?.execute([format!("bench-{write}").as_str(), "a row"])?;
    }
    Ok(f64::from(writes) / started.elapsed().as_secs_f64())
}
