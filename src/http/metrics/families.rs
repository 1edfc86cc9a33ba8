//! What the numbers are called outside: names and units by the conventions of Prometheus. Names are for good; what is
//! named here stands in `docs/monitoring.md` and `docs/grafana.json`.

use super::exposition::{Family, Labels, Sample};
use super::traffic::Traffic;
use crate::counters::{Count, Counters, Doorway, Histogram, Refused};
use crate::http::cache::Bodies;
use crate::machine::{self, Usage};
use crate::services::{Shop, Vitals};
use std::borrow::Cow;
use std::time::Duration;

/// All of them.
pub(super) fn all(shop: &Shop, vitals: &Vitals, bodies: &Bodies, traffic: &Traffic) -> Vec<Family> {
    let mut all = of_process(vitals);
    all.extend(of_http(traffic, bodies));
    all.extend(of_edge(shop.counters().doorway()));
    all.extend(of_store(shop.counters(), vitals));
    all.extend(of_work(shop.counters(), vitals));
    all.extend(of_selling(shop.counters(), shop.settings().currency().code()));
    all.extend(of_care(shop.counters(), vitals));
    all
}

fn gauge(name: &'static str, help: &'static str, number: f64) -> Family {
    Family::new(name, help).of(Sample::Gauge(number))
}

/// A gauge that is left out where it is not known.
fn known(name: &'static str, help: &'static str, number: Option<f64>) -> Family {
    Family::new(name, help).all(number.map(|number| (Labels::new(), Sample::Gauge(number))))
}

fn counter(name: &'static str, help: &'static str, number: u64) -> Family {
    Family::new(name, help).of(Sample::Counter(float(number)))
}

/// One counter for each value of a label.
fn counters<const N: usize>(
    (name, help): (&'static str, &'static str),
    label: &'static str,
    counters: &Counters,
    of: [(&'static str, Count); N],
) -> Family {
    let one = |(value, what): (&'static str, Count)| {
        (vec![(label, Cow::Borrowed(value))], Sample::Counter(float(counters.get(what))))
    };
    Family::new(name, help).all(of.into_iter().map(one))
}

/// A histogram of numbers that are `per` to the unit it is told in.
fn histogram(of: &Histogram, per: f64) -> Sample {
    let buckets: Vec<(f64, u64)> =
        of.buckets().map(|(bound, number)| (bound.map_or(f64::INFINITY, |bound| float(bound) / per), number)).collect();
    let count = buckets.iter().map(|(_, number)| number).sum();
    Sample::Histogram { sum: float(of.sum()) / per, count, buckets }
}

const MICROS: f64 = 1_000_000.0;

#[expect(clippy::cast_precision_loss, reason = "all numbers of Prometheus are floats")]
fn float(number: u64) -> f64 {
    number as f64
}

fn seconds(time: Duration) -> f64 {
    time.as_secs_f64()
}

fn at(moment: crate::domain::Timestamp) -> f64 {
    Duration::from_millis(u64::try_from(moment.millis()).unwrap_or(0)).as_secs_f64()
}

fn of_process(vitals: &Vitals) -> Vec<Family> {
    let usage = Usage::now();
    let build = vec![("version", machine::VERSION.into()), ("commit", machine::COMMIT.unwrap_or("unknown").into())];
    let started = at(crate::clock::now()) - seconds(vitals.uptime);
    let cpu = usage.cpu_seconds.map(|used| (Labels::new(), Sample::Counter(used)));
    vec![
        Family::new("nexus_build_info", "The program that runs").with(build, Sample::Gauge(1.0)),
        gauge("nexus_uptime_seconds", "How long the shop has been open", seconds(vitals.uptime)),
        gauge("process_start_time_seconds", "When the shop was opened, since 1970", started),
        known("process_resident_memory_bytes", "Memory in use", usage.resident_bytes.map(float)),
        known("process_open_fds", "Files and sockets that are open", usage.open_files.map(float)),
        known("process_max_fds", "How many files and sockets may be open", usage.most_files.map(float)),
        Family::new("process_cpu_seconds", "Processor time used").all(cpu),
    ]
}

fn of_http(traffic: &Traffic, bodies: &Bodies) -> Vec<Family> {
    let labels = |method: &'static str, template: &str| {
        vec![("method", Cow::Borrowed(method)), ("route", Cow::Owned(template.to_owned()))]
    };
    let requests = traffic.used().flat_map(|route| {
        route.statuses().map(move |(status, number)| {
            let mut labels = labels(route.method, &route.template);
            labels.push(("status", status.into()));
            (labels, Sample::Counter(float(number)))
        })
    });
    let took = traffic.used().map(|r| (labels(r.method, &r.template), histogram(&r.took, MICROS)));
    let lookups = |result: &'static str, number: u64| (vec![("result", result.into())], Sample::Counter(float(number)));
    vec![
        Family::new("nexus_http_requests", "Requests answered, by route").all(requests),
        Family::new("nexus_http_request_duration_seconds", "How long answers took, by route").all(took),
        Family::new("nexus_cache_lookups", "Bodies looked for among those kept ready")
            .all([lookups("hit", bodies.hits()), lookups("miss", bodies.misses())]),
        gauge("nexus_cache_bytes", "Memory of the bodies kept ready", float(bodies.bytes())),
        gauge("nexus_cache_entries", "Bodies kept ready", float(bodies.entries())),
    ]
}

fn of_edge(doorway: &Doorway) -> Vec<Family> {
    let refused = Refused::ALL
        .into_iter()
        .map(|why| (vec![("reason", Cow::Borrowed(reason(why)))], Sample::Counter(float(doorway.refused(why)))));
    vec![
        gauge("nexus_edge_connections", "Connections that clients have to the edge", float(doorway.connections())),
        Family::new("nexus_edge_refusals", "What the edge did not let through, by reason").all(refused),
    ]
}

fn reason(why: Refused) -> &'static str {
    match why {
        Refused::Malformed => "malformed",
        Refused::Slow => "slow",
        Refused::LargeBody => "large_body",
        Refused::LongUri => "long_uri",
        Refused::LargeHeaders => "large_headers",
        Refused::ForeignHost => "foreign_host",
        Refused::NotExpected => "not_expected",
        Refused::NotImplemented => "not_implemented",
        Refused::Unanswered => "unanswered",
        Refused::Busy => "busy",
        Refused::Late => "late",
        Refused::Full => "full",
        Refused::Displaced => "displaced",
        Refused::Stalled => "stalled",
        Refused::Handshake => "handshake",
    }
}

