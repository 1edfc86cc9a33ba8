//! When a certificate is asked for: when a third of its time is left; after a failure later and later, each pause drawn at
//! random beyond its least, and never before the authority said. Usual bounds of authorities are five failures an hour for
//! a name and five equal certificates a week, so neither a shop that is started again and again nor a clock that is wrong
//! may lead to more.

use crate::certificate::{Period, Refused, Tries};
use crate::domain::Timestamp;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

/// The pause after the first failure, which doubles with each one, and the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(5 * 60);
const LONGEST_PAUSE: Duration = Duration::from_secs(12 * 3_600);
/// What an authority may ask for at most, so that a slip of its pen does not end everything.
const LONGEST_TOLD: Duration = Duration::from_secs(7 * 86_400);
/// From this failure on, the authority's word does not make a pause shorter.
const PATIENT_FROM: u32 = 3;
/// So many tries in an hour are made at once when the shop starts, since the owner may have mended what was wrong.
const AT_ONCE: usize = 3;
/// The least time between two certificates that came, whatever their period says.
const APART: Duration = Duration::from_secs(2 * 86_400);

/// When to ask next. `period` is that of a certificate that is in use and for all hosts.
pub fn due(period: Option<Period>, tries: &Tries, now: Timestamp) -> Timestamp {
    let mut due = now;
    if let Some(period) = period {
        let third = period.length() / 3;
        due = period.to.minus(third);
        if let Some(obtained) = tries.obtained.filter(|obtained| *obtained <= now) {
            due = due.max(obtained.plus(third.min(APART).max(MINUTE)));
        }
    }
    // A pause that ends in a far future was noted by a clock that was wrong.
    let pause = tries.next.filter(|next| tries.failures > 0 && *next <= now.plus(LONGEST_TOLD * 2));
    due.max(pause.unwrap_or(now)).max(now)
}

/// What is remembered, as a shop that starts takes it.
pub fn at_start(mut tries: Tries, now: Timestamp) -> Tries {
    forget(&mut tries, now);
    if !tries.told && tries.begun.len() < AT_ONCE {
        tries.next = None;
    }
    tries
}

/// Notes that something is tried. Whoever is killed then has tried as well.
pub fn begin(tries: &mut Tries, now: Timestamp) {
    forget(tries, now);
    tries.begun.push(now);
    tries.failures = tries.failures.saturating_add(1);
    "it did not come to its end".clone_into(&mut tries.why);
    tries.next = Some(now.plus(pause(tries.failures)));
    tries.told = false;
}

/// Notes that it came to nothing.
pub fn failed(tries: &mut Tries, refused: &Refused, now: Timestamp, chance: [u8; 1]) {
    refused.why.clone_into(&mut tries.why);
    let least = pause(tries.failures);
    let pause = match refused.wait.map(|told| told.clamp(Duration::from_secs(1), LONGEST_TOLD)) {
        Some(told) if tries.failures < PATIENT_FROM => told,
        Some(told) => told.max(least),
        None => least,
    };
    tries.told = refused.wait.is_some();
    // Up to a quarter more, so that shops that failed together do not come back together.
    tries.next = Some(now.plus(pause + pause / 4 * u32::from(chance[0]) / 255));
}

/// Notes that a certificate came.
pub fn succeeded(tries: &mut Tries, now: Timestamp) {
    *tries = Tries { obtained: Some(now), ..Tries::default() };
}

fn forget(tries: &mut Tries, now: Timestamp) {
    tries.begun.retain(|begun| *begun <= now && begun.plus(HOUR) > now);
}

