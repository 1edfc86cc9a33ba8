//! What people do with their own account: name, another address, everything about them, and their end.

use super::mailbox::{Mail, post, the_letter};
use super::traces::rows;
use crate::support::builders::address;
use crate::support::request::SignedIn;
use crate::support::{Answer, PASSWORD, Requests, TestShop, email, refresh_token, wait};
use nexus::domain::{Role, Timestamp};
use nexus::services::{Actor, Ctx, Error, Outcome};
use rocket::http::Method;
use serde_json::{Value, json};

const ME: &str = "/api/v1/me";
const HOUR: i64 = 3_600_000;

fn login(shop: &TestShop, email: &str, password: &str) -> Answer {
    shop.anonymous().post("/api/v1/auth/login", &json!({ "email": email, "password": password }))
}

fn verify(shop: &TestShop, token: &str) -> Answer {
    shop.anonymous().post("/api/v1/auth/verify", &json!({ "token": token }))
}

fn reset(shop: &TestShop, token: &str) -> Answer {
    let body = json!({ "token": token, "password": "a quiet harbour" });
    shop.anonymous().post("/api/v1/auth/password/reset", &body)
}

fn forgot(shop: &TestShop, email: &str) {
    shop.anonymous().post("/api/v1/auth/password/forgot", &json!({ "email": email })).empty(204);
}

/// Asks for another address.
fn want(person: &SignedIn<'_>, email: &str) -> Answer {
    person.patch(ME, &json!({ "email": email, "current_password": PASSWORD }))
}

/// Nobody, so much later.
fn later(hours: f64) -> Ctx {
    let now = Ctx::now(Actor::Anonymous);
    #[expect(clippy::cast_possible_truncation, reason = "a few days")]
    let ms = (hours * HOUR as f64) as i64;
    Ctx { now: Timestamp::from_millis(now.now.millis() + ms), ..now }
}

fn is_refused(outcome: Outcome<()>) -> bool {
    matches!(outcome, Err(Error::Invalid(invalid)) if invalid.0[0].field == "token")
}

#[test]
fn me_is_read_and_changed_by_nobody_but_me() {
    let shop = TestShop::new();
    let read = shop.customer().get(ME);
    let me = read.ok(200);
    let shown = (&me["id"], &me["email"], &me["role"], &me["active"], &me["pending_email"]);
    assert_eq!(shown, (&json!(1), &json!("customer@example.test"), &json!("customer"), &json!(true), &Value::Null));
    assert_eq!(read.header("Cache-Control"), Some("no-store"));
    let patched = shop.customer().patch(ME, &json!({ "name": " Ann  Lee " }));
    assert_eq!(patched.ok(200)["name"], "Ann  Lee");
    assert_eq!(shop.customer().get(ME).etag(), patched.etag());
    for tag in [read.etag().as_str(), "\"x\""] {
        let me = shop.customer();
        me.request(Method::Patch, ME)
            .header("If-Match", tag)
            .json(&json!({ "name": "X" }))
            .send()
            .problem(412, "stale");
        me.request(Method::Delete, ME).header("If-Match", tag).send().problem(412, "stale");
    }
    assert_eq!(shop.customer().get(ME).ok(200), patched.json());
    assert_eq!(shop.customer().patch(ME, &json!({ "name": null })).ok(200)["name"], "");
    for (body, field, code) in [
        (json!({ "name": "x".repeat(201) }), "name", "too_long"),
        (json!({ "name": "a\nb" }), "name", "control_character"),
        (json!({ "email": "new@example.test" }), "current_password", "required"),
        (json!({ "email": "nowhere", "current_password": PASSWORD }), "email", "invalid"),
        (json!({ "email": "new@example.test", "current_password": 1 }), "current_password", "not_a_string"),
    ] {
        shop.customer().patch(ME, &body).names_field(field, code);
    }
    assert_eq!(shop.other_customer().get(ME).ok(200)["id"], 4);
    assert!(post(&shop).is_empty());
}

