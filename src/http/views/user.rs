//! People as clients see them.

use super::Moment;
use crate::domain::{Role, UserId};
use crate::services::identity::{Login, User};
use schemars::JsonSchema;
use serde::Serialize;

/// A person.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "User")]
pub struct UserView<'a> {
    #[schemars(with = "i64")]
    id: UserId,
    email: &'a str,
    name: &'a str,
    role: Role,
    #[schemars(with = "String")]
    created_at: Moment,
}

/// What a login gives.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Login")]
pub struct LoginView<'a> {
    /// The access token, to be sent as `Authorization: Bearer …`.
    access: &'a str,
    /// Always `Bearer`.
    token_type: &'static str,
    /// Seconds until the access token ends.
    expires_in: u64,
    user: UserView<'a>,
}

impl<'a> LoginView<'a> {
    /// The view of a login.
    pub fn new(login: &'a Login) -> Self {
        let User { id, email, name, role, created_at, .. } = &login.user;
        let user = UserView { id: *id, email, name, role: *role, created_at: Moment(*created_at) };
        Self { access: &login.access, token_type: "Bearer", expires_in: login.expires_in, user }
    }
}