fn pause(failures: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    fn day(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    /// Ninety days from the first of October on.
    fn usual() -> Option<Period> {
        Some(Period { from: day("2026-10-01"), to: day("2026-12-30") })
    }

    fn refused(seconds: Option<u64>) -> Refused {
        Refused { why: "so".to_owned(), wait: seconds.map(Duration::from_secs) }
    }

    #[test]
    fn certificate_is_renewed_with_a_third_of_its_time_left_and_never_soon_after_it_came() {
        let none = Tries::default();
        let now = day("2026-10-02");
        assert_eq!(due(None, &none, now), now);
        assert_eq!(due(usual(), &none, now), day("2026-11-30"));
        assert_eq!(due(usual(), &none, day("2026-12-24")), day("2026-12-24"));
        // Six days, as the short ones have.
        let short = Some(Period { from: day("2026-10-01"), to: day("2026-10-07") });
        assert_eq!(due(short, &none, now), day("2026-10-05"));
        // By a clock that is a year ahead every certificate has ended when it comes.
        let ahead = day("2027-10-02");
        let mut tries = Tries::default();
        succeeded(&mut tries, ahead);
        assert_eq!(due(usual(), &tries, ahead), ahead.plus(APART));
        // It is set right again: what it noted is in the future, and does not count.
        assert_eq!(due(usual(), &tries, day("2026-12-01")), day("2026-12-01"));
        let silly = Some(Period { from: now, to: now });
        succeeded(&mut tries, now);
        assert_eq!(due(silly, &tries, now), now.plus(MINUTE));
    }

    #[test]
    fn pauses_grow_and_keep_below_five_failures_an_hour() {
        let (mut tries, start) = (Tries::default(), day("2026-10-02"));
        let (mut now, mut times) = (start, Vec::new());
        for _ in 0..12 {
            times.push(now);
            begin(&mut tries, now);
            failed(&mut tries, &refused(None), now, [0]);
            let next = due(None, &tries, now);
            assert!(next > now);
            now = next;
        }
        for window in times.windows(5) {
            assert!(window[4].since(window[0]) > HOUR, "{window:?}");
        }
        assert_eq!(now.since(*times.last().unwrap()), LONGEST_PAUSE);
        // By chance up to a quarter longer.
        let mut tries = Tries::default();
        begin(&mut tries, start);
        failed(&mut tries, &refused(None), start, [255]);
        assert_eq!(due(None, &tries, start), start.plus(FIRST_PAUSE + FIRST_PAUSE / 4));
        succeeded(&mut tries, start);
        assert_eq!((tries.failures, tries.next, tries.why.as_str()), (0, None, ""));
    }

    #[test]
    fn word_of_the_authority_is_kept_also_by_a_shop_that_starts_again() {
        let (mut tries, now) = (Tries::default(), day("2026-10-02"));
        begin(&mut tries, now);
        failed(&mut tries, &refused(Some(2)), now, [0]);
        assert_eq!(due(None, &at_start(tries.clone(), now), now), now.plus(Duration::from_secs(2)));
        failed(&mut tries, &refused(Some(0)), now, [0]);
        assert!(due(None, &tries, now) > now, "never at once");
        // Whoever always says to come back soon is not taken by the word for ever.
        begin(&mut tries, now);
        begin(&mut tries, now);
        failed(&mut tries, &refused(Some(1)), now, [0]);
        assert_eq!(due(None, &tries, now), now.plus(FIRST_PAUSE * 4));
        failed(&mut tries, &refused(Some(86_400)), now, [0]);
        assert_eq!(due(None, &at_start(tries.clone(), now), now), now.plus(DAY));
        failed(&mut tries, &refused(Some(u64::MAX / 4)), now, [255]);
        assert!(tries.next.unwrap() <= now.plus(LONGEST_TOLD * 5 / 4));
    }

    #[test]
    fn shop_that_starts_again_and_again_tries_three_times_and_then_waits() {
        let (mut tries, now) = (Tries::default(), day("2026-10-02"));
        let mut at_once = 0;
        for second in 0..60 {
            let now = now.plus(Duration::from_secs(second));
            tries = at_start(tries, now);
            if due(None, &tries, now) == now {
                at_once += 1;
                // It is killed before it hears how it went.
                begin(&mut tries, now);
            }
        }
        assert_eq!(at_once, AT_ONCE);
        // An hour later what was tried then is forgotten.
        let later = now.plus(HOUR * 2);
        assert_eq!(due(None, &at_start(tries, later), later), later);
        // A pause that a wrong clock noted is none.
        let odd = Tries { failures: 9, told: true, next: Some(day("2036-01-01")), ..Tries::default() };
        assert_eq!(due(None, &at_start(odd, now), now), now);
    }
}
