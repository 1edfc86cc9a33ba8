//! What the API description says of the bodies of accounts. The bodies themselves are read in `domain` and
//! `services`; a test holds the two together.

// These types only describe: nothing builds or reads them.
#![expect(dead_code, reason = "the fields are read by the schema generator alone")]

use super::{Moment, Scope};
use crate::domain::Role;
use schemars::JsonSchema;
use serde_json::{Value, json};

/// Somebody who wants an account.
#[derive(JsonSchema)]
#[schemars(rename = "RegisterInput", deny_unknown_fields)]
#[schemars(example = "register_example")]
pub struct RegisterBody {
    #[schemars(email, length(min = 1, max = 254))]
    email: String,
    /// 8 to 256 characters, not one of the most common passwords.
    #[schemars(length(min = 8, max = 256))]
    password: String,
    #[schemars(length(min = 1, max = 200))]
    name: Option<String>,
    /// The token of the cart used so far, which is theirs then.
    cart: Option<String>,
}

fn register_example() -> Value {
    json!({ "email": "ann@example.com", "password": "correct horse battery", "name": "Ann Lee" })
}

/// The first admin.
#[derive(JsonSchema)]
#[schemars(rename = "SetupInput", deny_unknown_fields)]
#[schemars(example = "setup_example")]
pub struct SetupBody {
    /// Printed when a shop without an admin starts.
    token: String,
    #[schemars(email, length(min = 1, max = 254))]
    email: String,
    #[schemars(length(min = 8, max = 256))]
    password: String,
    #[schemars(length(min = 1, max = 200))]
    name: Option<String>,
}

fn setup_example() -> Value {
    json!({ "token": "x", "email": "ann@example.com", "password": "correct horse battery" })
}

/// Who signs in.
#[derive(JsonSchema)]
#[schemars(rename = "LoginInput", deny_unknown_fields)]
#[schemars(example = "login_example")]
pub struct LoginBody {
    #[schemars(email)]
    email: String,
    password: String,
    /// The token of the cart used so far, which is theirs then; what is in an older cart of theirs joins it.
    cart: Option<String>,
}

fn login_example() -> Value {
    json!({ "email": "ann@example.com", "password": "correct horse battery" })
}

/// A refresh token.
#[derive(JsonSchema)]
#[schemars(rename = "RefreshInput", deny_unknown_fields)]
#[schemars(example = "refresh_example")]
pub struct RefreshBody {
    refresh: String,
}

fn refresh_example() -> Value {
    json!({ "refresh": "ZyGUjY3sDAl0rVbaTbsTVYHbmrOvcJ4mJhEfHk2UOmY" })
}

/// Which sign-in ends, when it is not the access token's.
#[derive(JsonSchema)]
#[schemars(rename = "LogoutInput", deny_unknown_fields)]
#[schemars(example = "refresh_example")]
pub struct LogoutBody {
    refresh: Option<String>,
}

/// Another password.
#[derive(JsonSchema)]
#[schemars(rename = "PasswordInput", deny_unknown_fields)]
#[schemars(example = "password_example")]
pub struct PasswordBody {
    current_password: String,
    #[schemars(length(min = 8, max = 256))]
    new_password: String,
}

fn password_example() -> Value {
    json!({ "current_password": "correct horse battery", "new_password": "staple battery horse" })
}

/// An e-mail address to write to.
#[derive(JsonSchema)]
#[schemars(rename = "AddressedInput", deny_unknown_fields)]
#[schemars(example = "addressed_example")]
pub struct AddressedBody {
    #[schemars(email, length(min = 1, max = 254))]
    email: String,
}

fn addressed_example() -> Value {
    json!({ "email": "ann@example.com" })
}

/// A new password, by a token from a mail.
#[derive(JsonSchema)]
#[schemars(rename = "ResetInput", deny_unknown_fields)]
#[schemars(example = "reset_example")]
pub struct ResetBody {
    token: String,
    #[schemars(length(min = 8, max = 256))]
    password: String,
}

fn reset_example() -> Value {
    json!({ "token": "x", "password": "staple battery horse" })
}

/// A token from a mail.
#[derive(JsonSchema)]
#[schemars(rename = "VerifyInput", deny_unknown_fields)]
#[schemars(example = "verify_example")]
pub struct VerifyBody {
    token: String,
}

fn verify_example() -> Value {
    json!({ "token": "x" })
}