#[test]
fn me_erased_is_gone_with_every_sign_in_and_others_stay() {
    let shop = TestShop::new();
    let second = login(&shop, &email(Role::Customer), PASSWORD).ok(200);
    let second = second["access"].as_str().unwrap();
    shop.bearing(second).get(ME).ok(200);
    let tag = shop.customer().get(ME).etag();
    shop.customer().request(Method::Delete, ME).header("If-Match", &tag).send().empty(204);
    for token in [shop.customer().token().unwrap(), second] {
        shop.bearing(token).get(ME).problem(401, "unauthenticated");
        shop.bearing(token).delete(ME).problem(401, "unauthenticated");
    }
    let refresh = json!({ "refresh": refresh_token(Role::Customer) });
    shop.anonymous().post("/api/v1/auth/refresh", &refresh).problem(401, "unauthenticated");
    login(&shop, &email(Role::Customer), PASSWORD).problem(401, "unauthenticated");
    shop.other_customer().get(ME).ok(200);
}

#[test]
fn export_holds_everything_a_person_can_enter_and_nobody_elses() {
    let shop = TestShop::new();
    let body = json!({ "email": "ann@example.test", "password": PASSWORD, "name": "Ann of the export" });
    let anonymous = shop.anonymous();
    let register = anonymous.request(Method::Post, "/api/v1/auth/register").header("User-Agent", "Phone of Ann/1");
    let token = register.from("203.0.113.9").json(&body).send().ok(201)["access"].as_str().unwrap().to_owned();
    let me = shop.bearing(&token);
    want(&me, "ann@elsewhere.test").ok(200);
    let mut entered =
        vec!["ann@example.test".to_owned(), "Ann of the export".to_owned(), "ann@elsewhere.test".to_owned()];
    entered.extend(["203.0.113.9".to_owned(), "Phone of Ann/1".to_owned()]);
    for book in 1..=2 {
        let mut home = address();
        let fields = ["name", "company", "line1", "line2", "city", "region", "postal_code", "phone", "vat_number"];
        for field in fields {
            home[field] = json!(format!("{field} number {book}"));
            entered.push(format!("{field} number {book}"));
        }
        me.post("/api/v1/me/addresses", &home).ok(201);
    }
    shop.other_customer().post("/api/v1/me/addresses", &address()).ok(201);
    let answer = me.get("/api/v1/me/export");
    let export = answer.ok(200);
    assert_eq!(answer.header("Cache-Control"), Some("no-store"));
    let text = answer.text();
    for entered in &entered {
        assert!(text.contains(&format!("\"{entered}\"")), "{entered} is not in {text}");
    }
    assert_eq!(export["user"], me.get(ME).ok(200));
    assert_eq!(export["addresses"], me.get("/api/v1/me/addresses").ok(200)["results"]);
    assert_eq!(export["sessions"], me.get("/api/v1/me/sessions").ok(200)["results"]);
    assert_eq!((export["addresses"].as_array().unwrap().len(), export["sessions"].as_array().unwrap().len()), (2, 1));
    assert!(!text.contains("argon2") && !text.contains("Canal") && !text.contains(&token), "{text}");
}

#[test]
fn address_of_mail_changes_when_mail_is_proven_to_arrive_there() {
    let shop = TestShop::new();
    let wrong = json!({ "email": "new@example.test", "current_password": "not my password" });
    shop.customer().patch(ME, &wrong).names_field("current_password", "wrong");
    assert!(post(&shop).is_empty());
    let asked = want(&shop.customer(), " New@Example.test ").ok(200);
    let shown = (&asked["email"], &asked["pending_email"]);
    assert_eq!(shown, (&json!("customer@example.test"), &json!("New@Example.test")));
    let letter = the_letter(&shop);
    assert_eq!(letter.to, "New@Example.test");
    // Until then nothing is different.
    login(&shop, "new@example.test", PASSWORD).problem(401, "unauthenticated");
    let second = login(&shop, &email(Role::Customer), PASSWORD).ok(200);
    assert_eq!(shop.customer().patch(ME, &json!({ "name": "Ann" })).ok(200)["pending_email"], "New@Example.test");

    verify(&shop, &letter.token()).empty(204);
    for token in [shop.customer().token().unwrap(), second["access"].as_str().unwrap()] {
        shop.bearing(token).get(ME).problem(401, "unauthenticated");
    }
    for refresh in [refresh_token(Role::Customer).as_str(), second["refresh"].as_str().unwrap()] {
        shop.anonymous().post("/api/v1/auth/refresh", &json!({ "refresh": refresh })).problem(401, "unauthenticated");
    }
    login(&shop, &email(Role::Customer), PASSWORD).problem(401, "unauthenticated");
    let user = login(&shop, "new@example.test", PASSWORD).ok(200)["user"].clone();
    let shown = (&user["id"], &user["email"], &user["email_verified"], &user["pending_email"], &user["name"]);
    assert_eq!(shown, (&json!(1), &json!("New@Example.test"), &json!(true), &Value::Null, &json!("Ann")));
    let invited = shop.admin().post("/api/v1/users", &json!({ "email": email(Role::Customer) })).ok(201);
    assert_eq!(invited["id"], 5, "the old address is free");
}

