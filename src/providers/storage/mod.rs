//! Keeping files on other machines.

mod s3;

pub use s3::S3;

use std::path::Path;

/// Storage elsewhere. Calls block until the file is there.
pub trait ObjectStore: Send + Sync {
    /// Keeps a file under a name; one that was there before is replaced.
    fn put(&self, name: &str, file: &Path) -> Result<(), String>;
}
