//! What may happen to an order, and where it stands: one table.

use super::{FulfillmentStatus, OrderStatus};
use FulfillmentStatus::Unfulfilled;
use OrderStatus::{Cancelled, Completed, Draft, Fulfilled, Paid, PartiallyRefunded, Pending, Refunded};

/// Something that somebody wants to do with an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Give a draft its number.
    Place,
    /// Throw a draft away.
    Discard,
    /// Change its e-mail address, addresses or note.
    Edit,
    /// Take money for it.
    Pay,
    /// Send some of it.
    Fulfill,
    /// Say that it is over and done.
    Complete,
    /// Call it off.
    Cancel,
    /// Give money back.
    Refund,
    /// Take goods back.
    Return,
}

/// What decides which actions are possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Situation {
    /// Where the order stands.
    pub status: OrderStatus,
    /// How much of it is on its way.
    pub fulfillment: FulfillmentStatus,
    /// Whether it is paid when it arrives.
    pub on_delivery: bool,
    /// Whether the shop holds money for it.
    pub held: bool,
    /// Whether something that was sent has not come back.
    pub shipped: bool,
    /// Whether something is still to be sent.
    pub unsent: bool,
}

/// When an action is possible in a status.
#[derive(Clone, Copy)]
enum When {
    Always,
    /// Nothing has been sent.
    Unshipped,
    /// Paid on delivery, and not all of it has been sent.
    OnDelivery,
    /// Not all of it has been sent.
    Open,
    /// The shop holds money for it.
    Held,
    /// Something that was sent has not come back.
    Out,
    /// Whatever was sent has come back.
    Back,
    /// The same, and something is still to be sent.
    Kept,
}

/// Every legal move. An order that was cancelled can be refunded while money for it is held, as when a payment came
/// in too late or a refund failed. One whose money went back without its units can be cancelled while the shop has them,
/// and one that nobody paid on delivery once all of it has come back: that gives back its stock.
const MOVES: [(OrderStatus, Action, When); 25] = [
    (Draft, Action::Place, When::Always),
    (Draft, Action::Discard, When::Always),
    (Draft, Action::Edit, When::Always),
    (Pending, Action::Edit, When::Unshipped),
    (Pending, Action::Pay, When::Always),
    (Pending, Action::Cancel, When::Back),
    (Pending, Action::Fulfill, When::OnDelivery),
    (Pending, Action::Return, When::Out),
    (Paid, Action::Edit, When::Unshipped),
    (Paid, Action::Fulfill, When::Always),
    (Paid, Action::Cancel, When::Unshipped),
    (Paid, Action::Refund, When::Held),
    (Paid, Action::Return, When::Out),
    (Fulfilled, Action::Complete, When::Always),
    (Fulfilled, Action::Refund, When::Held),
    (Fulfilled, Action::Return, When::Out),
    (Completed, Action::Refund, When::Held),
    (Completed, Action::Return, When::Out),
    (PartiallyRefunded, Action::Edit, When::Unshipped),
    (PartiallyRefunded, Action::Fulfill, When::Open),
    (PartiallyRefunded, Action::Refund, When::Held),
    (PartiallyRefunded, Action::Return, When::Out),
    (Refunded, Action::Cancel, When::Kept),
    (Refunded, Action::Return, When::Out),
    (Cancelled, Action::Refund, When::Held),
];

impl Action {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Place,
        Self::Discard,
        Self::Edit,
        Self::Pay,
        Self::Fulfill,
        Self::Complete,
        Self::Cancel,
        Self::Refund,
        Self::Return,
    ];

    /// How people are told of it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Place => "place",
            Self::Discard => "discard",
            Self::Edit => "edit",
            Self::Pay => "pay",
            Self::Fulfill => "fulfill",
            Self::Complete => "complete",
            Self::Cancel => "cancel",
            Self::Refund => "refund",
            Self::Return => "return",
        }
    }
}

impl Situation {
    /// Whether an action is possible.
    pub fn allows(&self, action: Action) -> bool {
        MOVES.iter().any(|(status, move_, when)| *status == self.status && *move_ == action && self.meets(*when))
    }

