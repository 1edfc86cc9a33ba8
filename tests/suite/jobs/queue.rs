//! The queue in the database: what is added, claimed, given back and given up, and its bounds.

use super::{Clock, a_job, add, add_at, by, count, failing, jobs, noting, run, the_job, work};
use crate::support::{TestShop, wait};
use nexus::domain::{Job, JobFailure, JobId, JobState};
use nexus::jobs::Ran;
use nexus::services::jobs::Finished;
use nexus::services::{Actor, Ctx, Error};
use std::sync::{Arc, Mutex};

const DAY: i64 = 86_400_000;

#[test]
fn job_added_in_a_write_that_fails_is_not_there() {
    let shop = TestShop::new();
    let now = Ctx::shop().now;
    let failed = shop.shop.store().write_blocking(move |tx| {
        tx.job_add(&a_job("never"), now)?;
        Err::<(), _>(Error::Stale)
    });
    assert!(matches!(failed, Err(Error::Stale)));
    let panicked = shop.shop.store().write_blocking(move |tx| -> Result<(), Error> {
        tx.job_add(&a_job("never"), now)?;
        panic!("planted")
    });
    assert!(panicked.is_err());
    assert!(jobs(&shop.shop).is_empty());
    add(&shop.shop, a_job("there"));
    assert_eq!(jobs(&shop.shop).len(), 1);
}

#[test]
fn job_is_run_once_and_gone_and_one_that_is_not_due_waits() {
    let shop = TestShop::new();
    let (seen, clock) = (Arc::new(Mutex::new(Vec::new())), Clock::at(1_000));
    let work = by(&clock, work(noting(&seen)));
    for (subject, due) in [("second", 900), ("later", 5_000), ("first", 500)] {
        add_at(&shop.shop, a_job(subject), 100, due, None).unwrap();
    }
    assert_eq!(run(&shop, &work), Ran { done: 2, ..Ran::default() });
    assert_eq!(run(&shop, &work), Ran::default());
    let mut ran = seen.lock().unwrap().clone();
    ran.sort();
    assert_eq!(ran, ["first", "second"]);
    assert_eq!(the_job(&shop.shop).run_at.millis(), 5_000);
    clock.set(5_000);
    assert_eq!(run(&shop, &work).done, 1);
    assert!(jobs(&shop.shop).is_empty());
}

#[test]
fn job_with_a_key_that_waits_or_runs_already_is_not_added_again() {
    let shop = TestShop::new();
    let added = |key| add_at(&shop.shop, a_job("x"), 1, 1, Some(key)).unwrap();
    assert!(added("a").is_some() && added("b").is_some());
    assert_eq!(added("a"), None);
    let claimed = wait(shop.shop.job_claim(&Ctx::shop(), 1, Vec::new())).unwrap();
    assert_eq!(added("a"), None, "it is running");
    wait(shop.shop.job_finish(&Ctx::shop(), vec![(claimed[0].claim, Ok(()))])).unwrap();
    assert!(added("a").is_some());
    // A dead one does not stand in the way.
    let claimed = wait(shop.shop.job_claim(&Ctx::shop(), 10, Vec::new())).unwrap();
    let dead = |claim| (claim, Err(JobFailure::Permanent("no".to_owned())));
    wait(shop.shop.job_finish(&Ctx::shop(), claimed.iter().map(|job| dead(job.claim)).collect())).unwrap();
    assert_eq!(count(&shop.shop, JobState::Dead), 2);
    assert!(added("a").is_some());
}

#[test]
fn claim_that_ran_out_is_anybodys_and_its_first_holder_has_no_say() {
    let shop = TestShop::new();
    add(&shop.shop, a_job("x"));
    let now = Ctx::shop();
    let late = Ctx { now: now.now.plus(std::time::Duration::from_secs(301)), ..now.clone() };
    let first = wait(shop.shop.job_claim(&now, 4, Vec::new())).unwrap();
    assert_eq!(first.len(), 1);
    assert!(wait(shop.shop.job_claim(&now, 4, Vec::new())).unwrap().is_empty(), "it is leased");
    assert!(wait(shop.shop.job_claim(&late, 4, vec![first[0].claim.id])).unwrap().is_empty(), "its holder is at it");
    let second = wait(shop.shop.job_claim(&late, 4, Vec::new())).unwrap();
    assert_eq!((second[0].claim.id, second[0].claim.attempt), (first[0].claim.id, 2));
    let finish = |claim, outcome| wait(shop.shop.job_finish(&late, vec![(claim, outcome)])).unwrap();
    for outcome in [Ok(()), Err(JobFailure::Permanent("x".into())), Err(JobFailure::Temporary("x".into()))] {
        assert_eq!(finish(first[0].claim, outcome), [Finished::Lost]);
    }
    wait(shop.shop.job_release(&late, vec![first[0].claim])).unwrap();
    assert_eq!(the_job(&shop.shop).state, JobState::Running);
    assert_eq!(finish(second[0].claim, Ok(())), [Finished::Done]);
    assert!(jobs(&shop.shop).is_empty());
}