/// Changes to your account (RFC 7396).
#[derive(JsonSchema)]
#[schemars(rename = "MePatch", deny_unknown_fields)]
#[schemars(example = "me_example")]
pub struct MePatch {
    #[schemars(length(max = 200))]
    name: Option<String>,
    /// Needs `current_password`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", email, length(min = 1, max = 254))]
    email: Option<String>,
    current_password: Option<String>,
}

fn me_example() -> Value {
    json!({ "name": "Ann Lee" })
}

/// A postal address.
#[derive(JsonSchema)]
#[schemars(rename = "AddressInput", deny_unknown_fields)]
#[schemars(example = "address_example")]
pub struct AddressBody {
    #[schemars(length(min = 1, max = 200))]
    name: String,
    #[schemars(length(min = 1, max = 200))]
    company: Option<String>,
    #[schemars(length(min = 1, max = 200))]
    line1: String,
    #[schemars(length(min = 1, max = 200))]
    line2: Option<String>,
    #[schemars(length(min = 1, max = 100))]
    city: String,
    #[schemars(length(min = 1, max = 100))]
    region: Option<String>,
    #[schemars(length(min = 1, max = 20))]
    postal_code: String,
    /// ISO 3166-1 alpha-2 code.
    #[schemars(regex(pattern = r"^[A-Za-z]{2}$"))]
    country: String,
    #[schemars(length(min = 3, max = 40))]
    phone: Option<String>,
    #[schemars(length(min = 4, max = 20))]
    vat_number: Option<String>,
}

fn address_example() -> Value {
    json!({
        "name": "Ann Lee", "line1": "1 Canal Street", "city": "Utrecht", "postal_code": "3511 AB", "country": "NL",
    })
}

/// Changes to an address (RFC 7396).
#[derive(JsonSchema)]
#[schemars(rename = "AddressPatch", deny_unknown_fields)]
#[schemars(example = "address_patch_example")]
pub struct AddressPatch {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(min = 1, max = 200))]
    name: Option<String>,
    #[schemars(length(min = 1, max = 200))]
    company: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(min = 1, max = 200))]
    line1: Option<String>,
    #[schemars(length(min = 1, max = 200))]
    line2: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(min = 1, max = 100))]
    city: Option<String>,
    #[schemars(length(min = 1, max = 100))]
    region: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(min = 1, max = 20))]
    postal_code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", regex(pattern = r"^[A-Za-z]{2}$"))]
    country: Option<String>,
    #[schemars(length(min = 3, max = 40))]
    phone: Option<String>,
    #[schemars(length(min = 4, max = 20))]
    vat_number: Option<String>,
}

fn address_patch_example() -> Value {
    json!({ "line2": "2nd floor" })
}

/// An account an admin makes.
#[derive(JsonSchema)]
#[schemars(rename = "UserInput", deny_unknown_fields)]
#[schemars(example = "user_example")]
pub struct UserBody {
    #[schemars(email, length(min = 1, max = 254))]
    email: String,
    #[schemars(length(min = 1, max = 200))]
    name: Option<String>,
    /// `customer` when not given.
    role: Option<Role>,
    /// Without one they are invited by mail to choose one.
    #[schemars(length(min = 8, max = 256))]
    password: Option<String>,
}

fn user_example() -> Value {
    json!({ "email": "bo@example.com", "role": "staff", "name": "Bo Ek" })
}

/// Changes to an account (RFC 7396).
#[derive(JsonSchema)]
#[schemars(rename = "UserPatch", deny_unknown_fields)]
#[schemars(example = "user_patch_example")]
pub struct UserPatch {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", email, length(min = 1, max = 254))]
    email: Option<String>,
    #[schemars(length(max = 200))]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Role")]
    role: Option<Role>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    active: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(min = 8, max = 256))]
    password: Option<String>,
}

fn user_patch_example() -> Value {
    json!({ "active": false })
}

/// An API key to be made.
#[derive(JsonSchema)]
#[schemars(rename = "ApiKeyInput", deny_unknown_fields)]
#[schemars(example = "api_key_example")]
pub struct ApiKeyBody {
    /// What it is for.
    #[schemars(length(min = 1, max = 100))]
    name: String,
    /// What it may do.
    #[schemars(length(min = 1, max = 100))]
    scopes: Vec<Scope>,
    /// When it ends, in the future; never when not given.
    expires_at: Option<Moment>,
}

fn api_key_example() -> Value {
    json!({ "name": "Warehouse", "scopes": ["catalog:write"] })
}
