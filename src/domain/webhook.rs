//! Endpoints that are told of events, and the deliveries on their way there.

use super::{DeliveryId, EventId, EventKind, Fields, Invalid, Timestamp, WebhookId};
use serde::Serialize;
use serde_json::{Value, json};
use std::time::Duration;

/// How long the secret before the current one still signs, unless told otherwise.
pub const OVERLAP_HOURS: i64 = 24;
/// The longest it may.
pub const MOST_OVERLAP_HOURS: i64 = 168;

/// An endpoint as given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookDraft {
    /// What it is for.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// What it is told of; everything when this is empty.
    pub kinds: Vec<EventKind>,
    /// Whether it is told anything.
    pub active: bool,
}

/// An endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// What it is.
    pub draft: WebhookDraft,
    /// Until when the secret before the current one signs too.
    pub previous_until: Option<Timestamp>,
    /// Since when nothing has got through to it.
    pub failing_since: Option<Timestamp>,
    /// Why not.
    pub failing_reason: Option<String>,
    /// Counts its changes.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What somebody asks to be told again: the events of a stretch of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayRange {
    /// From this moment on.
    pub from: Timestamp,
    /// Before this one.
    pub to: Timestamp,
    /// Only these kinds; those of the endpoint when this is empty.
    pub kinds: Vec<EventKind>,
}

/// What an event is called where it is told, by which a repetition is known. The moment is part of it, since a shop that
/// is brought back to an earlier day gives the ids of events out again.
pub fn event_name(event: EventId, happened_at: Timestamp) -> String {
    format!("evt_{event}_{}", happened_at.millis())
}

/// One event on its way to one endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// To which endpoint.
    pub webhook: WebhookId,
    /// Of which event.
    pub event: EventId,
    /// When that happened.
    pub happened_at: Timestamp,
    /// The event's kind.
    pub kind: String,
    /// How it stands.
    pub state: DeliveryState,
    /// How often it has been tried since it was last asked for.
    pub attempts: u32,
    /// How often somebody asked for it again.
    pub replays: u32,
    /// The status of the last answer.
    pub last_status: Option<u16>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// The beginning of the last answer.
    pub response: Option<String>,
    /// When it is tried next.
    pub next_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When something last happened to it.
    pub updated_at: Timestamp,
}

/// How a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// To be tried, or tried again.
    Waiting,
    /// The endpoint took it.
    Delivered,
    /// Given up, until somebody asks for it again.
    Failed,
}