#[test]
fn job_that_fails_is_tried_less_and_less_often_and_ends_dead_until_it_is_revived() {
    let shop = TestShop::new();
    let clock = Clock::at(0);
    let failing = by(&clock, work(failing("the mail is on strike")));
    add_at(&shop.shop, a_job("x"), 0, 0, None).unwrap();
    let (mut attempts, mut longest) = (0, 0);
    while count(&shop.shop, JobState::Dead) == 0 {
        attempts += 1;
        let ran = run(&shop, &failing);
        assert_eq!(ran.retried + ran.dead, 1, "{ran:?}");
        let job = the_job(&shop.shop);
        assert_eq!((job.attempts, job.last_error.as_deref()), (attempts, Some("the mail is on strike")));
        let pause = job.run_at.millis() - clock.now();
        let limit = (10_000_i64 << (attempts - 1)).min(6 * 3_600_000);
        assert!(ran.dead == 1 || (1_000..=limit).contains(&pause), "attempt {attempts}: {pause} ms");
        assert_eq!(run(&shop, &failing), Ran::default(), "it is not due yet");
        longest = longest.max(pause);
        clock.set(job.run_at.millis().max(clock.now()));
    }
    assert_eq!(attempts, 16);
    assert!(longest > 60_000, "the pauses do not grow: {longest} ms");
    clock.set(clock.now() + DAY);
    assert_eq!(run(&shop, &failing), Ran::default(), "a dead job rests");

    let id = the_job(&shop.shop).id;
    let revived = wait(shop.shop.job_retry(&Ctx::owner(), id)).unwrap();
    assert_eq!((revived.state, revived.attempts), (JobState::Waiting, 0));
    let seen = Arc::new(Mutex::new(Vec::new()));
    assert_eq!(run(&shop, &work(noting(&seen))).done, 1);
    let gone = wait(shop.shop.job_retry(&Ctx::owner(), id));
    assert!(matches!(gone, Err(Error::NotFound("job"))), "{gone:?}");
}

#[test]
fn job_of_a_kind_nobody_knows_is_dead_at_once_and_says_so() {
    let shop = TestShop::new();
    let forge = "insert into job (kind, payload, run_at, created_at, updated_at) values \
                 ('brew_coffee', '{\"for\": \"ann@example.test\"}', 0, 0, 0), ('mail', '{\"to\": 1}', 0, 0, 0)";
    shop.shop.store().write_blocking(move |tx| Ok::<_, Error>(tx.execute(forge, [])?)).unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    assert_eq!(run(&shop, &work(noting(&seen))), Ran { dead: 2, ..Ran::default() });
    assert!(seen.lock().unwrap().is_empty());
    for job in jobs(&shop.shop) {
        let error = job.last_error.unwrap();
        assert!(error.contains(&job.kind) && !error.contains("ann@"), "{error}");
    }
}

#[test]
fn job_that_is_cut_off_in_every_attempt_is_given_up() {
    let shop = TestShop::new();
    add(&shop.shop, a_job("x"));
    let mut ctx = Ctx::shop();
    for attempt in 1..=16 {
        let claimed = wait(shop.shop.job_claim(&ctx, 4, Vec::new())).unwrap();
        assert_eq!(claimed[0].claim.attempt, attempt);
        ctx.now = ctx.now.plus(std::time::Duration::from_secs(301));
    }
    assert!(wait(shop.shop.job_claim(&ctx, 4, Vec::new())).unwrap().is_empty());
    let job = the_job(&shop.shop);
    assert_eq!(job.state, JobState::Dead);
    assert!(job.last_error.unwrap().contains("cut off"));
}

