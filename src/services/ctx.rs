//! Who asks, from where, and when.

use super::error::{Error, Outcome};
use crate::domain::audit::{AuditEntry, Subject, detail_text};
use crate::domain::{ApiKeyId, Right, Rights, Role, SessionId, Timestamp, UserId};
use serde_json::Value;
use std::net::IpAddr;

/// Who a use case acts for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Nobody known.
    Anonymous,
    /// A signed-in person.
    User {
        /// Who.
        id: UserId,
        /// What they may.
        role: Role,
        /// By which sign-in.
        session: SessionId,
    },
    /// An integration, by its key.
    ApiKey {
        /// Which.
        id: ApiKeyId,
        /// What it may.
        rights: Rights,
    },
    /// The owner of the data folder, at the command line; may everything.
    Owner,
    /// The shop itself, doing its chores; may everything.
    Shop,
}

/// Where a call came from.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The client's address, as far as it can be trusted.
    pub client: Option<IpAddr>,
    /// The id of the request.
    pub request_id: Option<String>,
    /// What the client calls itself.
    pub agent: Option<String>,
}

/// The circumstances of one call.
#[derive(Clone, Debug)]
pub struct Ctx {
    /// Who asks.
    pub actor: Actor,
    /// The moment that counts as now.
    pub now: Timestamp,
    /// From where.
    pub origin: Origin,
}

impl Ctx {
    /// A call by somebody at this moment.
    pub fn now(actor: Actor) -> Self {
        Self { actor, now: crate::clock::now(), origin: Origin::default() }
    }

    /// A call from the command line.
    pub fn owner() -> Self {
        Self::now(Actor::Owner)
    }

    /// A chore of the shop's own.
    pub fn shop() -> Self {
        Self::now(Actor::Shop)
    }

    /// The same call from somewhere.
    #[must_use]
    pub fn from(self, origin: Origin) -> Self {
        Self { origin, ..self }
    }

    /// Whether the caller has a right.
    pub fn may(&self, right: Right) -> bool {
        match &self.actor {
            Actor::Anonymous => false,
            Actor::User { role, .. } => role.has(right),
            Actor::ApiKey { rights, .. } => rights.has(right),
            Actor::Owner | Actor::Shop => true,
        }
    }

    /// Refuses callers without a right.
    pub fn require(&self, right: Right) -> Outcome<()> {
        match &self.actor {
            _ if self.may(right) => Ok(()),
            Actor::Anonymous => Err(Error::Unauthenticated),
            _ => Err(Error::Forbidden),
        }
    }

    /// The signed-in person, for what is theirs alone.
    pub fn person(&self) -> Outcome<(UserId, SessionId)> {
        match &self.actor {
            Actor::User { id, session, .. } => Ok((*id, *session)),
            Actor::Anonymous => Err(Error::Unauthenticated),
            _ => Err(Error::Forbidden),
        }
    }

    /// What the audit log says of something done in this call: the action, such as `product.update`, what it was
    /// done to, and what changed in brief. No secret, no whole body, no name or address of a person.
    pub fn entry(&self, action: &'static str, subject: impl Into<Option<Subject>>, detail: &Value) -> AuditEntry {
        let (kind, id, role) = match &self.actor {
            Actor::Anonymous => ("anonymous", None, None),
            Actor::User { id, role, .. } => ("user", Some(id.get()), Some(role.as_str().into())),
            Actor::ApiKey { id, .. } => ("api_key", Some(id.get()), None),
            Actor::Owner => ("owner", None, None),
            Actor::Shop => ("shop", None, None),
        };
        let subject = subject.into();
        AuditEntry {
            at: self.now,
            actor_kind: kind.into(),
            actor_id: id,
            actor_role: role,
            action: action.into(),
            subject_kind: subject.as_ref().map(|s| s.kind.into()),
            subject_id: subject.map(|s| s.id),
            detail: detail_text(detail),
            client: self.origin.client.map(|address| address.to_string()),
            request_id: self.origin.request_id.clone(),
        }
    }

    /// A short name for records of who did something.
    pub fn actor_name(&self) -> String {
        match &self.actor {
            Actor::Anonymous => "anonymous".to_owned(),
            Actor::User { id, role, .. } => format!("{} {id}", role.as_str()),
            Actor::ApiKey { id, .. } => format!("api key {id}"),
            Actor::Owner => "command line".to_owned(),
            Actor::Shop => "shop".to_owned(),
        }
    }
}
