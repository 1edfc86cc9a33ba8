//! The runner: what wakes it, what it bears, and how it ends.

use super::{a_job, add, add_at, count, jobs, noting, subject, work};
use crate::binary::eventually;
use crate::support::TestShop;
use nexus::domain::{Job, JobState};
use nexus::jobs::{Runner, Running, Work};
use nexus::services::{Ctx, Error};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

const PATIENCE: Duration = Duration::from_secs(20);

fn start(shop: &TestShop, work: Work) -> Runner {
    Runner::start(shop.shop.clone(), work).unwrap()
}

/// Ends a runner that has time to finish.
fn end(runner: Runner) {
    runner.end(Instant::now() + PATIENCE);
}

#[test]
fn runner_wakes_for_a_job_that_was_just_committed_and_for_one_that_falls_due() {
    let shop = TestShop::new();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let runner = start(&shop, work(noting(&seen)));
    let now = Ctx::shop().now.millis();
    add_at(&shop.shop, a_job("soon"), now, now + 400, None).unwrap();
    for n in 0..20 {
        add(&shop.shop, a_job(&format!("job {n}")));
        // Far below the minute after which it would look by itself.
        eventually("the job has run", PATIENCE, || seen.lock().unwrap().contains(&format!("job {n}")));
    }
    eventually("the job that was due later has run", PATIENCE, || seen.lock().unwrap().contains(&"soon".to_owned()));
    eventually("all are noted", PATIENCE, || jobs(&shop.shop).is_empty());
    assert!(Ctx::shop().now.millis() < now + 50_000, "it only looked once a minute");
    end(runner);
}

#[test]
fn job_is_never_run_by_two_at_once_nor_twice() {
    let shop = TestShop::new();
    let runs: Arc<Mutex<HashMap<String, usize>>> = Arc::default();
    let (active, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let perform = {
        let (runs, active, most) = (runs.clone(), active.clone(), most.clone());
        move |job: Job| -> Running {
            *runs.lock().unwrap().entry(subject(&job)).or_default() += 1;
            let (active, most) = (active.clone(), most.clone());
            Box::pin(async move {
                most.fetch_max(active.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(5)).await;
                active.fetch_sub(1, Ordering::SeqCst);
                Ok(())
            })
        }
    };
    let work = work(perform);
    for n in 0..60 {
        add(&shop.shop, a_job(&format!("{n}")));
    }
    let runners = [start(&shop, work.clone()), start(&shop, work)];
    eventually("all jobs are done", PATIENCE, || jobs(&shop.shop).is_empty());
    runners.into_iter().for_each(end);
    let runs = runs.lock().unwrap();
    assert_eq!((runs.len(), runs.values().max()), (60, Some(&1)), "{runs:?}");
    let most = most.load(Ordering::SeqCst);
    assert!((3..=8).contains(&most), "two runners of four ran {most} at once");
}

#[test]
fn runner_runs_four_at_once_and_no_more() {
    let shop = TestShop::new();
    let gate = Arc::new(Semaphore::new(0));
    let begun = Arc::new(AtomicUsize::new(0));
    let (at_gate, counted) = (gate.clone(), begun.clone());
    let runner = start(
        &shop,
        work(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            let gate = at_gate.clone();
            Box::pin(async move {
                gate.acquire().await.unwrap().forget();
                Ok(())
            })
        }),
    );
    for n in 0..9 {
        add(&shop.shop, a_job(&format!("{n}")));
    }
    eventually("four have begun", PATIENCE, || begun.load(Ordering::SeqCst) == 4);
    assert_eq!((count(&shop.shop, JobState::Running), count(&shop.shop, JobState::Waiting)), (4, 5));
    gate.add_permits(1);
    eventually("a fifth has begun", PATIENCE, || begun.load(Ordering::SeqCst) == 5);
    gate.add_permits(100);
    eventually("all are done", PATIENCE, || jobs(&shop.shop).is_empty());
    end(runner);
}

