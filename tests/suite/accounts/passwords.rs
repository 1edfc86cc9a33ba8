//! Passwords: which are taken, how they change, and how a lost one is replaced.

use super::{code, letters, login, me, refresh, register};
use crate::support::{PASSWORD, Requests, TestShop};
use serde_json::json;

const ANN: &str = "customer@example.test";

#[test]
fn password_of_any_composition_is_taken_and_counts_whole() {
    let shop = TestShop::new();
    let long = |end: &str| format!("{}{end}", "p".repeat(74));
    let good = [
        "xk wq zv".to_owned(),
        "1842907365".to_owned(),
        "        ".to_owned(),
        "пароль мой".to_owned(),
        "🦀🦀🦀🦀🦀🦀🦀🦀".to_owned(),
        " leading and trailing ".to_owned(),
        "a\tb\nc\u{1b}d e".to_owned(),
        "y".repeat(64),
        "y".repeat(128),
        "ü".repeat(256),
        long("123456"),
    ];
    for (n, password) in good.iter().enumerate() {
        let email = format!("p{n}@example.test");
        assert_eq!(register(&shop, &email, password).status, 201, "{password:?}");
        assert_eq!(login(&shop, &email, password).status, 200, "{password:?}");
        assert_eq!(login(&shop, &email, &format!("{password} ")).status, 401, "{password:?}");
        assert_eq!(login(&shop, &email, password.trim()).status == 200, password.trim() == password, "{password:?}");
    }
    assert_eq!(login(&shop, "p10@example.test", &long("123457")).status, 401, "it differs at its 80th letter");
    assert_eq!(login(&shop, "p10@example.test", &long("")).status, 401);
}

#[test]
fn password_too_short_too_long_common_or_ones_own_address_is_refused() {
    let shop = TestShop::new();
    let too_long = "ü".repeat(257);
    for bad in [
        "",
        "a",
        "1234567",
        "пароль7",
        too_long.as_str(),
        "nul\0in the middle",
        "password",
        "PASSWORD",
        "12345678",
        "iloveyou1",
        "new@example.test",
        "NEW@example.test",
    ] {
        register(&shop, "new@example.test", bad).names_field("password", "unacceptable");
    }
    register(&shop, "annabelle@example.test", "annabelle").names_field("password", "unacceptable");
    assert_eq!(shop.admin().results("/api/v1/users").len(), 4);
}

#[test]
fn password_change_needs_the_old_one_and_ends_all_other_sessions() {
    let shop = TestShop::new();
    let change = |current: &str, new: &str| {
        shop.customer().post("/api/v1/auth/password", &json!({ "current_password": current, "new_password": new }))
    };
    let elsewhere = login(&shop, ANN, PASSWORD).ok(200);
    change("wrong horse battery", "a long walk by the canal").names_field("current_password", "wrong");
    change(PASSWORD, "short").names_field("new_password", "unacceptable");
    assert_eq!(me(&shop, &elsewhere["access"]), 200, "nothing has changed yet");
    let fresh = change(PASSWORD, "a long walk by the canal").ok(200);
    assert_eq!(me(&shop, &elsewhere["access"]), 401);
    assert_eq!(refresh(&shop, &elsewhere["refresh"]).status, 401);
    assert_eq!(shop.customer().get("/api/v1/me").status, 401, "the tokens it was changed with have ended too");
    assert_eq!(me(&shop, &fresh["access"]), 200);
    assert_eq!((login(&shop, ANN, PASSWORD).status, login(&shop, ANN, "a long walk by the canal").status), (401, 200));
    let letters = letters(&shop);
    assert!(letters.len() == 1 && letters[0].contains("was changed"), "{letters:?}");
}

