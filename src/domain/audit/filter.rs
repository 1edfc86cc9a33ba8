//! How the log is asked for: which entries, and from where.

use crate::domain::{AuditId, Timestamp};
use serde::{Deserialize, Serialize};

/// Kinds of actors that have no id.
const ALONE: [&str; 3] = ["anonymous", "owner", "shop"];
/// Kinds of actors of which there are many.
const NUMBERED: [&str; 2] = ["user", "api_key"];

/// Every kind of actor.
pub const ACTOR_KINDS: [&str; 5] = [ALONE[0], NUMBERED[0], NUMBERED[1], ALONE[1], ALONE[2]];

/// Which entries; every part must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// By this actor.
    pub actor: Option<ActorPick>,
    /// This action, or one of this kind.
    pub action: Option<ActionPick>,
    /// Done to this thing: its kind and id.
    pub subject: Option<(String, String)>,
    /// From this address, in the form in which entries have it.
    pub client: Option<String>,
    /// At this moment or later.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
}

/// An actor as a filter names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActorPick {
    /// What kind.
    pub kind: String,
    /// Which one, for kinds of which there are many.
    pub id: Option<i64>,
}

impl ActorPick {
    /// Reads `user:7`, `api_key:2`, `owner`, `shop` or `anonymous`.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            None => ALONE.contains(&text).then(|| Self { kind: text.to_owned(), id: None }),
            Some((kind, id)) => {
                let id = AuditId::parse(id).filter(|_| NUMBERED.contains(&kind))?;
                Some(Self { kind: kind.to_owned(), id: Some(id.get()) })
            }
        }
    }
}

/// An action as a filter names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActionPick {
    /// Exactly this one.
    One(String),
    /// Every action of this area, whose name ends in a dot.
    Area(String),
}

impl ActionPick {
    /// Reads `product.update`, or `product.` for everything done to products.
    pub fn parse(text: &str) -> Option<Self> {
        let (area, verb) = text.split_once('.')?;
        match verb {
            _ if !is_word(area) => None,
            "" => Some(Self::Area(text.to_owned())),
            verb => is_word(verb).then(|| Self::One(text.to_owned())),
        }
    }
}

impl AuditFilter {
    /// Reads a subject such as `product:12`.
    pub fn subject(text: &str) -> Option<(String, String)> {
        let (kind, id) = text.split_once(':')?;
        (is_word(kind) && (1..=100).contains(&id.len())).then(|| (kind.to_owned(), id.to_owned()))
    }
}

fn is_word(text: &str) -> bool {
    (1..=60).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

/// Where in the log an entry stands, newest first: its time and its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditPosition(pub Timestamp, pub AuditId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actors_actions_and_subjects_are_read_strictly() {
        assert_eq!(ActorPick::parse("user:7"), Some(ActorPick { kind: "user".to_owned(), id: Some(7) }));
        assert_eq!(ActorPick::parse("owner"), Some(ActorPick { kind: "owner".to_owned(), id: None }));
        for bad in ["", "user", "user:", "user:x", "user:0", "owner:1", "staff:1", "User:7"] {
            assert_eq!(ActorPick::parse(bad), None, "{bad:?}");
        }
        assert_eq!(ActionPick::parse("product.update"), Some(ActionPick::One("product.update".to_owned())));
        assert_eq!(ActionPick::parse("product."), Some(ActionPick::Area("product.".to_owned())));
        for bad in ["", "product", ".update", "product.*", "product.up%", "a.b.c"] {
            assert_eq!(ActionPick::parse(bad), None, "{bad:?}");
        }
        assert_eq!(AuditFilter::subject("product:12"), Some(("product".to_owned(), "12".to_owned())));
        for bad in ["", "product", "product:", ":12"] {
            assert_eq!(AuditFilter::subject(bad), None, "{bad:?}");
        }
    }
}
