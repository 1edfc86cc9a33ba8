//! Who people are to the shop: their e-mail address, role and rights.

mod address;
mod notice;
mod right;
mod vat;

pub use address::{Address, AddressDraft, country};
pub use notice::{Addressee, Notice, Occasion};
pub use right::{Right, Rights, scope};
pub use vat::exempts;

use serde::{Deserialize, Serialize};

/// What a person may do; each role may all that the ones before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Buys.
    Customer,
    /// Keeps catalog, orders and stock.
    Staff,
    /// Everything: users, settings, keys.
    Admin,
}

impl Role {
    /// The name on the wire, in the database and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Staff => "staff",
            Self::Admin => "admin",
        }
    }

    /// Whether it may do this.
    pub fn has(self, right: Right) -> bool {
        self >= right.least_role()
    }

    /// The role of that name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Customer, Self::Staff, Self::Admin].into_iter().find(|role| role.as_str() == text)
    }
}

/// An e-mail address as given; two addresses that differ only in case are the same account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// Accepts `local@domain` with no blanks or control characters, at most 254 bytes (RFC 5321).
    /// Whether mail arrives there is only known once it did.
    pub fn parse(text: &str) -> Option<Self> {
        let (local, domain) = text.rsplit_once('@')?;
        let shape = !local.is_empty()
            && local.len() <= 64
            && domain.len() >= 3
            && text.len() <= 254
            && domain.split('.').all(|label| !label.is_empty())
            && domain.contains('.')
            && !text.chars().any(|c| c.is_whitespace() || c.is_control() || "<>()[],;:\\\"".contains(c))
            && !local.contains('@');
        shape.then(|| Self(text.to_owned()))
    }

    /// The address as given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form that must be unique: lower case.
    pub fn key(&self) -> String {
        self.0.to_lowercase()
    }
}

/// The fewest and most characters of a password (NIST SP 800-63B asks for at least 8 and at least 64 allowed).
pub const PASSWORD_CHARS: std::ops::RangeInclusive<usize> = 8..=256;

/// What is wrong with a new password, in words for its owner.
pub fn password_problem(password: &str) -> Option<&'static str> {
    let length = password.chars().count();
    if length < *PASSWORD_CHARS.start() {
        Some("must be at least 8 characters long")
    } else if length > *PASSWORD_CHARS.end() {
        Some("must be at most 256 characters long")
    } else if password.contains('\0') {
        Some("must not hold a NUL character")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn email_takes_addresses_and_nothing_else() {
        for good in ["a@example.test", "Ann.Lee+shop@mail.example.test"] {
            assert!(Email::parse(good).is_some(), "{good}");
        }
        for bad in
            ["", "a", "a@b", "@example.test", "a@", "a b@example.test", "a@exa..mple", "a@b@c.test", "a\n@example.test"]
        {
            assert!(Email::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn roles_are_ordered() {
        assert!(Role::Customer < Role::Staff && Role::Staff < Role::Admin);
        assert_eq!(Role::parse("staff"), Some(Role::Staff));
        assert_eq!(Role::parse("root"), None);
    }
}