/// An answer without what is new in each.
fn told(answer: &Answer) -> (u16, Value, Vec<(String, String)>) {
    let mut body = answer.ok(200);
    for field in ["pending_email", "updated_at"] {
        assert!(body[field].is_string(), "{body}");
        body[field] = Value::Null;
    }
    let mut headers = answer.headers.clone();
    headers.retain(|(name, _)| name != "X-Request-Id");
    (answer.status, body, headers)
}

#[test]
fn address_of_another_is_asked_for_like_a_free_one_and_its_owner_is_told() {
    let ask = |wanted: &str| {
        let shop = TestShop::new();
        let answer = want(&shop.customer(), wanted);
        assert_eq!(answer.json()["pending_email"], wanted);
        (told(&answer), answer.body.len(), told(&shop.customer().get(ME)), the_letter(&shop), shop)
    };
    let (free, free_length, free_me, to_free, _) = ask("stuff@example.test");
    let (taken, taken_length, taken_me, to_taken, shop) = ask("staff@example.test");
    assert_eq!((free, free_length, free_me), (taken, taken_length, taken_me));
    assert_eq!((to_free.to.as_str(), to_taken.to.as_str()), ("stuff@example.test", "staff@example.test"));
    to_free.token();
    assert!(to_taken.subject.starts_with("You already have an account"), "{to_taken:?}");
    assert!(!to_taken.text.contains("token") && !to_taken.text.contains("customer"), "{to_taken:?}");
    assert_eq!(shop.staff().get(ME).ok(200)["email"], "staff@example.test");
    // Another case of it is the same address, and an address that another only waits for is free.
    want(&shop.customer(), "STAFF@example.test").ok(200);
    assert!(the_letter(&shop).subject.starts_with("You already have"));
    want(&shop.other_customer(), "staff@example.test").ok(200);
    assert!(the_letter(&shop).subject.starts_with("You already have"));
}

#[test]
fn address_that_two_want_is_whose_letter_is_answered_first() {
    let shop = TestShop::new();
    want(&shop.customer(), "new@example.test").ok(200);
    want(&shop.other_customer(), "NEW@example.test").ok(200);
    let letters = post(&shop);
    let token = |to: &str| letters.iter().find(|mail| mail.to == to).expect("a letter").token();
    assert_eq!(letters.len(), 2);
    verify(&shop, &token("NEW@example.test")).empty(204);
    let before = rows(&shop, "account");
    for _ in 0..2 {
        verify(&shop, &token("new@example.test")).names_field("token", "invalid");
    }
    assert_eq!(rows(&shop, "account"), before);
    assert_eq!(login(&shop, "new@example.test", PASSWORD).ok(200)["user"]["id"], 4);
    assert_eq!(shop.customer().get(ME).ok(200)["email"], "customer@example.test", "who came second is still in");
    // The first to ask has no claim either, when somebody opens an account with it meanwhile.
    want(&shop.customer(), "third@example.test").ok(200);
    let letter = the_letter(&shop);
    shop.admin().post("/api/v1/users", &json!({ "email": "Third@example.test" })).ok(201);
    verify(&shop, &letter.token()).names_field("token", "invalid");
}

