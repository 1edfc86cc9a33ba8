//! Encoded bodies of public catalog answers, kept ready to send.
//!
//! Each body is kept with a stamp of what it depends on, taken before it was read. A write advances the counters
//! of what it touched before it is acknowledged, so the very next request for something it touched reads anew,
//! while bodies that depend on other things stay.

use crate::generations::{Generations, Stamp};
use bytes::Bytes;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A body and what it depends on.
#[derive(Clone)]
pub struct Kept {
    /// Encoded JSON.
    pub body: Bytes,
    /// Its tag.
    pub etag: String,
    stamp: Stamp,
}

#[derive(Clone)]
struct Bytewise;

impl Weighter<String, Kept> for Bytewise {
    fn weight(&self, key: &String, kept: &Kept) -> u64 {
        // The entry's own bookkeeping is about 200 bytes.
        (key.len() + kept.body.len() + 200) as u64
    }
}

/// The bodies, bounded in bytes; least useful ones go first. Clones share them.
#[derive(Clone)]
pub struct Bodies(Option<Arc<Shelf>>);

struct Shelf {
    cache: Cache<String, Kept, Bytewise>,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl Bodies {
    /// Room for this many bytes; none keeps nothing.
    pub fn new(max_bytes: Option<u64>) -> Self {
        Self(max_bytes.map(|bytes| {
            let bodies = usize::try_from(bytes / 4096).unwrap_or(1).max(16);
            let cache = Cache::with_weighter(bodies, bytes, Bytewise);
            Arc::new(Shelf { cache, hits: AtomicU64::new(0), misses: AtomicU64::new(0) })
        }))
    }

    /// A body that still holds.
    pub fn get(&self, key: &str, generations: &Generations) -> Option<Kept> {
        let shelf = self.0.as_ref()?;
        let found = shelf.cache.get(key).filter(|kept| generations.is_current(&kept.stamp));
        if found.is_some() { &shelf.hits } else { &shelf.misses }.fetch_add(1, Ordering::Relaxed);
        found
    }

    /// How often a body was looked for and found.
    pub fn hits(&self) -> u64 {
        self.0.as_ref().map_or(0, |shelf| shelf.hits.load(Ordering::Relaxed))
    }

    /// How often it was not there, or did not hold any more.
    pub fn misses(&self) -> u64 {
        self.0.as_ref().map_or(0, |shelf| shelf.misses.load(Ordering::Relaxed))
    }

    /// Memory in use.
    pub fn bytes(&self) -> u64 {
        self.0.as_ref().map_or(0, |shelf| shelf.cache.weight())
    }

    /// How many there are.
    pub fn entries(&self) -> u64 {
        self.0.as_ref().map_or(0, |shelf| shelf.cache.len() as u64)
    }

    /// Keeps a body; `stamp` was taken before it was read.
    pub fn keep(&self, key: String, body: Bytes, etag: String, stamp: Stamp) -> Kept {
        let kept = Kept { etag, body, stamp };
        if let Some(shelf) = &self.0 {
            shelf.cache.insert(key, kept.clone());
        }
        kept
    }
}
