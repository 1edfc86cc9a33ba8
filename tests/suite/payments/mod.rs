//! Payments: providers, their messages, refunds, and what becomes of all of it when something is cut off.

mod bench;
mod calls;
mod duplicates;
mod flags;
mod manual;
mod messages;
mod open;
mod refunds;
mod scenario;
mod stand_in;
mod thanks;
