//! How often something may be done: so many guesses, letters, registrations, writes and reads in any minute.
//!
//! Guesses are counted before they are evaluated, for the account and for the client alike, whether the account exists
//! or not; one that turns out right is taken back. While some are being evaluated, the next one waits a little for them
//! rather than be refused: many people behind one address may sign in at once. Clients are told apart by their address, those of IPv6 by the /64
//! they were given. Counts live in this process: no header and no new connection changes them, a restart
//! forgets them.

mod tally;

use super::problem::Problem;
use crate::config::Config;
use crate::domain::UserId;
use crate::services::{Error, Outcome};
use rocket::tokio::time::sleep;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tally::{Counted, Full, Tally};

/// What a minute allows.
#[derive(Clone, Copy)]
struct Budget {
    /// Its name in headers.
    name: &'static str,
    /// What it counts, in words.
    counts: &'static str,
    /// How often; none is as often as anybody likes.
    most: Option<NonZeroU32>,
}

/// Every budget. Clones share the counts.
#[derive(Clone)]
pub struct Limits {
    login_account: Budget,
    login_client: Budget,
    register_account: Budget,
    register_client: Budget,
    forgot_account: Budget,
    forgot_client: Budget,
    refresh_account: Budget,
    refresh_client: Budget,
    reset_client: Budget,
    codes_client: Budget,
    catalog: Budget,
    writes: Budget,
    tally: Arc<Tally>,
    began: Instant,
}

/// How long a guess waits for others to be evaluated, and how often it looks.
const PATIENCE: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(10);

/// A guess that has been counted and is being evaluated. When dropped it counts as wrong.
#[must_use = "a right guess is taken back"]
pub struct Guess<'l> {
    limits: &'l Limits,
    counted: [Option<Counted>; 2],
    wrong: bool,
}

impl Guess<'_> {
    /// Hands on what came of it: it stays counted only when the password or the code was wrong, not when it was right
    /// or not evaluated after all.
    pub fn settle<T>(self, outcome: Outcome<T>) -> Outcome<T> {
        if !matches!(outcome, Err(Error::BadCredentials | Error::WrongPassword | Error::UnknownCode)) {
            self.take_back();
        }
        outcome
    }

    fn take_back(mut self) {
        self.wrong = false;
    }
}

impl Drop for Guess<'_> {
    fn drop(&mut self) {
        for counted in self.counted.into_iter().flatten() {
            self.limits.tally.settle(counted, self.wrong, self.limits.now_ms());
        }
    }
}

/// Why something may not be done now.
struct Refusal<'l> {
    budget: &'l Budget,
    full: Full,
}

impl Limits {
    /// The budgets of a configuration.
    pub fn new(config: &Config) -> Self {
        let set = &config.limits;
        let (catalog, writes) = config.general_limits();
        let budget = |name, counts, most| Budget { name, counts, most: NonZeroU32::new(most) };
        Self {
            login_account: budget("login-account", "wrong passwords for one account", set.login_per_account),
            login_client: budget("login-client", "wrong passwords from one address", set.login_per_client),
            register_account: budget("register-account", "registrations of one e-mail", set.register_per_account),
            register_client: budget("register-client", "registrations from one address", set.register_per_client),
            forgot_account: budget("forgot-account", "letters to one account", set.forgot_per_account),
            forgot_client: budget("forgot-client", "letters asked for by one address", set.forgot_per_client),
            refresh_account: budget("refresh-account", "refreshes of one account", set.refresh_per_account),
            refresh_client: budget("refresh-client", "refreshes from one address", set.refresh_per_client),
            reset_client: budget("reset-client", "tries with a token from one address", set.reset_per_client),
            codes_client: budget("codes-client", "wrong discount codes from one address", set.codes_per_client),
            catalog: budget("catalog-client", "reads of the catalog from one address", catalog),
            writes: budget("writes-client", "requests that may change something from one address", writes),
            tally: Arc::new(Tally::new()),
            began: Instant::now(),
        }
    }

