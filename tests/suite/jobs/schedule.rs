//! Chores that recur, by a clock that the tests set.

use super::{Clock, by, failing, run, work};
use crate::support::TestShop;
use nexus::domain::JobFailure;
use nexus::jobs::{Chore, Running, Work};
use nexus::services::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// Work that is nothing but a daily chore, and how often it was done.
fn daily(clock: &Clock, run: impl Fn() -> Running + Send + Sync + 'static) -> (Work, Arc<AtomicU32>) {
    let runs = Arc::new(AtomicU32::new(0));
    let counted = runs.clone();
    let run = move |_, _| {
        counted.fetch_add(1, Ordering::SeqCst);
        run()
    };
    let chore = Chore { name: "sweep_the_floor", every: Duration::from_secs(86_400), run: Arc::new(run) };
    let work = by(clock, work(failing("there are no jobs here")));
    (Work { chores: Arc::new([chore]), ..work }, runs)
}

/// What the schedule says of the chore: next, last, error.
fn noted(shop: &TestShop) -> (i64, Option<i64>, Option<String>) {
    let sql = "select next_at, last_run_at, last_error from schedule";
    let read = shop
        .shop
        .store()
        .read(|tx| Ok::<_, Error>(tx.query_one(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?));
    read.unwrap().unwrap()
}

fn fine() -> Running {
    Box::pin(async { Ok(()) })
}

#[test]
fn chore_runs_every_day_in_its_rhythm_and_makes_up_for_missed_days_once() {
    let (shop, clock) = (TestShop::new(), Clock::at(0));
    let (work, runs) = daily(&clock, fine);
    let at = |ms: i64| {
        clock.set(ms);
        run(&shop, &work);
        runs.load(Ordering::SeqCst)
    };
    assert_eq!([at(0), at(DAY - 1), at(DAY + 5), at(DAY + 6)], [0, 0, 1, 1]);
    assert_eq!(noted(&shop), (2 * DAY, Some(DAY + 5), None), "in rhythm, not five milliseconds later each day");
    assert_eq!([at(2 * DAY), at(2 * DAY + 1)], [2, 2]);
    // The shop is closed for a week.
    assert_eq!([at(9 * DAY + 7), at(9 * DAY + 8), at(10 * DAY + 6), at(10 * DAY + 7)], [3, 3, 3, 4]);
}

#[test]
fn chore_is_neither_repeated_nor_held_up_by_a_clock_that_is_set_back() {
    let (shop, clock) = (TestShop::new(), Clock::at(100 * DAY));
    let (work, runs) = daily(&clock, fine);
    let at = |ms: i64| {
        clock.set(ms);
        run(&shop, &work);
        runs.load(Ordering::SeqCst)
    };
    assert_eq!([at(100 * DAY), at(101 * DAY)], [0, 1]);
    // An hour back, over the moment of its last run: it is not run for the same day again.
    assert_eq!([at(101 * DAY - HOUR), at(101 * DAY + 1), at(102 * DAY)], [1, 1, 2]);
    // Fifty days back: a day later, not fifty.
    assert_eq!([at(50 * DAY), at(51 * DAY - 1), at(51 * DAY), at(52 * DAY)], [2, 2, 3, 4]);
}

#[test]
fn chore_that_fails_or_panics_is_noted_and_runs_again_the_next_day() {
    for panics in [false, true] {
        let (shop, clock) = (TestShop::new(), Clock::at(0));
        let (work, runs) = daily(&clock, move || {
            Box::pin(async move {
                assert!(!panics, "planted");
                Err(JobFailure::Temporary("the broom is gone".to_owned()))
            })
        });
        for day in 0..4 {
            clock.set(day * DAY);
            run(&shop, &work);
        }
        assert_eq!(runs.load(Ordering::SeqCst), 3);
        let (next, last, error) = noted(&shop);
        assert_eq!((next, last), (4 * DAY, Some(3 * DAY)));
        assert!(error.unwrap().contains(if panics { "panicked" } else { "broom" }));
    }
}

#[test]
fn chore_that_was_cut_off_runs_again_soon() {
    let (shop, clock) = (TestShop::new(), Clock::at(0));
    let (work, runs) = daily(&clock, fine);
    run(&shop, &work);
    let ctx =
        |ms| nexus::services::Ctx { now: nexus::domain::Timestamp::from_millis(ms), ..nexus::services::Ctx::shop() };
    let day = Duration::from_secs(86_400);
    // Claimed, and then the program is killed.
    let claimed = crate::support::wait(shop.shop.schedule_claim(&ctx(DAY), vec![("sweep_the_floor", day)])).unwrap();
    assert_eq!(claimed.due.len(), 1);
    clock.set(DAY + HOUR);
    run(&shop, &work);
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}
