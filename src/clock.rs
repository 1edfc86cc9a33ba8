//! Time and randomness come in here, so that everything below can be run with fixed ones.

use crate::domain::{Timestamp, hex};
use std::time::{SystemTime, UNIX_EPOCH};

/// The moment it is.
pub fn now() -> Timestamp {
    of(SystemTime::now())
}

/// A moment as the system tells it, such as that of a file.
pub fn of(time: SystemTime) -> Timestamp {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Random bytes from the operating system.
///
/// # Panics
/// When the operating system has none to give: nothing secret can be made then.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// Random bytes as lower-case hexadecimal.
pub fn random_hex<const N: usize>() -> String {
    hex(&random_bytes::<N>())
}

/// The moment it is, in microseconds since 1970: to tell what came first among things that happen at once.
pub fn micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