    /// Before a password is evaluated. What is right is taken back, so that only wrong ones count.
    pub async fn login(&self, client: Option<IpAddr>, email: &str) -> Result<Guess<'_>, Problem> {
        let (client, account) = (network(client), account(email));
        let began = Instant::now();
        loop {
            match self.both((&self.login_client, &client), (&self.login_account, &account)) {
                Ok(guess) => return Ok(guess),
                Err(refusal) if refusal.full.is_open && began.elapsed() < PATIENCE => sleep(LOOK).await,
                Err(refusal) => return Err(refusal.into()),
            }
        }
    }

    /// Before an account is made.
    pub fn register(&self, client: Option<IpAddr>, email: &str) -> Result<(), Problem> {
        let done = self.both((&self.register_client, &network(client)), (&self.register_account, &account(email)));
        Ok(done.map(drop)?)
    }

    /// Before a letter is sent that somebody asked for who is not signed in.
    pub fn forgot(&self, client: Option<IpAddr>, email: &str) -> Result<(), Problem> {
        let done = self.both((&self.forgot_client, &network(client)), (&self.forgot_account, &account(email)));
        Ok(done.map(drop)?)
    }

    /// Before a refresh token is looked at.
    pub fn refresh_client(&self, client: Option<IpAddr>) -> Result<(), Problem> {
        self.once(&self.refresh_client, network(client))
    }

    /// Before a sign-in is refreshed, when it is known whose it is.
    pub fn refresh_account(&self, user: UserId) -> Result<(), Problem> {
        self.once(&self.refresh_account, user.get())
    }

    /// Before a token out of a letter is looked at.
    pub fn reset(&self, client: Option<IpAddr>) -> Result<(), Problem> {
        self.once(&self.reset_client, network(client))
    }

    /// Before a discount code is looked up. Only codes that there are not count.
    pub fn code(&self, client: Option<IpAddr>) -> Result<Guess<'_>, Problem> {
        let counted = self.one(&self.codes_client, network(client), true)?;
        Ok(Guess { limits: self, counted: [counted, None], wrong: true })
    }

    /// Whether there is any budget for requests in general.
    pub fn has_general(&self) -> bool {
        self.catalog.most.is_some() || self.writes.most.is_some()
    }

    /// Before the public catalog is read.
    pub fn catalog(&self, client: Option<IpAddr>) -> Result<(), Problem> {
        self.once(&self.catalog, network(client))
    }

    /// Before anything that may change something.
    pub fn write(&self, client: Option<IpAddr>) -> Result<(), Problem> {
        self.once(&self.writes, network(client))
    }

    /// The keys that are being counted.
    pub fn keys(&self) -> usize {
        self.tally.keys()
    }

    /// Counts for client and account, or for neither. The client goes first, so that one client alone cannot fill
    /// the memory with accounts.
    fn both<'l>(
        &'l self,
        (by_client, client): (&'l Budget, &Option<IpAddr>),
        (by_account, account): (&'l Budget, &String),
    ) -> Result<Guess<'l>, Refusal<'l>> {
        let mut guess = Guess { limits: self, counted: [self.one(by_client, client, true)?, None], wrong: true };
        match self.one(by_account, account, true) {
            Ok(counted) => {
                guess.counted[1] = counted;
                Ok(guess)
            }
            Err(refusal) => {
                guess.take_back();
                Err(refusal)
            }
        }
    }

    fn once(&self, budget: &Budget, key: impl Hash) -> Result<(), Problem> {
        self.one(budget, key, false).map(drop).map_err(Problem::from)
    }

    fn one<'l>(&self, budget: &'l Budget, key: impl Hash, open: bool) -> Result<Option<Counted>, Refusal<'l>> {
        let Some(most) = budget.most else { return Ok(None) };
        let key = self.tally.key((budget.name, key));
        let counted = self.tally.count(key, most, open, self.now_ms());
        counted.map(Some).map_err(|full| Refusal { budget, full })
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// 429, with the fields of draft-ietf-httpapi-ratelimit-headers.
impl From<Refusal<'_>> for Problem {
    fn from(Refusal { budget, full }: Refusal<'_>) -> Self {
        let most = budget.most.map_or(0, NonZeroU32::get);
        let (name, seconds) = (budget.name, full.wait_ms.div_ceil(1_000).max(1));
        let detail = format!("at most {most} {} in about a minute; try again in {seconds} seconds", budget.counts);
        Self::new(429, "too-many-requests", "Too many requests", detail)
            .with_header("Retry-After", seconds.to_string())
            .with_header("RateLimit-Policy", format!("\"{name}\";q={most};w=60"))
            .with_header("RateLimit", format!("\"{name}\";r=0;t={seconds}"))
    }
}

/// An account is named by its e-mail address, whatever the case, whether there is such an account or not.
fn account(email: &str) -> String {
    email.trim().to_lowercase()
}

