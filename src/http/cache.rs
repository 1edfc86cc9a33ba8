//! Encoded bodies of public catalog answers, kept ready to send.
//!
//! Each body is kept with a stamp of what it depends on, taken before it was read. A write advances the counters
//! of what it touched before it is acknowledged, so the very next request for something it touched reads anew,
//! while bodies that depend on other things stay.

use crate::generations::{Generations, Stamp};
use bytes::Bytes;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

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

/// The bodies, bounded in bytes; least useful ones go first.
pub struct Bodies(Option<Cache<String, Kept, Bytewise>>);

impl Bodies {
    /// Room for this many bytes; none keeps nothing.
    pub fn new(max_bytes: Option<u64>) -> Self {
        Self(max_bytes.map(|bytes| {
            let bodies = usize::try_from(bytes / 4096).unwrap_or(1).max(16);
            Cache::with_weighter(bodies, bytes, Bytewise)
        }))
    }

    /// A body that still holds.
    pub fn get(&self, key: &str, generations: &Generations) -> Option<Kept> {
        self.0.as_ref()?.get(key).filter(|kept| generations.is_current(&kept.stamp))
    }

    /// Keeps a body; `stamp` was taken before it was read.
    pub fn keep(&self, key: String, body: Bytes, etag: String, stamp: Stamp) -> Kept {
        let kept = Kept { etag, body, stamp };
        if let Some(cache) = &self.0 {
            cache.insert(key, kept.clone());
        }
        kept
    }
}