fn of_store(counters: &Counters, vitals: &Vitals) -> Vec<Family> {
    vec![
        gauge("nexus_store_write_queue_length", "Writes that wait for the writer", float(counters.queue_length())),
        counter(
            "nexus_store_writes_refused",
            "Writes refused since the queue was full",
            counters.get(Count::WritesRefused),
        ),
        Family::new("nexus_store_commit_duration_seconds", "How long commits took until they were on disk")
            .of(histogram(&counters.commit, MICROS)),
        Family::new("nexus_store_batch_size", "Writes that shared a commit").of(histogram(&counters.batch, 1.0)),
        counter("nexus_store_commits_failed", "Commits that failed", counters.get(Count::CommitsFailed)),
        counter("nexus_store_slow_reads", "Reads longer than log.slow_ms", counters.get(Count::SlowReads)),
        counter("nexus_store_slow_writes", "Writes longer than log.slow_ms", counters.get(Count::SlowWrites)),
        gauge("nexus_store_wal_bytes", "Size of the write-ahead log", float(vitals.wal_bytes)),
        gauge("nexus_store_database_bytes", "Size of the database without its log", float(vitals.database_bytes)),
    ]
}

fn of_work(counters: &Counters, vitals: &Vitals) -> Vec<Family> {
    let jobs = vitals.jobs.iter().map(|tally| {
        let labels = vec![("kind", tally.kind.clone().into()), ("state", tally.state.as_str().into())];
        (labels, Sample::Gauge(float(tally.number)))
    });
    vec![
        Family::new("nexus_jobs", "Work to be done later, by kind and state").all(jobs),
        self::counters(
            ("nexus_job_runs", "Attempts of jobs, by what came of them"),
            "result",
            counters,
            [("done", Count::JobsDone), ("retried", Count::JobsRetried), ("dead", Count::JobsDead)],
        ),
        gauge(
            "nexus_outbox_lag_seconds",
            "For how long the oldest event waits that somebody is to be told of",
            seconds(vitals.outbox_lag),
        ),
    ]
}

fn of_selling(counters: &Counters, currency: &'static str) -> Vec<Family> {
    let money = |name, help, what| {
        let labels = vec![("currency", Cow::Borrowed(currency))];
        Family::new(name, help).with(labels, Sample::Counter(float(counters.get(what))))
    };
    vec![
        self::counters(
            ("nexus_logins", "Sign-ins with a password, by what came of them"),
            "result",
            counters,
            [("success", Count::SignIns), ("refused", Count::SignInsRefused), ("limited", Count::SignInsLimited)],
        ),
        self::counters(
            ("nexus_orders_placed", "Orders placed, by whom"),
            "source",
            counters,
            [("web", Count::OrdersByBuyers), ("staff", Count::OrdersByStaff)],
        ),
        money("nexus_revenue_minor_units", "Money that came in, in minor units such as cents", Count::Revenue),
        money("nexus_refunds_minor_units", "Money that went back, in minor units such as cents", Count::Refunded),
        counter(
            "nexus_oversell_refused",
            "Orders refused since something could not be had",
            counters.get(Count::OversellsRefused),
        ),
        counter("nexus_searches", "Searches run, those out of the cache not counted", counters.get(Count::Searches)),
        counter("nexus_searches_zero_results", "Searches that found nothing", counters.get(Count::SearchesEmpty)),
    ]
}

fn of_care(counters: &Counters, vitals: &Vitals) -> Vec<Family> {
    let (backup, check) = (vitals.backup.as_ref(), vitals.check.as_ref());
    let free = vitals.disk.map(|disk| float(disk.free_bytes));
    let total = vitals.disk.map(|disk| float(disk.total_bytes));
    vec![
        known("nexus_disk_free_bytes", "Room on the disk of the data folder", free),
        known("nexus_disk_size_bytes", "Size of the disk of the data folder", total),
        known(
            "nexus_backup_age_seconds",
            "Age of the newest backup, or of the shop while it has none and is to have one",
            vitals.backup_age.map(seconds),
        ),
        self::counters(
            ("nexus_backup_failures", "Backups that failed, by what could not be done"),
            "stage",
            counters,
            [("made", Count::BackupsNotMade), ("uploaded", Count::BackupsNotUploaded)],
        ),
        known("nexus_backup_bytes", "Size of the newest backup", backup.map(|b| float(b.bytes))),
        known("nexus_check_timestamp_seconds", "When the last check of the data ended", check.map(|c| at(c.at))),
        known(
            "nexus_check_duration_seconds",
            "How long it took",
            check.map(|c| seconds(Duration::from_millis(c.took_ms))),
        ),
        known(
            "nexus_check_findings",
            "What it found that is not as it should be",
            check.map(|c| float(c.findings as u64)),
        ),
    ]
}