#[test]
fn change_of_address_is_withdrawn_by_what_says_so() {
    type Withdrawal = (&'static str, fn(&TestShop));
    let ways: [Withdrawal; 4] = [
        ("asking for the address there is", |shop| {
            assert_eq!(want(&shop.customer(), &email(Role::Customer)).ok(200)["pending_email"], Value::Null);
        }),
        ("asking for yet another", |shop| {
            assert_eq!(want(&shop.customer(), "x@example.test").ok(200)["pending_email"], "x@example.test");
        }),
        ("another password", |shop| {
            let body = json!({ "current_password": PASSWORD, "new_password": "a quiet harbour" });
            let user = shop.customer().post("/api/v1/auth/password", &body).ok(200)["user"].clone();
            assert_eq!(user["pending_email"], Value::Null, "who knew the old one may have asked for it");
        }),
        ("a forgotten password", |shop| {
            forgot(shop, &email(Role::Customer));
            reset(shop, &the_letter(shop).token()).empty(204);
        }),
    ];
    for (how, withdraw) in ways {
        let shop = TestShop::new();
        want(&shop.customer(), "new@example.test").ok(200);
        let token = the_letter(&shop).token();
        withdraw(&shop);
        post(&shop);
        assert_eq!(verify(&shop, &token).status, 422, "{how}");
        assert_eq!(shop.admin().get("/api/v1/users/1").ok(200)["email"], email(Role::Customer), "{how}");
    }
}

#[test]
fn letter_that_proves_the_first_address_outlives_another_password() {
    let shop = TestShop::new();
    let body = json!({ "email": "ann@example.test", "password": PASSWORD });
    let access = shop.anonymous().post("/api/v1/auth/register", &body).ok(201)["access"].as_str().unwrap().to_owned();
    let token = the_letter(&shop).token();
    let passwords = json!({ "current_password": PASSWORD, "new_password": "a quiet harbour" });
    let login = shop.bearing(&access).post("/api/v1/auth/password", &passwords).ok(200);
    verify(&shop, &token).empty(204);
    let me = shop.bearing(login["access"].as_str().unwrap()).get(ME).ok(200);
    assert_eq!(me["email_verified"], true, "and no sign-in ends, since it is the address there was");
}

#[test]
fn letter_to_the_old_address_opens_nothing_once_there_is_a_new_one() {
    let shop = TestShop::new();
    want(&shop.customer(), "new@example.test").ok(200);
    let proof = the_letter(&shop).token();
    forgot(&shop, &email(Role::Customer));
    let to_the_old = the_letter(&shop);
    verify(&shop, &proof).empty(204);
    reset(&shop, &to_the_old.token()).names_field("token", "invalid");
    login(&shop, "new@example.test", PASSWORD).ok(200);
}

#[test]
fn token_from_a_letter_is_good_once_and_the_newest_one_only() {
    let shop = TestShop::new();
    let resend = || {
        let body = json!({ "email": email(Role::Customer) });
        shop.anonymous().post("/api/v1/auth/verify/resend", &body).empty(204);
        the_letter(&shop).token()
    };
    let (first, second) = (resend(), resend());
    verify(&shop, &first).names_field("token", "invalid");
    verify(&shop, &second).empty(204);
    verify(&shop, &second).names_field("token", "invalid");
    assert_eq!(shop.customer().get(ME).ok(200)["email_verified"], true);
    let ask = || {
        forgot(&shop, &email(Role::Customer));
        let letters = post(&shop);
        letters.iter().find(|mail| mail.text.contains("#token=")).expect("a letter").token()
    };
    let (first, second) = (ask(), ask());
    reset(&shop, &first).names_field("token", "invalid");
    // A password that will not do does not use the token up.
    let body = json!({ "token": second, "password": "short" });
    shop.anonymous().post("/api/v1/auth/password/reset", &body).names_field("password", "unacceptable");
    reset(&shop, &second).empty(204);
    reset(&shop, &second).names_field("token", "invalid");
    login(&shop, &email(Role::Customer), "a quiet harbour").ok(200);
}

#[test]
fn token_from_a_letter_ends_after_its_time() {
    let shop = TestShop::new();
    let verify_at = |hours, token: &str| wait(shop.shop.email_verify(&later(hours), token));
    let reset_at =
        |hours, token: &str| wait(shop.shop.password_reset(&later(hours), token, "a quiet harbour".to_owned()));
    want(&shop.customer(), "new@example.test").ok(200);
    let token = the_letter(&shop).token();
    assert!(is_refused(verify_at(48.1, &token)));
    verify_at(47.9, &token).unwrap();
    forgot(&shop, "new@example.test");
    let token = the_letter(&shop).token();
    assert!(is_refused(reset_at(1.1, &token)));
    reset_at(0.9, &token).unwrap();
    post(&shop);
    shop.admin().post("/api/v1/users", &json!({ "email": "bo@example.test" })).ok(201);
    let token = the_letter(&shop).token();
    assert!(is_refused(reset_at(24.0 * 7.1, &token)));
    reset_at(24.0 * 6.9, &token).unwrap();
    // What has run out is removed by the shop's own chore.
    post(&shop);
    forgot(&shop, &email(Role::Staff));
    the_letter(&shop);
    assert_eq!(rows(&shop, "mail_token").len(), 1);
    wait(shop.shop.sessions_sweep(&Ctx { now: later(0.9).now, ..Ctx::shop() })).unwrap();
    assert_eq!(rows(&shop, "mail_token").len(), 1);
    wait(shop.shop.sessions_sweep(&Ctx { now: later(1.1).now, ..Ctx::shop() })).unwrap();
    assert!(rows(&shop, "mail_token").is_empty());
}

#[test]
fn token_is_good_for_its_one_purpose_only() {
    let shop = TestShop::new();
    want(&shop.customer(), "new@example.test").ok(200);
    forgot(&shop, &email(Role::Staff));
    let letters = post(&shop);
    let token = |to: &str| letters.iter().find(|mail: &&Mail| mail.to == to).expect("a letter").token();
    let (proof, password) = (token("new@example.test"), token("staff@example.test"));
    let key = shop.api_key(&["users:write"]);
    let refresh = refresh_token(Role::Admin);
    let access = shop.admin().token().unwrap().to_owned();
    let padded = format!("{proof}=");
    for other in [&password, &key, &key["nxk_".len()..].to_owned(), &refresh, &access, &padded, &proof[1..].to_owned()]
    {
        verify(&shop, other).names_field("token", "invalid");
    }
    for other in [&proof, &key, &key["nxk_".len()..].to_owned(), &refresh, &access, &String::new()] {
        reset(&shop, other).names_field("token", "invalid");
    }
    for mailed in [&proof, &password, &format!("nxk_{password}")] {
        shop.bearing(mailed).get(ME).problem(401, "unauthenticated");
        shop.anonymous().post("/api/v1/auth/refresh", &json!({ "refresh": mailed })).problem(401, "unauthenticated");
        let setup = json!({ "token": mailed, "email": "eve@example.test", "password": PASSWORD });
        shop.anonymous().post("/api/v1/auth/setup", &setup).names_field("token", "invalid");
    }
    // None of that has used them up, nor ended the sign-in whose token was tried.
    shop.admin().get(ME).ok(200);
    shop.anonymous().post("/api/v1/auth/refresh", &json!({ "refresh": refresh })).ok(200);
    verify(&shop, &proof).empty(204);
    reset(&shop, &password).empty(204);
}

#[test]
fn token_of_somebody_who_may_not_sign_in_opens_nothing() {
    let shop = TestShop::new();
    want(&shop.customer(), "new@example.test").ok(200);
    let proof = the_letter(&shop).token();
    forgot(&shop, &email(Role::Customer));
    let password = the_letter(&shop).token();
    shop.admin().patch("/api/v1/users/1", &json!({ "active": false })).ok(200);
    let before = rows(&shop, "account");
    verify(&shop, &proof).names_field("token", "invalid");
    reset(&shop, &password).names_field("token", "invalid");
    assert_eq!(rows(&shop, "account"), before);
}
