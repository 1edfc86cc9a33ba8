//! What can go wrong in the store, told apart by what the caller can do about it.

use std::fmt;

/// Why a read or a write did not happen.
#[derive(Clone, Debug)]
pub enum StoreError {
    /// A uniqueness or reference rule of the schema refused the write; names the columns.
    Conflict(String),
    /// Every connection is taken or the write queue is full: try again shortly.
    Busy,
    /// The statement ran longer than its deadline.
    Timeout,
    /// The disk is full; reads still work.
    Full,
    /// The disk failed during a commit: whether the write happened is unknown until it is looked up.
    Unavailable(String),
    /// A defect: bad SQL, a panic, a damaged file.
    Internal(String),
}

/// The outcome of a store call.
pub type StoreResult<T> = Result<T, StoreError>;

impl StoreError {
    /// What the engine said, where it said something.
    pub fn cause(&self) -> String {
        match self {
            Self::Internal(why) | Self::Unavailable(why) => why.clone(),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict(what) => write!(f, "conflict on {what}"),
            Self::Busy => f.write_str("the store is busy"),
            Self::Timeout => f.write_str("the statement took too long"),
            Self::Full => f.write_str("the disk is full"),
            Self::Unavailable(why) => write!(f, "the disk failed: {why}"),
            Self::Internal(why) => write!(f, "internal store error: {why}"),
        }
    }
}

impl std::error::Error for StoreError {}
