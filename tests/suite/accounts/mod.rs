//! People: their accounts, what is theirs alone, keys for integrations, and the letters about it all.

mod addresses;
mod api_keys;
mod letters;
mod mailbox;
mod me;
mod traces;
mod users;
