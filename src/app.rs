//! Puts the parts together: configuration → data folder → shop → server, and takes them apart again in order.

mod front;
mod handed;
mod inside;
mod opening;
mod stopping;
mod watching;

pub use front::Entrance;
pub use handed::Handed;
pub use opening::{check, open, open_existing};
pub use watching::{Asked, status};

use crate::certificate::Kept;
use crate::config::{Config, LogFormat, LogSettings, ShopSettings, SmtpSecurity};
use crate::folder::MAIL;
use crate::http::{self, Api, Bodies, CursorKey, Front, Limits, Proxies, Seal};
use crate::jobs::{Ran, Runner, Work, run_due};
use crate::log::LogBuffer;
use crate::providers::mail::{FileMailer, Security, Sender, SmtpMailer, SmtpServer};
use crate::providers::storage::S3;
use crate::providers::webhook::{Allowed, HttpSender};
use crate::providers::{Mailer, ObjectStore, PaymentProvider, Payments, Providers, health as neighbour, payment};
use crate::services::{CardMaker, CheckDepth, Ctx, Shop};
use crate::spans;
use rocket::config::{Ident, LogLevel, Shutdown};
use rocket::fairing::AdHoc;
use rocket::{Build, Rocket};
use std::fmt;
use std::io::IsTerminal;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use stopping::{Stopping, WindDown};
use tokio::sync::Notify;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Why the shop did not open or the server did not run.
#[derive(Debug)]
pub struct ServeError(pub String);

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ServeError {}

/// How products are encoded for the public in a shop of these settings.
pub fn cards(settings: &ShopSettings) -> CardMaker {
    http::card_maker(settings.currency(), !settings.hide_stock)
}

/// Whom the shop asks: a mail server, or the folder of letters when none is set.
pub fn providers(config: &Config) -> Result<Providers, ServeError> {
    let mail = &config.mail;
    let wrong = |text: String| ServeError(format!("configuration: {text}"));
    let from = Sender::parse(&mail.from, &config.shop.name)
        .ok_or_else(|| wrong(format!("mail.from: {:?} is not an address", mail.from)))?;
    let mailer: Arc<dyn Mailer> = if mail.smtp_host.is_empty() {
        Arc::new(FileMailer::new(config.data.dir.join(MAIL), from))
    } else {
        let login = mail.login().map_err(wrong)?;
        let server = SmtpServer {
            host: mail.smtp_host.clone(),
            port: mail.port(),
            security: match mail.smtp_security {
                SmtpSecurity::Tls => Security::Tls,
                SmtpSecurity::StartTls => Security::StartTls,
                SmtpSecurity::None => Security::None,
            },
            login: login.map(|(user, password)| (user, password.reveal().to_owned())),
            timeout: SMTP_TIMEOUT,
        };
        Arc::new(SmtpMailer::new(server, from).map_err(|why| wrong(format!("mail.smtp_host: {why}")))?)
    };
    let webhooks = Arc::new(HttpSender::new(Allowed::new(&config.webhooks.allow_private)));
    Ok(Providers { mailer, webhooks, payments: payments(config), storage: storage(config)? })
}

/// Where backups are uploaded to, if anywhere.
pub fn storage(config: &Config) -> Result<Option<Arc<dyn ObjectStore>>, ServeError> {
    if !config.backup.uploads() {
        return Ok(None);
    }
    let storage = S3::new(&config.backup).map_err(|why| ServeError(format!("configuration: {why}")))?;
    Ok(Some(Arc::new(storage)))
}

/// Who takes payments.
fn payments(config: &Config) -> Payments {
    let settings = &config.payment;
    let mut providers: Vec<Arc<dyn PaymentProvider>> = Vec::new();
    if settings.manual {
        providers.push(Arc::new(payment::Manual::new(&settings.manual_instructions)));
    }
    if config.has_test_payments() {
        providers.push(Arc::new(payment::Test));
    }
    if !settings.stripe.secret_key.is_empty() {
        providers.push(Arc::new(payment::Stripe::new(&settings.stripe)));
    }
    Payments::new(providers)
}

/// How long a mail server may take for each answer.
const SMTP_TIMEOUT: Duration = Duration::from_secs(10);

/// A server for a shop, not yet listening.
pub fn build(config: &Config, shop: &Arc<Shop>) -> Result<Rocket<Build>, ServeError> {
    let (server, api) = build_behind(config, shop, None)?;
    Ok(api.mount(rocket::custom(server)))
}

