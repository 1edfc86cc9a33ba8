//! Who people are: accounts, sign-ins, what is theirs alone, and keys for integrations.

mod addresses;
mod api_keys;
mod callers;
mod hs256;
mod letters;
mod me;
mod recovery;
mod secret;
mod sessions;
mod signing_in;
mod tokens;
mod users;

pub use api_keys::{ApiKey, ApiKeyDraft, NewApiKey, api_key_revision};
pub use callers::Callers;
pub use me::{MyChange, MyData};
pub(crate) use secret::Secret;
pub use sessions::{Session, SessionPosition};
pub use signing_in::{Login, Registration, Setup};
pub use tokens::TokenKeys;
pub use users::{UserChange, UserDraft};

pub use crate::store::UserFilter;

use super::Error;
use crate::domain::catalog::Revision;
use crate::domain::{Email, Invalid, Role, Timestamp, UserId};
use crate::store::UserRow;

/// A person as the outside may know them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Their address.
    pub email: String,
    /// Whether mail was proven to arrive there.
    pub email_verified: bool,
    /// The address they want to change to, until mail is proven to arrive there.
    pub pending_email: Option<String>,
    /// What they are called.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Whether they may sign in.
    pub active: bool,
    /// Since when they are here.
    pub created_at: Timestamp,
    /// When the account last changed.
    pub updated_at: Timestamp,
    /// Which state this is.
    pub revision: Revision,
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        Self {
            id: row.id,
            email: row.email,
            email_verified: row.verified_at.is_some(),
            pending_email: row.pending_email,
            name: row.name,
            role: row.role,
            active: row.active,
            created_at: row.created_at,
            updated_at: row.updated_at,
            revision: Revision::of(row.version),
        }
    }
}

const USER: Error = Error::NotFound("user");

/// An e-mail address, or what is wrong with the field that should hold one.
fn email_of(text: &str) -> Result<Email, Invalid> {
    Email::parse(text.trim()).ok_or_else(|| Invalid::one("email", "invalid", "must be an e-mail address"))
}