/// Fills the queue with this many jobs of a state, changed one millisecond after the other.
fn fill(shop: &TestShop, count: i64, state: &'static str) {
    let sql = "with recursive n (i) as (select 1 union all select i + 1 from n where i < ?1) \
               insert into job (kind, payload, state, run_at, created_at, updated_at) \
               select 'mail', '{}', ?2, 9000000000000, i, i from n";
    wait(shop.shop.store().write_alone(move |tx| Ok::<_, Error>(tx.execute(sql, (count, state))?))).unwrap();
}

#[test]
fn queue_that_is_full_refuses_as_busy_and_takes_jobs_again_when_there_is_room() {
    let shop = TestShop::new();
    fill(&shop, 99_999, "waiting");
    let id = add(&shop.shop, a_job("the last one"));
    let refused = add_at(&shop.shop, a_job("one too many"), 1, 1, None);
    assert!(matches!(refused, Err(Error::Busy)), "{refused:?}");
    assert_eq!(count(&shop.shop, JobState::Waiting), 100_000);
    let started = std::time::Instant::now();
    let claimed = wait(shop.shop.job_claim(&Ctx::shop(), 4, Vec::new())).unwrap();
    assert!(started.elapsed() < std::time::Duration::from_secs(1), "claiming scans the queue");
    assert_eq!(claimed.iter().map(|job| job.claim.id).collect::<Vec<JobId>>(), [id]);
    assert!(add_at(&shop.shop, a_job("there is room"), 1, 1, None).is_ok());
}

#[test]
fn dead_jobs_are_bounded_in_number_and_age() {
    let shop = TestShop::new();
    fill(&shop, 10_005, "dead");
    add(&shop.shop, a_job("x"));
    let claimed = wait(shop.shop.job_claim(&Ctx::shop(), 1, Vec::new())).unwrap();
    let dead = vec![(claimed[0].claim, Err(JobFailure::Permanent("x".repeat(5_000))))];
    wait(shop.shop.job_finish(&Ctx::shop(), dead)).unwrap();
    assert_eq!(count(&shop.shop, JobState::Dead), 10_000);
    let newest = shop.shop.job_list(&Ctx::owner(), Some(JobState::Dead)).unwrap().remove(0);
    assert_eq!((newest.id, newest.last_error.unwrap().len()), (claimed[0].claim.id, 500));
    assert_eq!(wait(shop.shop.job_sweep(&Ctx::shop())).unwrap(), 9_999, "all but the one that died just now");
    let month = Ctx { now: Ctx::shop().now.plus(std::time::Duration::from_secs(31 * 86_400)), ..Ctx::shop() };
    assert_eq!(wait(shop.shop.job_sweep(&month)).unwrap(), 1);
}

#[test]
fn clock_that_is_set_back_lets_jobs_wait_as_long_as_they_were_to_and_no_longer() {
    let shop = TestShop::new();
    let (seen, clock) = (Arc::new(Mutex::new(Vec::new())), Clock::at(9 * DAY));
    let work = by(&clock, work(noting(&seen)));
    add_at(&shop.shop, a_job("x"), 9 * DAY, 9 * DAY + 5_000, None).unwrap();
    assert_eq!(run(&shop, &work), Ran::default());
    clock.set(DAY);
    wait(shop.shop.job_realign(&Ctx { now: nexus::domain::Timestamp::from_millis(DAY), ..Ctx::shop() })).unwrap();
    assert_eq!(the_job(&shop.shop).run_at.millis(), DAY + 5_000);
    assert_eq!(run(&shop, &work), Ran::default());
    clock.set(DAY + 5_000);
    assert_eq!(run(&shop, &work).done, 1);
}

#[test]
fn jobs_are_the_admins_alone() {
    let shop = TestShop::new();
    let id = add(&shop.shop, a_job("x"));
    let nobody = Ctx::now(Actor::Anonymous);
    assert!(matches!(shop.shop.job_list(&nobody, None), Err(Error::Unauthenticated)));
    assert!(matches!(wait(shop.shop.job_retry(&nobody, id)), Err(Error::Unauthenticated)));
    assert!(matches!(wait(shop.shop.job_claim(&nobody, 1, Vec::new())), Err(Error::Unauthenticated)));
    let Job::Mail(letter) = a_job("x");
    assert!(wait(shop.shop.mail_send(&nobody, letter)).is_err());
    assert_eq!(the_job(&shop.shop).state, JobState::Waiting);
}
