//! How often something may be done: so many guesses, letters, registrations, writes and reads in any minute.
//!
//! Guesses are counted before they are evaluated, for the account and for the client alike, whether the account exists
//! or not; one that turns out right is taken back. Clients are told apart by their address, those of IPv6 by the /64
//! they were given. Counts live in this process: no header and no new connection changes them, a restart
//! forgets them.

mod tally;

use super::problem::Problem;
use crate::config::Config;
use crate::domain::UserId;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::Instant;
use tally::{Counted, Tally};

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

/// Every budget.
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
    catalog: Budget,
    writes: Budget,
    tally: Tally,
    began: Instant,
}

/// A guess that has been counted and not been evaluated yet.
#[must_use = "a right guess is taken back with `right`"]
pub struct Guess<'l> {
    limits: &'l Limits,
    counted: [Option<Counted>; 2],
}

impl Guess<'_> {
    /// It was right, or was not evaluated after all: it does not count.
    pub fn take_back(self) {
        self.limits.take_back(self.counted);
    }
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
            catalog: budget("catalog-client", "reads of the catalog from one address", catalog),
            writes: budget("writes-client", "requests that may change something from one address", writes),
            tally: Tally::new(),
            began: Instant::now(),
        }
    }

    /// Before a password is evaluated. What is right is taken back, so that only wrong ones count.
    pub fn login(&self, client: Option<IpAddr>, email: &str) -> Result<Guess<'_>, Problem> {
        self.both((&self.login_client, network(client)), (&self.login_account, account(email)))
    }

    /// Before an account is made.
    pub fn register(&self, client: Option<IpAddr>, email: &str) -> Result<(), Problem> {
        self.both((&self.register_client, network(client)), (&self.register_account, account(email))).map(drop)
    }

    /// Before a letter is sent that somebody asked for who is not signed in.
    pub fn forgot(&self, client: Option<IpAddr>, email: &str) -> Result<(), Problem> {
        self.both((&self.forgot_client, network(client)), (&self.forgot_account, account(email))).map(drop)
    }

    /// Before a refresh token is looked at.
    pub fn refresh_client(&self, client: Option<IpAddr>) -> Result<(), Problem> {
        self.one(&self.refresh_client, network(client)).map(drop)
    }

    /// Before a sign-in is refreshed, when it is known whose it is.
    pub fn refresh_account(&self, user: UserId) -> Result<(), Problem> {
        self.one(&self.refresh_account, user.get()).map(drop)
    }

    /// Before a token out of a letter is looked at.
    pub fn reset(&self, client: Option<IpAddr>) -> Result<(), Problem> {
        self.one(&self.reset_client, network(client)).map(drop)
    }

    /// Whether there is any budget for requests in general.
    pub fn has_general(&self) -> bool {
        self.catalog.most.is_some() || self.writes.most.is_some()
    }

    /// Before the public catalog is read.
    pub fn catalog(&self, client: Option<IpAddr>) -> Result<(), Problem> {
        self.one(&self.catalog, network(client)).map(drop)
    }

    /// Before anything that may change something.
    pub fn write(&self, client: Option<IpAddr>) -> Result<(), Problem> {
        self.one(&self.writes, network(client)).map(drop)
    }

    /// The keys that are being counted.
    pub fn keys(&self) -> usize {
        self.tally.keys()
    }

    /// Counts for client and account, or for neither. The client goes first, so that one client alone cannot fill
    /// the memory with accounts.
    fn both(
        &self,
        (by_client, client): (&Budget, impl Hash),
        (by_account, account): (&Budget, impl Hash),
    ) -> Result<Guess<'_>, Problem> {
        let first = self.one(by_client, client)?;
        match self.one(by_account, account) {
            Ok(second) => Ok(Guess { limits: self, counted: [first, second] }),
            Err(problem) => {
                self.take_back([first, None]);
                Err(problem)
            }
        }
    }

    fn one(&self, budget: &Budget, key: impl Hash) -> Result<Option<Counted>, Problem> {
        let Some(most) = budget.most else { return Ok(None) };
        let key = self.tally.key((budget.name, key));
        self.tally.count(key, most, self.now_ms()).map(Some).map_err(|wait_ms| budget.used_up(most, wait_ms))
    }

    fn take_back(&self, counted: [Option<Counted>; 2]) {
        for counted in counted.into_iter().flatten() {
            self.tally.take_back(counted, self.now_ms());
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl Budget {
    /// 429, with the fields of draft-ietf-httpapi-ratelimit-headers.
    fn used_up(&self, most: NonZeroU32, wait_ms: u64) -> Problem {
        let (name, seconds) = (self.name, wait_ms.div_ceil(1_000).max(1));
        let detail = format!("at most {most} {} in a minute; try again in {seconds} seconds", self.counts);
        Problem::new(429, "too-many-requests", "Too many requests", detail)
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
        let one_account = (0..100).filter(|n| limits.login(from(*n), " A@example.test").is_ok()).count();
        assert_eq!(one_account, 10);
        assert!(limits.login(from(200), "a@EXAMPLE.test ").is_err(), "an address has no case");
        let one_client = (0..100).filter(|n| limits.login(from(201), &format!("{n}@example.test")).is_ok()).count();
        assert_eq!(one_client, 10);
        assert!(limits.login(from(202), "b@example.test").is_ok());
    }

    #[test]
    fn guess_that_was_right_does_not_count_and_one_that_is_refused_costs_the_client_nothing() {
        let limits = limits();
        for _ in 0..50 {
            limits.login(client("192.0.2.1"), "a@example.test").unwrap_or_else(|_| panic!("let in")).take_back();
        }
        let wrong = |from: &str, email: &str| limits.login(client(from), email).is_ok();
        assert_eq!((0..20).filter(|_| wrong("192.0.2.1", "a@example.test")).count(), 10);
        for _ in 0..20 {
            assert!(!wrong("192.0.2.2", "a@example.test"));
        }
        assert!(wrong("192.0.2.2", "b@example.test"));
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
        fill(Box::new(|n| limits.login(from, &email(n)).is_ok()));
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
