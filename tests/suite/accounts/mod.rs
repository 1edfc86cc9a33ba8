//! People: registering, signing in and staying so, passwords, mailboxes, what is theirs alone, keys for integrations,
//! and what tells strangers nothing.

mod addresses;
mod api_keys;
mod enumeration;
mod letters;
mod mailbox;
mod me;
mod orders;
mod passwords;
mod registration;
mod sessions;
mod traces;
mod users;

use crate::support::{Answer, Requests, TestShop, wait};
use nexus::jobs::{Work, run_due};
use serde_json::{Value, json};

/// Sends what is due and gives the letters there are, each as it is written to the data folder, oldest first.
pub fn letters(shop: &TestShop) -> Vec<String> {
    wait(run_due(shop.shop.clone(), Work::default())).expect("the jobs run");
    let folder = shop.path().join("mail");
    let mut files: Vec<_> = std::fs::read_dir(folder).expect("the folder").map(|e| e.expect("a file").path()).collect();
    files.sort_by_key(|path| std::fs::metadata(path).and_then(|meta| meta.modified()).expect("a time"));
    files.iter().map(|path| std::fs::read_to_string(path).expect("a letter")).collect()
}

/// The code in a letter.
pub fn code(letter: &str) -> String {
    let code = letter.split("#token=").nth(1).expect("a link").chars().take(43).collect::<String>();
    assert_eq!(code.len(), 43, "{letter}");
    code
}

/// Registers somebody.
pub fn register(shop: &TestShop, email: &str, password: &str) -> Answer {
    shop.anonymous().post("/api/v1/auth/register", &json!({ "email": email, "password": password }))
}

/// Signs somebody in.
pub fn login(shop: &TestShop, email: &str, password: &str) -> Answer {
    shop.anonymous().post("/api/v1/auth/login", &json!({ "email": email, "password": password }))
}

/// Exchanges a refresh token.
pub fn refresh(shop: &TestShop, token: &Value) -> Answer {
    shop.anonymous().post("/api/v1/auth/refresh", &json!({ "refresh": token }))
}

/// The status of a read of one's own account by an access token.
pub fn me(shop: &TestShop, access: &Value) -> u16 {
    shop.bearing(access.as_str().expect("a token")).get("/api/v1/me").status
}
