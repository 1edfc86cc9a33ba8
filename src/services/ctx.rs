//! Who asks, and when.

use super::error::{Error, Outcome};
use crate::domain::{Role, Timestamp, UserId};

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
    },
    /// The owner of the data folder, at the command line; may everything.
    Owner,
}

/// The circumstances of one call.
#[derive(Clone, Debug)]
pub struct Ctx {
    /// Who asks.
    pub actor: Actor,
    /// The moment that counts as now.
    pub now: Timestamp,
}

impl Ctx {
    /// A call by somebody at this moment.
    pub fn now(actor: Actor) -> Self {
        Self { actor, now: crate::clock::now() }
    }

    /// A call from the command line.
    pub fn owner() -> Self {
        Self::now(Actor::Owner)
    }

    /// Whether the caller has at least this role.
    pub fn is(&self, least: Role) -> bool {
        match &self.actor {
            Actor::Anonymous => false,
            Actor::User { role, .. } => *role >= least,
            Actor::Owner => true,
        }
    }

    /// Refuses callers below a role.
    pub fn require(&self, least: Role) -> Outcome<()> {
        match &self.actor {
            _ if self.is(least) => Ok(()),
            Actor::Anonymous => Err(Error::Unauthenticated),
            _ => Err(Error::Forbidden),
        }
    }

    /// A short name for records of who did something.
    pub fn actor_name(&self) -> String {
        match &self.actor {
            Actor::Anonymous => "anonymous".to_owned(),
            Actor::User { id, role } => format!("{} {id}", role.as_str()),
            Actor::Owner => "command line".to_owned(),
        }
    }
}