/// The settings of a server and what is mounted on it; or of one that listens on loopback only and to nobody but the edge
/// that has this seal.
fn build_behind(config: &Config, shop: &Arc<Shop>, seal: Option<Seal>) -> Result<(rocket::Config, Api), ServeError> {
    let secret = shop.folder().secret("cursor.key").map_err(|e| ServeError(e.0))?;
    let front = Front {
        bodies: Bodies::new(config.cache.enabled.then_some(config.cache.max_mib * 1024 * 1024)),
        cursors: CursorKey::new(&secret),
        max_age_seconds: config.cache.max_age_seconds,
        proxies: Proxies::new(config.proxy.ranges().map_err(ServeError)?, config.proxy.header),
        limits: Limits::new(config),
        origins: config.cors.origins().map_err(ServeError)?,
        https: config.public_url().starts_with("https://"),
        metrics: config.has_metrics(),
        metrics_token: config.metrics.token.clone(),
        access_log: config.log.access,
        workers: config.workers(),
        seal: seal.clone(),
    };
    let (address, port) = match seal {
        Some(_) => (IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
        None => (config.address, config.port),
    };
    let server = rocket::Config {
        address,
        port,
        workers: config.workers(),
        max_blocking: config.max_blocking,
        ident: Ident::none(),
        // The address of a client is the socket's: no header from anybody changes it.
        ip_header: None,
        log_level: LogLevel::Off,
        temp_dir: shop.folder().root().join("tmp").into(),
        shutdown: match seal {
            // The edge hears the signals and waits for the requests, so there is next to nothing left to wait for.
            Some(_) => stopping::deaf(1),
            None => Shutdown { grace: config.grace_seconds, mercy: 1, force: true, ..Shutdown::default() },
        },
        ..rocket::Config::default()
    };
    Ok((server, Api::new(shop.clone(), front)))
}

/// Serves and runs jobs until the process is told to stop, then drains both, folds the log into the database and gives
/// the folder free.
pub fn serve(
    config: &Config,
    shop: Shop,
    entrance: Entrance,
    ready: impl FnOnce(&str) + Send + Sync + 'static,
) -> Result<(), ServeError> {
    let _spans = spans::begin().map_err(|why| ServeError(format!("configuration: {why}")))?;
    let shop = Arc::new(shop);
    let Entrance { edge, doorway } = entrance;
    shop.counters().count_at(doorway);
    tend(&shop)?;
    let (mut settings, api) = build_behind(config, &shop, edge.as_ref().map(front::Prepared::seal))?;
    if edge.is_none() {
        settings.shutdown = stopping::deaf(config.grace_seconds);
    }
    let mut server = api.mount(rocket::custom(&settings));
    let _watched = watching::begin(config, &shop, server.state())?;
    let runner = Arc::new(Mutex::new(None));
    let address = config.open_at();
    let told = config.clone();
    let greeting = AdHoc::on_liftoff("ready", move |_| {
        tell_of_selling(&told);
        Box::pin(async move { ready(&address) })
    });
    let (beginning, ending) = run_jobs_beside(config, &shop, &runner);
    server = server.attach(beginning).attach(greeting).attach(ending);
    let overdue = Arc::new(Notify::new());
    // The last, so that whoever is answered finds everything begun and the greeting said.
    server = server.attach(match edge {
        Some(edge) => edge.opening(config, api.mount(rocket::custom(&settings)), &runner, api.closing()),
        None => {
            let grace = Duration::from_secs(config.grace_seconds.into());
            let (closing, runner, overdue) = (api.closing(), runner.clone(), overdue.clone());
            WindDown { closing, runner, grace, overdue }.begin()
        }
    });
    let outcome = rocket::execute(async move {
        tokio::select! {
            outcome = server.launch() => outcome.map(drop),
            () = overdue.notified() => Ok(()),
        }
    });
    if let Some(runner) = held(&runner).take() {
        // It has been told its deadline when the server was told to stop.
        runner.end(Instant::now());
    }
    shop.close();
    match outcome {
        Ok(()) => Ok(()),
        Err(error) => Err(ServeError(launch_problem(&error, config))),
    }
}

/// Asks the shop of this configuration, which runs on this machine, whether it is ready; why not, if it is not.
pub fn health(config: &Config, within: Duration) -> Result<(), String> {
    let place = SocketAddr::new(config.address, config.port);
    let https = config.has_edge() && config.edge.has_tls();
    let asked = neighbour::ready(place, https, config.edge.hosts.first().map(String::as_str), within);
    let lacks_certificate = || !Kept::new(&config.data.dir, &config.edge.acme_directory).certificate_file().is_file();
    asked.map_err(|why| match config.edge.acme && lacks_certificate() {
        true => format!("there is no certificate yet, nexus doctor says why: {why}"),
        false => why,
    })
}

/// Says what the owner should know about how the shop takes payments and tax.
fn tell_of_selling(config: &Config) {
    if config.has_test_payments() {
        tracing::warn!("payments may be made with the test provider, which moves no money; see payment.test");
    }
    let stripe = &config.payment.stripe;
    if !stripe.secret_key.is_empty() && stripe.signing_secrets().next().is_none() {
        tracing::warn!("payment.stripe.webhook_secrets is empty: payments are noticed only when the shop asks");
    }
    if config.selling.exempts_nobody() {
        tracing::warn!("selling.country is empty, so selling.exempt_vat_numbers exempts nobody: set the home country");
    }
}

/// Runs jobs from when the server listens, so that one that cannot start changes nothing, until it is told to stop; then
/// jobs have the same grace as requests, counted from the same moment.
fn run_jobs_beside(config: &Config, shop: &Arc<Shop>, runner: &Arc<Mutex<Option<Runner>>>) -> (AdHoc, AdHoc) {
    let (shop, slot) = (shop.clone(), runner.clone());
    let beginning = AdHoc::on_liftoff("jobs begin", move |server| {
        match Runner::start(shop, Work::default()) {
            Ok(runner) => drop(held(&slot).replace(runner)),
            Err(error) => {
                tracing::error!(%error, "jobs cannot be run; stopping");
                server.shutdown().notify();
            }
        }
        Box::pin(async {})
    });
    let (slot, grace) = (runner.clone(), Duration::from_secs(config.grace_seconds.into()));
    let ending = AdHoc::on_shutdown("jobs end", move |_| {
        if let Some(runner) = held(&slot).as_ref() {
            runner.stop().by(Instant::now() + grace);
        }
        Box::pin(async {})
    });
    (beginning, ending)
}

fn held<T>(slot: &Mutex<T>) -> MutexGuard<'_, T> {
    slot.lock().unwrap_or_else(|e| e.into_inner())
}

