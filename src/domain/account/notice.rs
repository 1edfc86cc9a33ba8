//! Letters about accounts: on which occasion one is due, and to whom.

use crate::domain::UserId;
use serde::{Deserialize, Serialize};

/// Why the shop writes to somebody about their account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Occasion {
    /// Somebody registered with the address.
    Registered,
    /// An admin made an account without a password.
    Invited,
    /// Somebody wants a new password.
    PasswordForgotten,
    /// The password was changed.
    PasswordChanged,
    /// Somebody wants the mail that proves a mailbox again.
    VerifyAsked,
    /// Somebody wants to change to another address.
    EmailChangeAsked,
}

/// Whom it concerns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Addressee {
    /// This person.
    User(UserId),
    /// Whoever has the account with this address, if anybody has.
    Email(String),
}

/// A letter that is due. It is written when it is sent, since the tokens in it must not lie about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// Why.
    pub occasion: Occasion,
    /// To whom.
    pub to: Addressee,
}
