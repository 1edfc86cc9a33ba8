//! Moments as UTC milliseconds, written as RFC 3339.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

/// 0001-01-01 and 9999-12-31, the years RFC 3339 can write.
const RANGE_MS: std::ops::RangeInclusive<i64> = -62_135_596_800_000..=253_402_300_799_999;

impl Timestamp {
    /// A moment from milliseconds, held within the years 1 to 9999.
    pub fn from_millis(ms: i64) -> Self {
        Self(ms.clamp(*RANGE_MS.start(), *RANGE_MS.end()))
    }

    /// Milliseconds since the epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The moment that much later.
    #[must_use]
    pub fn plus(self, wait: std::time::Duration) -> Self {
        Self::from_millis(self.0.saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)))
    }

    /// The moment that much earlier.
    #[must_use]
    pub fn minus(self, wait: std::time::Duration) -> Self {
        Self::from_millis(self.0.saturating_sub(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)))
    }

    /// How long it is from an earlier moment; nothing when that one is later.
    pub fn since(self, earlier: Self) -> std::time::Duration {
        std::time::Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Reads RFC 3339 with any offset; a bare date is midnight UTC. Finer than milliseconds is cut off.
    pub fn parse(text: &str) -> Option<Self> {
        let full = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
        let moment = OffsetDateTime::parse(&full, &Rfc3339).ok()?;
        i64::try_from(moment.unix_timestamp_nanos().div_euclid(1_000_000)).ok().map(Self::from_millis)
    }

    /// Writes `2026-01-31T09:05:00.000Z`. By hand, because a page holds forty of these and a general
    /// formatter takes ten times as long.
    pub fn to_rfc3339(self) -> String {
        let moment = OffsetDateTime::from_unix_timestamp(self.0.div_euclid(1000)).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let (year, month, day) = moment.to_calendar_date();
        let (hour, minute, second) = moment.to_hms();
        let mut text = Vec::with_capacity(24);
        let mut put = |value: u32, width: u32, after: u8| {
            for place in (0..width).rev() {
                text.push(b'0' + (value / 10_u32.pow(place) % 10) as u8);
            }
            text.push(after);
        };
        put(year.unsigned_abs(), 4, b'-');
        put(u32::from(u8::from(month)), 2, b'-');
        put(u32::from(day), 2, b'T');
        put(u32::from(hour), 2, b':');
        put(u32::from(minute), 2, b':');
        put(u32::from(second), 2, b'.');
        put(u32::try_from(self.0.rem_euclid(1000)).unwrap_or(0), 3, b'Z');
        text.into_iter().map(char::from).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;
    use proptest::prelude::*;

    #[test]
    fn writes_utc_with_milliseconds() {
        let moment = Timestamp::parse("2026-01-31T10:05:00.0009+01:00").unwrap();
        assert_eq!(moment.to_rfc3339(), "2026-01-31T09:05:00.000Z");
        assert_eq!(Timestamp::parse("2026-01-31").unwrap().to_rfc3339(), "2026-01-31T00:00:00.000Z");
        for bad in ["", "yesterday", "2026-13-01", "2026-01-31T25:00:00Z", "1738314300"] {
            assert!(Timestamp::parse(bad).is_none(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn round_trips(ms in -62_135_596_800_000i64..=253_402_300_799_999) {
            let moment = Timestamp::from_millis(ms);
            prop_assert_eq!(Timestamp::parse(&moment.to_rfc3339()), Some(moment));
        }
    }
}