#[test]
fn handler_that_panics_or_never_ends_costs_an_attempt_and_stops_nobody() {
    let shop = TestShop::new();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let note = noting(&seen);
    let perform = move |job: Job| -> Running {
        match subject(&job).as_str() {
            "panics at once" => panic!("planted"),
            "panics later" => Box::pin(async {
                tokio::task::yield_now().await;
                panic!("planted")
            }),
            "never ends" => Box::pin(std::future::pending()),
            _ => note(job),
        }
    };
    let runner = start(&shop, Work { deadline: Duration::from_millis(200), ..work(perform) });
    for round in 0..8 {
        for bad in ["panics at once", "panics later", "never ends"] {
            add(&shop.shop, a_job(bad));
        }
        add(&shop.shop, a_job(&format!("good {round}")));
    }
    let good = || seen.lock().unwrap().len();
    eventually("the good ones are done", PATIENCE, || good() == 8);
    eventually("the bad ones wait for another attempt", PATIENCE, || {
        let jobs = jobs(&shop.shop);
        jobs.len() == 24 && jobs.iter().all(|job| job.last_error.is_some())
    });
    let errors: Vec<String> = jobs(&shop.shop).into_iter().map(|job| job.last_error.unwrap()).collect();
    assert_eq!(errors.iter().filter(|e| e.contains("panicked")).count(), 16, "{errors:?}");
    assert_eq!(errors.iter().filter(|e| e.contains("took longer")).count(), 8, "{errors:?}");
    add(&shop.shop, a_job("after all that"));
    eventually("it still runs jobs", PATIENCE, || good() == 9);
    runner.end(Instant::now());
}

#[test]
fn runner_that_is_stopped_finishes_what_ends_in_time_and_gives_the_rest_back() {
    let shop = TestShop::new();
    let gate = Arc::new(Semaphore::new(0));
    let begun = Arc::new(AtomicUsize::new(0));
    let (at_gate, counted) = (gate.clone(), begun.clone());
    let perform = move |job: Job| -> Running {
        counted.fetch_add(1, Ordering::SeqCst);
        let gate = at_gate.clone();
        Box::pin(async move {
            if subject(&job) == "stuck" {
                std::future::pending::<()>().await;
            }
            gate.acquire().await.unwrap().forget();
            Ok(())
        })
    };
    let runner = start(&shop, work(perform));
    add(&shop.shop, a_job("stuck"));
    add(&shop.shop, a_job("slow"));
    eventually("both have begun", PATIENCE, || begun.load(Ordering::SeqCst) == 2);
    let stop = runner.stop();
    stop.by(Instant::now() + Duration::from_secs(2));
    add(&shop.shop, a_job("too late"));
    gate.add_permits(1);
    // The first word counts.
    runner.end(Instant::now() + Duration::from_secs(3_600));
    let left: Vec<_> = jobs(&shop.shop).into_iter().map(|job| (job.state, job.attempts)).collect();
    assert_eq!(left, [(JobState::Waiting, 1), (JobState::Waiting, 0)], "the stuck one and the late one wait");
    assert_eq!(begun.load(Ordering::SeqCst), 2);
}

/// Handlers should not block the threads they run on; when they do, the shop can still be closed.
#[test]
fn runner_whose_handlers_all_block_their_threads_still_ends() {
    let shop = TestShop::new();
    let (begun, gate) = (Arc::new(AtomicUsize::new(0)), Arc::new(std::sync::RwLock::new(())));
    let closed = gate.write().unwrap();
    let (counted, at_gate) = (begun.clone(), gate.clone());
    let perform = move |_| -> Running {
        let (counted, gate) = (counted.clone(), at_gate.clone());
        Box::pin(async move {
            counted.fetch_add(1, Ordering::SeqCst);
            drop(gate.read());
            Ok(())
        })
    };
    let runner = start(&shop, work(perform));
    for n in 0..5 {
        add(&shop.shop, a_job(&format!("{n}")));
    }
    eventually("four have begun", PATIENCE, || begun.load(Ordering::SeqCst) == 4);
    let asked = Instant::now();
    runner.end(Instant::now() + Duration::from_millis(200));
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    assert_eq!(count(&shop.shop, JobState::Waiting), 5);
    drop(closed);
}

/// As on a full disk, which takes the effect of a job but not the note that it is done.
#[test]
fn job_done_that_cannot_be_noted_is_noted_later_and_not_done_again() {
    let shop = TestShop::new();
    let script = |sql: &'static str| {
        shop.shop.store().write_blocking(move |tx| Ok::<_, Error>(tx.execute_script(sql)?)).unwrap();
    };
    script("create trigger planted before delete on job begin select raise(abort, 'planted'); end");
    let seen = Arc::new(Mutex::new(Vec::new()));
    let runner = start(&shop, work(noting(&seen)));
    add(&shop.shop, a_job("x"));
    eventually("the job is done", PATIENCE, || seen.lock().unwrap().len() == 1);
    // The runner is awake and asks again, while the note is refused.
    for n in 0..10 {
        add_at(&shop.shop, a_job(&format!("{n}")), 0, i64::MAX, None).unwrap();
        assert_eq!(jobs(&shop.shop)[0].state, JobState::Running);
    }
    script("drop trigger planted");
    eventually("the job is noted", PATIENCE, || count(&shop.shop, JobState::Running) == 0);
    assert_eq!((seen.lock().unwrap().len(), jobs(&shop.shop).len()), (1, 10));
    end(runner);
}