#[test]
fn guesses_of_the_current_password_are_counted_like_those_at_the_door() {
    let shop = TestShop::with(|config| config.limits.login_per_account = 3);
    let change = |current: &str| {
        let body = json!({ "current_password": current, "new_password": "a long walk by the canal" });
        shop.customer().post("/api/v1/auth/password", &body).status
    };
    let patch = |current: &str| {
        let body = json!({ "email": "else@example.test", "current_password": current });
        shop.customer().patch("/api/v1/me", &body).status
    };
    assert_eq!([change("wrong horse 1"), patch("wrong horse 2"), change("wrong horse 3")], [422, 422, 422]);
    assert_eq!([change(PASSWORD), patch(PASSWORD), login(&shop, ANN, PASSWORD).status], [429, 429, 429]);
}

#[test]
fn lost_password_is_replaced_by_the_code_in_the_letter_once() {
    let shop = TestShop::new();
    let before = login(&shop, ANN, PASSWORD).ok(200);
    let forgot = |email: &str| shop.anonymous().post("/api/v1/auth/password/forgot", &json!({ "email": email }));
    let reset = |token: &str, password: &str| {
        shop.anonymous().post("/api/v1/auth/password/reset", &json!({ "token": token, "password": password }))
    };
    forgot(&ANN.to_uppercase()).empty(204);
    let first = code(&letters(&shop)[0]);
    forgot(ANN).empty(204);
    let second = code(&letters(&shop)[1]);
    reset(&first, "a long walk by the canal").names_field("token", "invalid");
    reset(&second, "short").names_field("password", "unacceptable");
    assert_eq!(me(&shop, &before["access"]), 200);
    reset(&second, "a long walk by the canal").empty(204);
    reset(&second, "another walk by the canal").names_field("token", "invalid");
    assert_eq!((me(&shop, &before["access"]), refresh(&shop, &before["refresh"]).status), (401, 401));
    let login = login(&shop, ANN, "a long walk by the canal").ok(200);
    assert_eq!(login["user"]["email_verified"], true, "the letter arrived");
}

#[test]
fn reset_code_is_good_for_an_hour_and_not_for_somebody_deactivated() {
    let shop = TestShop::new();
    let forgot = || shop.anonymous().post("/api/v1/auth/password/forgot", &json!({ "email": ANN })).empty(204);
    forgot();
    let token = code(&letters(&shop)[0]);
    let late = nexus::services::Ctx::now(nexus::services::Actor::Anonymous);
    let now = nexus::domain::Timestamp::from_millis(late.now.millis() + 61 * 60_000);
    let late = nexus::services::Ctx { now, ..late };
    assert!(crate::support::wait(shop.shop.password_reset(&late, &token, "a long walk by the canal".into())).is_err());
    shop.admin().patch("/api/v1/users/1", &json!({"active": false})).ok(200);
    let body = json!({"token": token, "password": "a long walk by the canal"});
    shop.anonymous().post("/api/v1/auth/password/reset", &body).names_field("token", "invalid");
    forgot();
    assert_eq!(letters(&shop).len(), 1, "who may not sign in gets no letter");
}

#[test]
fn hash_of_weaker_parameters_is_replaced_at_the_next_login() {
    let shop = TestShop::new();
    let weak = {
        use argon2::password_hash::{PasswordHasher, SaltString};
        let salt = SaltString::encode_b64(&[7; 16]).unwrap();
        let params = argon2::Params::new(64, 1, 1, None).unwrap();
        let argon2 = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
        argon2.hash_password(PASSWORD.as_bytes(), &salt).unwrap().to_string()
    };
    let database = rusqlite::Connection::open(shop.path().join("nexus.db")).unwrap();
    database.execute("update account set password_hash = ?1 where email = ?2", [&weak, &ANN.to_owned()]).unwrap();
    let stored = || -> String {
        database.query_row("select password_hash from account where email = ?1", [ANN], |row| row.get(0)).unwrap()
    };
    assert_eq!(login(&shop, ANN, "wrong horse battery").status, 401);
    assert_eq!(stored(), weak);
    assert_eq!(login(&shop, ANN, PASSWORD).status, 200);
    assert!(stored().contains("m=19456,t=2,p=1"), "{}", stored());
    assert_eq!(login(&shop, ANN, PASSWORD).status, 200);
}