impl DeliveryState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Delivered, Self::Failed];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    /// The state of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// The pauses between attempts, as Standard Webhooks proposes them: three days in all.
const PAUSES: [Duration; 9] = [
    Duration::from_secs(5),
    Duration::from_secs(5 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(2 * 3_600),
    Duration::from_secs(5 * 3_600),
    Duration::from_secs(10 * 3_600),
    Duration::from_secs(14 * 3_600),
    Duration::from_secs(20 * 3_600),
    Duration::from_secs(24 * 3_600),
];

/// Attempts a delivery gets.
pub const MOST_ATTEMPTS: u32 = PAUSES.len() as u32 + 1;

/// When a delivery is tried again whose `attempt`, from 1, failed at `now`; never when that was the last one. `dice` is
/// drawn at random: a tenth more or less, so that what failed together does not come back together.
pub fn next_attempt(attempt: u32, now: Timestamp, dice: u64) -> Option<Timestamp> {
    let pause = PAUSES.get(usize::try_from(attempt).ok()?.checked_sub(1)?)?;
    let thousandths = 900 + u32::try_from(dice % 201).unwrap_or(100);
    Some(now.plus(*pause * thousandths / 1000))
}

impl WebhookDraft {
    /// Reads the body of an endpoint. Whether the address is one to send to is found out elsewhere.
    pub fn read(fields: &mut Fields<'_>) -> Self {
        for name in ["name", "url"] {
            if !fields.has(name) {
                fields.missing(name);
            }
        }
        Self {
            name: fields.text("name", 1..=100).unwrap_or_default(),
            url: fields.text("url", 1..=2_000).unwrap_or_default(),
            kinds: kinds(fields, "events"),
            active: fields.boolean("active").unwrap_or(true),
        }
    }

    /// The body that would make the endpoint what it is; a PATCH is merged into it.
    pub fn body(&self) -> Value {
        let kinds: Vec<&str> = self.kinds.iter().map(|kind| kind.as_str()).collect();
        json!({ "name": self.name, "url": self.url, "events": kinds, "active": self.active })
    }
}

impl ReplayRange {
    /// Reads the body of a replay.
    pub fn read(fields: &mut Fields<'_>) -> Self {
        for name in ["from", "to"] {
            if !fields.has(name) {
                fields.missing(name);
            }
        }
        let mut time = |name| fields.parsed(name, "a time such as 2026-01-31T00:00:00Z", Timestamp::parse);
        let (from, to) = (time("from"), time("to"));
        let backwards = matches!((from, to), (Some(from), Some(to)) if from >= to);
        if backwards {
            fields.wrong("to", "out_of_range", "must be later than from");
        }
        let start = Timestamp::from_millis(0);
        Self { from: from.unwrap_or(start), to: to.unwrap_or(start), kinds: kinds(fields, "events") }
    }
}

/// How many hours the secret before the current one still signs.
pub fn overlap_hours(fields: &mut Fields<'_>) -> i64 {
    fields.integer("overlap_hours", 0..=MOST_OVERLAP_HOURS).unwrap_or(OVERLAP_HOURS)
}

/// A list of kinds, each once. A test is sent when somebody asks for one, whatever is listed.
fn kinds(fields: &mut Fields<'_>, name: &'static str) -> Vec<EventKind> {
    let kind = |value: &Value| {
        let kind = value.as_str().and_then(EventKind::parse).filter(|kind| *kind != EventKind::WebhookTest);
        kind.ok_or_else(|| Invalid::one("", "invalid", "must be the name of an event such as order.placed"))
    };
    let mut kinds = fields.list(name, 50, kind).unwrap_or_default();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_read_back_from_its_own_body() {
        let body = json!({ "name": "Books", "url": "https://hooks.example.com/nexus", "events": ["order.paid", "order.placed", "order.paid"] });
        let draft = Fields::read(&body, WebhookDraft::read).unwrap();
        assert_eq!((draft.kinds.len(), draft.active), (2, true));
        assert_eq!(Fields::read(&draft.body(), WebhookDraft::read).unwrap(), draft);
    }

    #[test]
    fn everything_wrong_with_an_endpoint_is_named() {
        let body = json!({ "name": "", "events": ["order.eaten", "webhook.test", 1], "active": "yes", "secret": "x" });
        let invalid = Fields::read(&body, WebhookDraft::read).unwrap_err();
        let named: Vec<(&str, &str)> = invalid.0.iter().map(|e| (e.field.as_str(), e.code)).collect();
        assert_eq!(
            named,
            [
                ("url", "required"),
                ("name", "too_short"),
                ("events[0]", "invalid"),
                ("events[1]", "invalid"),
                ("events[2]", "invalid"),
                ("active", "not_a_boolean"),
                ("secret", "unknown_field")
            ]
        );
        let body = json!({ "from": "2026-02-01", "to": "2026-01-01" });
        assert_eq!(Fields::read(&body, ReplayRange::read).unwrap_err().0[0].field, "to");
    }

    #[test]
    fn attempts_are_spread_over_three_days_and_end() {
        let start = Timestamp::from_millis(0);
        for (dice, factor) in [(0, 0.9), (100, 1.0), (200, 1.1)] {
            let (mut now, mut attempt) = (start, 1);
            while let Some(next) = next_attempt(attempt, now, dice) {
                (now, attempt) = (next, attempt + 1);
            }
            assert_eq!(attempt, MOST_ATTEMPTS);
            let days = now.millis() as f64 / 86_400_000.0;
            assert!((days / factor - 3.15).abs() < 0.02, "{days} days");
        }
        assert_eq!(next_attempt(1, start, 100), Some(Timestamp::from_millis(5_000)));
        assert_eq!((next_attempt(0, start, 0), next_attempt(u32::MAX, start, 0)), (None, None));
    }
}
