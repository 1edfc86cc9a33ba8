//! Certificates that come by themselves: got when there is none, renewed before they end, and the one in use stays for as
//! long as that fails. Whom to ask, and how (RFC 8555), is handed in; here is when to ask, what to remember about it, and
//! what to answer at the door of plain HTTP meanwhile. One thread does it, one step after the other, so that nothing is
//! asked for twice at a time.

mod challenges;
mod plan;

pub use challenges::{Challenges, PLACE};

use super::tls::{Certificate, Ready};
use crate::certificate::{Issued, Kept, Period, Refused, Tries};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// Asks an authority for a certificate for these hosts; what it wants to find at a token of the plain door is to be put
/// there. It may take minutes.
pub type Obtain = Box<dyn Fn(&[String], &Challenges) -> Result<Issued, Refused> + Send + Sync>;

/// Where certificates come from, and where they are kept.
pub struct Automatic {
    /// Whom to ask.
    pub obtain: Obtain,
    /// What is kept.
    pub kept: Kept,
}

/// The longest that is waited before the clock is looked at again: it may be set, and the machine may sleep.
const LOOK_EVERY: Duration = Duration::from_secs(3_600);

/// Looks after the certificate.
pub struct Keeper {
    automatic: Automatic,
    hosts: Vec<String>,
    certificate: Arc<Certificate>,
    challenges: Arc<Challenges>,
    /// Of the certificate in use, if it is for all hosts.
    period: Option<Period>,
    tries: Tries,
}

impl Keeper {
    /// Takes up where it was left: with the certificate that is kept, if it can be used.
    pub fn new(automatic: Automatic, hosts: Vec<String>, certificate: &Arc<Certificate>) -> Self {
        let tries = plan::at_start(automatic.kept.tries(), crate::clock::now());
        let mut keeper = Self {
            automatic,
            hosts,
            certificate: certificate.clone(),
            challenges: Arc::default(),
            period: None,
            tries,
        };
        match keeper.automatic.kept.certificate() {
            Ok(None) => {}
            Ok(Some(text)) => match Ready::parse(text.as_bytes(), text.as_bytes()) {
                Ok(ready) => keeper.take_up(ready, &text),
                Err(why) => {
                    tracing::warn!(%why, "the certificate that is kept cannot be used; another one is asked for")
                }
            },
            Err(error) => {
                tracing::warn!(%error, "the certificate that is kept cannot be read; another one is asked for")
            }
        }
        keeper
    }

    /// What is answered at the door of plain HTTP.
    pub fn challenges(&self) -> Arc<Challenges> {
        self.challenges.clone()
    }

    /// Works until whoever holds the other end lets go of it.
    pub fn start(mut self, ended: Receiver<()>) -> std::io::Result<()> {
        if self.period.is_none() {
            let now = crate::clock::now();
            let next = plan::due(None, &self.tries, now);
            if next > now {
                let next = next.to_rfc3339();
                tracing::warn!(%next, why = %self.tries.why, "there is no certificate for all hosts yet, and it is too soon to ask again");
            } else {
                tracing::warn!(hosts = ?self.hosts, "there is no certificate for all hosts yet: it is being asked for");
            }
        }
        let work = move || {
            loop {
                let now = crate::clock::now();
                let left = plan::due(self.period, &self.tries, now).since(now);
                match ended.recv_timeout(left.min(LOOK_EVERY)) {
                    Err(RecvTimeoutError::Timeout) if left <= LOOK_EVERY => self.attempt(&ended),
                    Err(RecvTimeoutError::Timeout) => {}
                    Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        };
        std::thread::Builder::new().name("nexus-acme".to_owned()).spawn(work).map(drop)
    }

    /// Uses the certificate that is kept. One that is not for all hosts is better than none until there is another.
    fn take_up(&mut self, ready: Ready, text: &str) {
        match ready.lacks(&self.hosts) {
            None => self.period = Period::of(text),
            Some(host) => tracing::info!(host, "the certificate that is kept is not for this host"),
        }
        if let Some(period) = self.period {
            tracing::info!(until = %period.to.to_rfc3339(), "the certificate that is kept is in use");
        }
        self.certificate.put(ready);
    }

    /// Asks once, and remembers how it went.
    fn attempt(&mut self, ended: &Receiver<()>) {
        plan::begin(&mut self.tries, crate::clock::now());
        // What could not be kept would be asked for again at each start, until the authority has enough of it.
        let outcome = match self.automatic.kept.keep_tries(&self.tries) {
            Err(error) => Err(Refused { why: format!("nothing can be written to acme/: {error}"), wait: None }),
            Ok(()) => {
                tracing::info!(hosts = ?self.hosts, "asking for a certificate");
                // Who looks after the certificate has to live for years, whatever somebody answers.
                let asked = AssertUnwindSafe(|| (self.automatic.obtain)(&self.hosts, &self.challenges));
                let broken = |_| Err(Refused { why: "asking for it broke off; see the log".to_owned(), wait: None });
                catch_unwind(asked).unwrap_or_else(broken)
            }
        };
        self.challenges.clear();
        if matches!(ended.try_recv(), Err(std::sync::mpsc::TryRecvError::Disconnected)) && outcome.is_err() {
            // What was broken off because the shop stops is no failure.
            return;
        }
        let outcome = outcome.and_then(|issued| self.accept(&issued));
        let now = crate::clock::now();
        match outcome {
            Ok(()) => plan::succeeded(&mut self.tries, now),
            Err(refused) => {
                plan::failed(&mut self.tries, &refused, now, crate::clock::random_bytes());
                let next = self.tries.next.map(|next| next.to_rfc3339()).unwrap_or_default();
                tracing::warn!(why = %refused.why, %next, in_use = self.in_use(), "no certificate was got");
            }
        }
        if let Err(error) = self.automatic.kept.keep_tries(&self.tries) {
            tracing::error!(%error, "how it went with the certificate could not be written to acme/");
        }
    }

    /// Takes a certificate that came, if it is what was asked for.
    fn accept(&mut self, issued: &Issued) -> Result<(), Refused> {
        let refused = |why: String| Refused { why, wait: None };
        let unusable = |why: String| refused(format!("the certificate that came cannot be used: {why}"));
        let ready = Ready::parse(issued.chain.as_bytes(), issued.key.as_bytes()).map_err(unusable)?;
        if let Some(host) = ready.lacks(&self.hosts) {
            return Err(unusable(format!("it is not for {host}")));
        }
        let period = Period::of(&issued.chain).ok_or_else(|| unusable("it does not say when it ends".to_owned()))?;
        // It is good whether or not it can be kept: a full disk is no reason to refuse buyers.
        if let Err(error) = self.automatic.kept.keep_certificate(issued) {
            tracing::error!(%error, "the new certificate is in use, but could not be written to acme/");
        }
        self.certificate.put(ready);
        self.period = Some(period);
        tracing::info!(until = %period.to.to_rfc3339(), "a new certificate is in use");
        if period.to <= crate::clock::now() {
            tracing::error!("the new certificate has ended already by the clock of this machine: set it right");
        }
        Ok(())
    }

    /// What people meet while there is no better one.
    fn in_use(&self) -> &'static str {
        match self.period {
            Some(_) => "the one before",
            None => "none, or one that is not for all hosts",
        }
    }
}
