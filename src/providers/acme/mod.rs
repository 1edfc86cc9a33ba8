//! An authority that gives out certificates by ACME (RFC 8555): an account is made once, then for each certificate there
//! is an order, a proof by http-01 for each name (section 8.3), and a request signed with a fresh key.
//!
//! It asks and waits on the thread that calls, for minutes if need be. When to ask is decided elsewhere.

mod wire;

use crate::certificate::{Issued, Kept, Refused};
use crate::config::EdgeSettings;
use instant_acme::{
    Account, AccountCredentials, AuthorizationStatus, ChallengeType, Error, Identifier, NewAccount, NewOrder, Order,
    OrderStatus, RetryPolicy,
};
use serde::{Deserialize, Serialize};
use std::io;
use std::time::Duration;
use wire::Wire;

/// How often the authority is asked whether it is done, and for how long.
const ASKING: RetryPolicy =
    RetryPolicy::new().initial_delay(Duration::from_millis(250)).backoff(1.6).timeout(Duration::from_secs(90));

/// What the authority says of an account it does not know.
const UNKNOWN_ACCOUNT: &str = "urn:ietf:params:acme:error:accountDoesNotExist";

/// The most that is told of what went wrong.
const MOST_CHARS: usize = 800;

/// Shows the authority something: at this token, this proof.
pub type Show<'s> = &'s dyn Fn(&str, &str);

/// An authority, and the shop's account there.
pub struct Authority {
    directory: String,
    contact: String,
    wire: Wire,
    kept: Kept,
}

/// The account as it is kept.
#[derive(Serialize, Deserialize)]
struct KeptAccount {
    /// What the authority was told last.
    contact: String,
    credentials: AccountCredentials,
}

impl Authority {
    /// That of these settings; what is wrong with the root certificates is said for people.
    pub fn new(settings: &EdgeSettings, kept: Kept) -> Result<Self, String> {
        let wire = Wire::new(&settings.acme_roots)?;
        let (directory, contact) = (settings.acme_directory.clone(), settings.acme_contact.clone());
        Ok(Self { directory, contact, wire, kept })
    }

    /// Gets a certificate for these hosts.
    pub fn obtain(&self, hosts: &[String], show: Show<'_>) -> Result<Issued, Refused> {
        self.wire.forget();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let outcome = match runtime {
            Err(error) => Err(error.to_string()),
            Ok(runtime) => runtime.block_on(self.order(hosts, show)),
        };
        outcome.map_err(|why| Refused { why: on_one_line(&why), wait: self.wire.wait() })
    }

    async fn order(&self, hosts: &[String], show: Show<'_>) -> Result<Issued, String> {
        let account = self.account().await?;
        let names: Vec<Identifier> = hosts.iter().map(|host| Identifier::Dns(host.to_ascii_lowercase())).collect();
        let mut order = account.new_order(&NewOrder::new(&names)).await.map_err(|e| self.refused(&e))?;
        prove(&mut order, show).await?;
        match order.poll_ready(&ASKING).await {
            Ok(OrderStatus::Ready) => {}
            Ok(_) => return Err(not_proven(&mut order).await),
            Err(error @ Error::Api(_)) => {
                return Err(format!("{}; {}", in_words(&error), not_proven(&mut order).await));
            }
            Err(error) => return Err(in_words(&error)),
        }
        let key = order.finalize().await.map_err(|e| in_words(&e))?;
        let chain = order.poll_certificate(&ASKING).await.map_err(|e| in_words(&e))?;
        Ok(Issued { chain, key })
    }