    /// What is possible.
    pub fn actions(&self) -> Vec<Action> {
        Action::ALL.into_iter().filter(|action| self.allows(*action)).collect()
    }

    fn meets(&self, when: When) -> bool {
        match when {
            When::Always => true,
            When::Unshipped => self.fulfillment == Unfulfilled,
            When::OnDelivery => self.on_delivery && self.fulfillment != FulfillmentStatus::Fulfilled,
            When::Open => self.fulfillment != FulfillmentStatus::Fulfilled,
            When::Held => self.held,
            When::Out => self.shipped,
            When::Back => !self.shipped,
            When::Kept => self.unsent && !self.shipped,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each status with the actions that are possible in it when nothing was sent, and when all of it was. The shop
    /// holds money for orders that were paid.
    const EXPECTED: [(OrderStatus, &str, &str); 8] = [
        (Draft, "place discard edit", "place discard edit"),
        (Pending, "edit pay cancel", "pay return"),
        (Paid, "edit fulfill cancel refund", "fulfill refund return"),
        (Fulfilled, "complete refund", "complete refund return"),
        (Completed, "refund", "refund return"),
        (Cancelled, "", ""),
        (PartiallyRefunded, "edit fulfill refund", "refund return"),
        (Refunded, "cancel", "return"),
    ];

    fn situation(status: OrderStatus, fulfillment: FulfillmentStatus) -> Situation {
        let held = matches!(status, Paid | Fulfilled | Completed | PartiallyRefunded);
        let (shipped, unsent) = (fulfillment != Unfulfilled, fulfillment != FulfillmentStatus::Fulfilled);
        Situation { status, fulfillment, on_delivery: false, held, shipped, unsent }
    }

    #[test]
    fn every_pair_of_status_and_action_is_as_the_table_says() {
        for (status, unsent, sent) in EXPECTED {
            for (fulfillment, expected) in [(Unfulfilled, unsent), (FulfillmentStatus::Fulfilled, sent)] {
                let situation = situation(status, fulfillment);
                for action in Action::ALL {
                    let legal = expected.split(' ').any(|name| name == action.as_str());
                    assert_eq!(situation.allows(action), legal, "{status:?} {fulfillment:?} {action:?}");
                }
                let named: Vec<&str> = situation.actions().into_iter().map(Action::as_str).collect();
                assert_eq!(named.join(" "), expected, "{status:?} {fulfillment:?}");
            }
        }
    }

    #[test]
    fn only_what_is_paid_on_delivery_is_sent_before_it_is_paid() {
        let mut pending = situation(Pending, Unfulfilled);
        assert!(!pending.allows(Action::Fulfill));
        pending.on_delivery = true;
        assert!(pending.allows(Action::Fulfill) && pending.allows(Action::Cancel));
        (pending.fulfillment, pending.shipped) = (FulfillmentStatus::PartiallyFulfilled, true);
        assert!(pending.allows(Action::Fulfill) && !pending.allows(Action::Cancel));
        pending.fulfillment = FulfillmentStatus::Fulfilled;
        assert!(!pending.allows(Action::Fulfill) && pending.allows(Action::Pay));
        assert!(!pending.allows(Action::Cancel));
        pending.shipped = false;
        assert!(pending.allows(Action::Cancel), "all of it has come back");
    }

    #[test]
    fn order_that_was_paid_back_is_cancelled_only_while_the_shop_keeps_units_of_it() {
        let refunded = situation(Refunded, Unfulfilled);
        assert_eq!(refunded.actions(), [Action::Cancel]);
        assert_eq!(Situation { unsent: false, ..refunded }.actions(), [], "nothing of it is to be sent");
        let part = Situation { shipped: true, ..situation(Refunded, FulfillmentStatus::PartiallyFulfilled) };
        assert_eq!(part.actions(), [Action::Return]);
        assert_eq!(Situation { shipped: false, ..part }.actions(), [Action::Cancel]);
    }

    #[test]
    fn money_that_is_held_for_a_cancelled_order_can_go_back() {
        let held = Situation { held: true, ..situation(Cancelled, Unfulfilled) };
        assert_eq!(held.actions(), [Action::Refund]);
        assert!(!Situation { held: false, ..situation(Paid, Unfulfilled) }.allows(Action::Refund));
    }
}