/// Runs what is due until nothing is, in a shop that no server runs on.
pub fn jobs_run_due(shop: &Arc<Shop>) -> Result<Ran, ServeError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|e| ServeError(e.to_string()))?;
    runtime.block_on(run_due(shop.clone(), Work::default())).map_err(|e| ServeError(e.to_string()))
}

/// Runs jobs as they fall due until the process is told to stop, in a shop that no server runs on.
pub fn jobs_run(config: &Config, shop: &Arc<Shop>) -> Result<(), ServeError> {
    let failed = |e: std::io::Error| ServeError(e.to_string());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let _entered = runtime.enter();
    let stopping = Stopping::listen().map_err(failed)?;
    let runner = Runner::start(shop.clone(), Work::default()).map_err(failed)?;
    runtime.block_on(stopping.told());
    runner.end(Instant::now() + Duration::from_secs(config.grace_seconds.into()));
    Ok(())
}

/// A process that serves many needs many open files, and must outlive a write beyond a file size limit.
fn prepare_process() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limit = getrlimit(Resource::Nofile);
        let raised = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
        let noted = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
        if raised.is_err() || noted.is_err() {
            tracing::warn!("the limit of open files could not be raised");
        }
    }
}

/// What is done once beside the running shop, since it takes a while in a large one.
fn tend(shop: &Arc<Shop>) -> Result<(), ServeError> {
    let shop = shop.clone();
    let work = move || {
        if shop.was_interrupted() {
            look_over(&shop);
        }
        if let Err(error) = shop.cards_fill(&Ctx::owner()) {
            tracing::warn!(%error, "the cards of products could not be made anew");
        }
    };
    let thread = std::thread::Builder::new().name("nexus-tend".to_owned()).spawn(work);
    thread.map(drop).map_err(|e| ServeError(e.to_string()))
}

/// After a crash the file is looked over.
fn look_over(shop: &Shop) {
    match shop.check(&Ctx::owner(), CheckDepth::Quick) {
        Ok(findings) if findings.is_empty() => tracing::info!("the shop was not stopped in order; its file is sound"),
        Ok(findings) => {
            findings.iter().for_each(|f| tracing::error!(check = f.check, problem = %f.problem, "the file is damaged"));
        }
        Err(error) => tracing::error!(%error, "the file could not be checked"),
    }
}

fn launch_problem(error: &rocket::Error, config: &Config) -> String {
    let problem = match error.kind() {
        rocket::error::ErrorKind::Bind(cause) => cannot_listen(SocketAddr::new(config.address, config.port), cause),
        other => format!("the server failed: {other}"),
    };
    // The framework panics when an error is dropped without having been looked at; `kind` has looked.
    problem
}

fn cannot_listen(address: SocketAddr, cause: &std::io::Error) -> String {
    format!("cannot listen on {address}: {cause}; choose another --port")
}

/// Sets up logging: to standard error, as lines for people or as JSON. What it gives is flushed at the end.
pub fn log(settings: &LogSettings) -> Result<LogBuffer, ServeError> {
    let buffer = LogBuffer::start().map_err(|e| ServeError(e.to_string()))?;
    // The framework's own lines repeat what the access log says, and some of them quote requests.
    let quiet = ["rocket", "_", "hyper"].map(|target| (target, LevelFilter::OFF));
    let levels = settings.levels().map_err(ServeError)?.with_targets(quiet);
    let levels = levels.with_target("nexus::http", LevelFilter::ERROR).with_target("refinery_core", LevelFilter::WARN);
    let lines = tracing_subscriber::fmt::layer().with_writer(buffer.clone());
    let lines = match settings.format {
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
        LogFormat::Pretty => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
    };
    tracing_subscriber::registry().with(levels).with(lines).init();
    let at_panic = buffer.clone();
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(%place, "a panic: {}", panic_text(panic));
        at_panic.flush();
    }));
    Ok(buffer)
}

fn panic_text<'a>(panic: &'a std::panic::PanicHookInfo<'_>) -> &'a str {
    let payload = panic.payload();
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