    /// The account that is kept, or a new one, which is kept before it is used.
    async fn account(&self) -> Result<Account, String> {
        let file = self.kept.account_file();
        let unreadable = |why: String| format!("{}: {why}", file.display());
        let told: Vec<String> =
            Some(&self.contact).filter(|c| !c.is_empty()).map(|c| format!("mailto:{c}")).into_iter().collect();
        let told: Vec<&str> = told.iter().map(String::as_str).collect();
        let builder = Account::builder_with_http(Box::new(self.wire.clone()));
        if let Some(text) = self.kept.account().map_err(|e| unreadable(e.to_string()))? {
            let parse = || -> Result<KeptAccount, String> {
                let parsed = serde_json::from_str(&text);
                parsed.map_err(|e| unreadable(format!("{e}; remove it to have another account made")))
            };
            let kept = parse()?;
            let account = builder.from_credentials(kept.credentials).await.map_err(|e| in_words(&e))?;
            if kept.contact != self.contact {
                account.update_contacts(&told).await.map_err(|e| self.refused(&e))?;
                self.keep(parse()?.credentials)?;
            }
            return Ok(account);
        }
        let new = NewAccount { contact: &told, terms_of_service_agreed: true, only_return_existing: false };
        let made = builder.create(&new, self.directory.clone(), None).await;
        let (account, credentials) = made.map_err(|e| in_words(&e))?;
        self.keep(credentials)?;
        tracing::info!(directory = %self.directory, "the shop has an account at the authority of certificates");
        Ok(account)
    }

    fn keep(&self, credentials: AccountCredentials) -> Result<(), String> {
        let kept = KeptAccount { contact: self.contact.clone(), credentials };
        let text = serde_json::to_string(&kept).map_err(|e| e.to_string())?;
        let failed = |e: io::Error| format!("{}: {e}", self.kept.account_file().display());
        self.kept.keep_account(&text).map_err(failed)
    }

    /// Why an order is not taken. An account that is not known any more is of no use: the next try makes another.
    fn refused(&self, error: &Error) -> String {
        if let Error::Api(problem) = error
            && problem.r#type.as_deref() == Some(UNKNOWN_ACCOUNT)
            && self.kept.set_account_aside().is_ok()
        {
            return format!("{}; another account is made with the next try", in_words(error));
        }
        in_words(error)
    }
}

/// Shows for each name that is not proven yet what the authority asks for, and tells it to look.
async fn prove(order: &mut Order, show: Show<'_>) -> Result<(), String> {
    let mut authorizations = order.authorizations();
    while let Some(next) = authorizations.next().await {
        let mut authorization = next.map_err(|e| in_words(&e))?;
        let host = authorization.identifier().to_string();
        match authorization.status {
            AuthorizationStatus::Valid => continue,
            AuthorizationStatus::Pending => {}
            other => return Err(format!("the authority says of {host} that its proof is {other:?}")),
        }
        let Some(mut challenge) = authorization.challenge(ChallengeType::Http01) else {
            return Err(format!("the authority does not take proof by http-01 for {host}"));
        };
        show(&challenge.token, challenge.key_authorization().as_str());
        let told = challenge.set_ready().await;
        told.map_err(|e| not_found(&format!("{host}: {}", in_words(&e))))?;
    }
    Ok(())
}

/// What the authority found at the names it did not believe.
async fn not_proven(order: &mut Order) -> String {
    let mut found = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(next) = authorizations.next().await {
        let Ok(mut authorization) = next else { continue };
        if authorization.refresh().await.is_err() {
            continue;
        }
        let host = authorization.identifier().to_string();
        for problem in authorization.challenges.iter().filter_map(|challenge| challenge.error.as_ref()) {
            found.push(format!("{host}: {}", problem.detail.as_deref().unwrap_or("no reason given")));
        }
    }
    match found.is_empty() {
        true => "the authority does not believe that the names are the shop's, and does not say why".to_owned(),
        false => not_found(&found.join("; ")),
    }
}

fn not_found(reasons: &str) -> String {
    format!(
        "the authority did not find its proof at port 80 of each name, which must lead to edge.redirect_port: {reasons}"
    )
}

/// An error without what only developers care for.
fn in_words(error: &Error) -> String {
    match error {
        Error::Api(_) => format!("the authority answered: {error}").replacen("API error: ", "", 1),
        Error::Json(_) => format!("the authority answered with something else than expected: {error}"),
        Error::Timeout(_) => "the authority was not done in time".to_owned(),
        other => other.to_string(),
    }
}

/// Words of others go into the log, a file and onto screens: no control characters, and not too many.
fn on_one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MOST_CHARS).collect()
}
