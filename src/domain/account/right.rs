//! What somebody may do: rights, which roles have which, and which may be given to an API key as a scope.

use super::Role;
use crate::domain::Invalid;
use serde_json::Value;

/// Something that not everybody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Right {
    /// See drafts, archived products and exact stock; export.
    CatalogRead,
    /// Change products, variants and categories.
    CatalogWrite,
    /// See exact stock and its ledger.
    StockRead,
    /// Count and move stock.
    StockWrite,
    /// See orders, payments and invoices.
    OrdersRead,
    /// Place, pay, ship, cancel and refund orders.
    OrdersWrite,
    /// See discounts.
    DiscountsRead,
    /// Make and change discounts.
    DiscountsWrite,
    /// See tax rates and shipping zones.
    SettingsRead,
    /// Change tax rates and shipping zones.
    SettingsWrite,
    /// Let reviews appear, or not.
    ReviewsWrite,
    /// See what was sold.
    ReportsRead,
    /// Say who is told of events.
    WebhooksWrite,
    /// See who has an account.
    UsersRead,
    /// Make, change and erase accounts.
    UsersWrite,
    /// Read the audit log.
    AuditRead,
    /// Give out and revoke API keys.
    KeysManage,
    /// Look after the shop itself: imports, checks, jobs.
    Maintain,
}

impl Right {
    /// Every right.
    pub const ALL: &'static [Self] = &[
        Self::CatalogRead,
        Self::CatalogWrite,
        Self::StockRead,
        Self::StockWrite,
        Self::OrdersRead,
        Self::OrdersWrite,
        Self::DiscountsRead,
        Self::DiscountsWrite,
        Self::SettingsRead,
        Self::SettingsWrite,
        Self::ReviewsWrite,
        Self::ReportsRead,
        Self::WebhooksWrite,
        Self::UsersRead,
        Self::UsersWrite,
        Self::AuditRead,
        Self::KeysManage,
        Self::Maintain,
    ];

    /// Its name as the scope of an API key; none when no key may have it: a key must not make keys.
    pub const fn scope(self) -> Option<&'static str> {
        match self {
            Self::CatalogRead => Some("catalog:read"),
            Self::CatalogWrite => Some("catalog:write"),
            Self::StockRead => Some("stock:read"),
            Self::StockWrite => Some("stock:write"),
            Self::OrdersRead => Some("orders:read"),
            Self::OrdersWrite => Some("orders:write"),
            Self::DiscountsRead => Some("discounts:read"),
            Self::DiscountsWrite => Some("discounts:write"),
            Self::SettingsRead => Some("settings:read"),
            Self::SettingsWrite => Some("settings:write"),
            Self::ReviewsWrite => Some("reviews:write"),
            Self::ReportsRead => Some("reports:read"),
            Self::WebhooksWrite => Some("webhooks:write"),
            Self::UsersRead => Some("users:read"),
            Self::UsersWrite => Some("users:write"),
            Self::AuditRead => Some("audit:read"),
            Self::KeysManage | Self::Maintain => None,
        }
    }

    /// The right that a scope names.
    pub fn of_scope(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|right| right.scope() == Some(text))
    }

    /// The least role that has it.
    pub const fn least_role(self) -> Role {
        match self {
            Self::CatalogRead
            | Self::CatalogWrite
            | Self::StockRead
            | Self::StockWrite
            | Self::OrdersRead
            | Self::OrdersWrite
            | Self::DiscountsRead
            | Self::DiscountsWrite
            | Self::SettingsRead
            | Self::ReviewsWrite
            | Self::ReportsRead => Role::Staff,
            Self::SettingsWrite
            | Self::WebhooksWrite
            | Self::UsersRead
            | Self::UsersWrite
            | Self::AuditRead
            | Self::KeysManage
            | Self::Maintain => Role::Admin,
        }
    }
}

/// Reads one scope of a list.
pub fn scope(value: &Value) -> Result<Right, Invalid> {
    value.as_str().and_then(Right::of_scope).ok_or_else(|| {
        let known: Vec<&str> = Right::ALL.iter().copied().filter_map(Right::scope).collect();
        Invalid::one("", "unknown_scope", format!("must be one of {}", known.join(", ")))
    })
}

/// A set of rights, as an API key has them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights(u32);

impl Rights {
    /// The set with one more.
    #[must_use]
    pub const fn with(self, right: Right) -> Self {
        Self(self.0 | 1 << right as u32)
    }

    /// Whether the right is in the set. Whoever may write may also read.
    pub const fn has(self, right: Right) -> bool {
        let also = match right {
            Right::CatalogRead => 1 << Right::CatalogWrite as u32,
            Right::StockRead => 1 << Right::StockWrite as u32,
            Right::OrdersRead => 1 << Right::OrdersWrite as u32,
            Right::DiscountsRead => 1 << Right::DiscountsWrite as u32,
            Right::SettingsRead => 1 << Right::SettingsWrite as u32,
            Right::UsersRead => 1 << Right::UsersWrite as u32,
            _ => 0,
        };
        self.0 & (1 << right as u32 | also) != 0
    }

    /// The set of those scopes that name a right.
    pub fn known<'a>(scopes: impl IntoIterator<Item = &'a str>) -> Self {
        scopes.into_iter().filter_map(Right::of_scope).fold(Self::default(), Self::with)
    }

    /// The scopes given, each once.
    pub fn scopes(self) -> Vec<&'static str> {
        Right::ALL.iter().copied().filter(|r| self.0 & (1 << *r as u32) != 0).filter_map(Right::scope).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_back_and_a_key_can_never_make_keys() {
        let set = Rights::known(["catalog:write", "audit:read", "catalog:write", "gone:scope"]);
        assert_eq!(set.scopes(), ["catalog:write", "audit:read"]);
        assert!(set.has(Right::CatalogRead) && set.has(Right::CatalogWrite) && !set.has(Right::UsersRead));
        for bad in ["keys:manage", "admin", "*", "", "catalog"] {
            assert!(scope(&Value::from(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn staff_sells_and_has_nothing_of_the_admin() {
        for right in [Right::SettingsWrite, Right::UsersRead, Right::KeysManage, Right::WebhooksWrite, Right::Maintain]
        {
            assert_eq!(right.least_role(), Role::Admin, "{right:?}");
        }
        for right in [Right::CatalogWrite, Right::StockWrite, Right::OrdersWrite, Right::DiscountsWrite] {
            assert_eq!(right.least_role(), Role::Staff, "{right:?}");
        }
        assert!(Right::ALL.iter().copied().all(|r| r.least_role() > Role::Customer));
    }
}