/// Who counts as one client: an IPv4 address, or an IPv6 network, since whoever has one address has its /64. Where the
/// address is not known everybody is one client.
fn network(client: Option<IpAddr>) -> Option<IpAddr> {
    match client.map(|address| address.to_canonical()) {
        Some(IpAddr::V6(address)) => Some(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits::new(&Config::default())
    }

    /// Tries a password; none is let in when it is refused.
    fn login<'l>(limits: &'l Limits, from: Option<IpAddr>, email: &str) -> Option<Guess<'l>> {
        let runtime = rocket::tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(limits.login(from, email)).ok()
    }

    fn client(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn addresses_of_one_ipv6_network_and_both_forms_of_ipv4_are_one_client() {
        assert_eq!(network(client("2001:db8:1:2:3::4")), network(client("2001:db8:1:2:ffff::1")));
        assert_ne!(network(client("2001:db8:1:2::1")), network(client("2001:db8:1:3::1")));
        assert_eq!(network(client("::ffff:192.0.2.1")), network(client("192.0.2.1")));
        assert_ne!(network(client("192.0.2.1")), network(client("192.0.2.2")));
    }

    #[test]
    fn guesses_on_one_account_from_many_clients_and_on_many_accounts_from_one_are_held_up() {
        let limits = limits();
        let from = |n: u8| client(&format!("192.0.2.{n}"));
        let one_account = (0..100).filter(|n| login(&limits, from(*n), " A@example.test").is_some()).count();
        assert_eq!(one_account, 10);
        assert!(login(&limits, from(200), "a@EXAMPLE.test ").is_none(), "an address has no case");
        let one_client = (0..100).filter(|n| login(&limits, from(201), &format!("{n}@example.test")).is_some()).count();
        assert_eq!(one_client, 10);
        assert!(login(&limits, from(202), "b@example.test").is_some());
    }

    #[test]
    fn guess_that_was_right_does_not_count_and_one_that_is_refused_costs_the_client_nothing() {
        let limits = limits();
        for _ in 0..50 {
            login(&limits, client("192.0.2.1"), "a@example.test").unwrap().take_back();
        }
        let wrong = |from: &str, email: &str| login(&limits, client(from), email).is_some();
        assert_eq!((0..20).filter(|_| wrong("192.0.2.1", "a@example.test")).count(), 10);
        for _ in 0..20 {
            assert!(!wrong("192.0.2.2", "a@example.test"));
        }
        assert!(wrong("192.0.2.2", "b@example.test"));
    }

    #[test]
    fn guess_waits_for_those_that_are_being_evaluated() {
        let limits = limits();
        let from = client("192.0.2.1");
        let runtime = rocket::tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let mut evaluated = Vec::new();
            for n in 0..10 {
                evaluated.push(limits.login(from, &format!("{n}@example.test")).await.unwrap());
            }
            let next = limits.login(from, "next@example.test");
            let right = async { evaluated.pop().map(Guess::take_back) };
            assert!(rocket::tokio::join!(next, right).0.is_ok(), "there was room once one had been right");
            // All others were wrong: there is nothing to wait for.
            evaluated.clear();
            assert!(limits.login(from, "last@example.test").await.is_err());
        });
    }

    #[test]
    fn every_budget_has_its_own_count() {
        let limits = limits();
        let from = client("192.0.2.1");
        let mut taken = Vec::new();
        let mut fill = |mut once: Box<dyn FnMut(u32) -> bool + '_>| {
            taken.push((0..200).filter(|n| once(*n)).count());
        };
        let email = |n: u32| format!("{n}@example.test");
        fill(Box::new(|n| login(&limits, from, &email(n)).is_some()));
        fill(Box::new(|n| limits.register(from, &email(n)).is_ok()));
        fill(Box::new(|n| limits.forgot(from, &email(n)).is_ok()));
        fill(Box::new(|_| limits.refresh_client(from).is_ok()));
        fill(Box::new(|_| limits.refresh_account(UserId::new(1)).is_ok()));
        fill(Box::new(|_| limits.reset(from).is_ok()));
        let other = |n: u32| client(&format!("198.51.100.{n}"));
        fill(Box::new(|n| limits.register(other(n), "a@example.test").is_ok()));
        fill(Box::new(|n| limits.forgot(other(n), "a@example.test").is_ok()));
        assert_eq!(taken, [10, 30, 10, 120, 60, 20, 5, 3]);
    }

    #[test]
    fn general_budgets_apply_where_clients_can_be_told_apart() {
        let count = |change: fn(&mut Config)| {
            let mut config = Config::default();
            change(&mut config);
            let limits = Limits::new(&config);
            let writes = (0..1_000).filter(|_| limits.write(None).is_ok()).count();
            let reads = (0..7_000).filter(|_| limits.catalog(None).is_ok()).count();
            (writes, reads)
        };
        assert_eq!(count(|_| {}), (1_000, 7_000), "on the loopback address everybody looks like the proxy");
        assert_eq!(count(|config| config.address = "0.0.0.0".parse().unwrap()), (600, 6_000));
        assert_eq!(count(|config| config.proxy.trusted = vec!["127.0.0.1".to_owned()]), (600, 6_000));
        let given = |config: &mut Config| config.limits.writes_per_client = crate::config::GeneralLimit::PerMinute(5);
        assert_eq!(count(given), (5, 7_000));
    }
}
