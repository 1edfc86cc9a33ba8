//! User administration: lists, changes and what they end, the last admin, erasure, and fields nobody may set.

use super::mailbox::{deliver, post, the_letter};
use super::traces::{columns_with, files_with, rows};
use crate::support::builders::address;
use crate::support::{Answer, PASSWORD, Requests, TestShop, email, refresh_token, wait};
use nexus::domain::Role;
use nexus::services::Ctx;
use rocket::http::Method;
use serde_json::{Value, json};

const USERS: &str = "/api/v1/users";

fn login(shop: &TestShop, email: &str, password: &str) -> Answer {
    shop.anonymous().post("/api/v1/auth/login", &json!({ "email": email, "password": password }))
}

/// An account without a password, which costs no hashing.
fn invited(shop: &TestShop, email: &str, role: &str) -> i64 {
    shop.admin().post(USERS, &json!({ "email": email, "role": role })).ok(201)["id"].as_i64().unwrap()
}

fn ids(list: &Value) -> Vec<i64> {
    list["results"].as_array().unwrap().iter().map(|user| user["id"].as_i64().unwrap()).collect()
}

fn listed(shop: &TestShop, query: &str) -> Vec<i64> {
    ids(&shop.admin().get(&format!("{USERS}?{query}")).ok(200))
}

fn user(shop: &TestShop, id: i64) -> Value {
    shop.admin().get(&format!("{USERS}/{id}")).ok(200)
}

#[test]
fn user_list_filters_by_role_activity_and_address_together() {
    let shop = TestShop::new();
    shop.admin().patch("/api/v1/users/4", &json!({ "active": false })).ok(200);
    for (query, expected) in [
        ("", vec![1, 2, 3, 4]),
        ("role=customer", vec![1, 4]),
        ("role=staff", vec![2]),
        ("active=true", vec![1, 2, 3]),
        ("active=false", vec![4]),
        ("role=customer&active=true", vec![1]),
        ("email=STAFF@Example.test", vec![2]),
        ("email=staff@example.test&role=admin", vec![]),
        ("email=nobody@example.test", vec![]),
        ("page_size=2", vec![1, 2]),
    ] {
        assert_eq!(listed(&shop, query), expected, "{query}");
    }
    for bad in ["role=owner", "active=maybe", "email=nobody", "name=x", "cursor=x", "role=staff&role=admin"] {
        assert_eq!(shop.admin().get(&format!("{USERS}?{bad}")).status, 400, "{bad}");
    }
    assert_eq!(shop.admin().get(&format!("{USERS}?page_size=0")).status, 422);
    let page = shop.admin().get(&format!("{USERS}?page_size=1")).ok(200);
    let cursor = page["next"].as_str().unwrap().split("cursor=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    shop.admin().get(&format!("{USERS}?role=staff&cursor={cursor}")).problem(400, "bad-cursor");
    shop.admin().get(&format!("/api/v1/admin/api-keys?cursor={cursor}")).problem(400, "bad-cursor");
}

#[test]
fn user_list_is_walked_whole_both_ways_while_people_come_and_go() {
    let shop = TestShop::new();
    let before: Vec<i64> = (0..24).map(|n| invited(&shop, &format!("p{n}@example.test"), "customer")).collect();
    let (mut seen, mut gone) = (Vec::new(), Vec::new());
    let mut path = Some(format!("{USERS}?page_size=4"));
    let mut last = Value::Null;
    while let Some(at) = path {
        let page = shop.admin().get(&at).ok(200);
        assert_eq!(page["previous"].is_null(), seen.is_empty(), "{at}");
        let here = ids(&page);
        // The end of this page goes, and somebody on a later page; somebody new comes.
        let behind = before.iter().copied().find(|id| *id > here[here.len() - 1] + 4 && !gone.contains(id));
        for id in behind.into_iter().chain(here.last().copied().filter(|id| *id > 4)) {
            shop.admin().delete(&format!("{USERS}/{id}")).empty(204);
            gone.push(id);
        }
        if seen.len() < 12 {
            invited(&shop, &format!("late{}@example.test", seen.len()), "customer");
        }
        seen.extend(here);
        path = page["next"].as_str().map(str::to_owned);
        last = page;
    }
    let mut sorted = seen.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(seen, sorted, "in order, and nobody twice");
    let missing: Vec<&i64> = before.iter().filter(|id| !seen.contains(id) && !gone.contains(id)).collect();
    assert!(missing.is_empty(), "{missing:?} stayed and were not shown");
    assert!(seen.iter().any(|id| id > before.last().unwrap()), "who came later is behind the others");
    let mut back = ids(&last);
    let mut path = last["previous"].as_str().map(str::to_owned);
    while let Some(at) = path {
        let page = shop.admin().get(&at).ok(200);
        back.splice(0..0, ids(&page));
        path = page["previous"].as_str().map(str::to_owned);
    }
    back.retain(|id| !gone.contains(id));
    assert_eq!(back, listed(&shop, "page_size=100"));
}

#[test]
fn user_list_never_shows_decoys_or_the_erased_and_neither_can_be_touched() {
    let shop = TestShop::new();
    let body = json!({ "email": "Customer@example.test", "password": PASSWORD, "name": "Eve" });
    let decoy = shop.anonymous().post("/api/v1/auth/register", &body).ok(201)["user"]["id"].as_i64().unwrap();
    shop.admin().delete("/api/v1/users/4").empty(204);
    assert_eq!(listed(&shop, ""), [1, 2, 3]);
    assert_eq!(listed(&shop, "role=customer"), [1]);
    assert_eq!(listed(&shop, "active=false"), [0; 0]);
    assert_eq!(listed(&shop, "email=customer@example.test"), [1]);
    for id in [decoy, 4, 999] {
        let path = format!("{USERS}/{id}");
        shop.admin().get(&path).problem(404, "not-found");
        shop.admin().patch(&path, &json!({ "name": "X" })).problem(404, "not-found");
        shop.admin().delete(&path).problem(404, "not-found");
    }
}

#[test]
fn user_created_with_a_password_signs_in_at_once() {
    let shop = TestShop::new();
    let body = json!({ "email": " Bo@Example.test ", "name": "Bo Ek", "role": "staff", "password": "a quiet harbour" });
    let answer = shop.admin().post(USERS, &body);
    let made = answer.ok(201);
    assert_eq!(answer.header("Location"), Some(format!("/api/v1/users/{}", made["id"]).as_str()));
    assert_eq!(answer.header("Cache-Control"), Some("no-store"));
    let shown = (&made["email"], &made["name"], &made["role"], &made["active"], &made["email_verified"]);
    assert_eq!(shown, (&json!("Bo@Example.test"), &json!("Bo Ek"), &json!("staff"), &json!(true), &json!(false)));
    let access = login(&shop, "bo@example.test", "a quiet harbour").ok(200)["access"].as_str().unwrap().to_owned();
    assert_eq!(shop.bearing(&access).get("/api/v1/products?status=draft").status, 200);
    assert!(post(&shop).is_empty(), "who has a password is not invited");
    for (body, field, code) in [
        (json!({}), "email", "required"),
        (json!({ "email": "x" }), "email", "invalid"),
        (json!({ "email": "x@example.test", "role": "owner" }), "role", "invalid"),
        (json!({ "email": "x@example.test", "password": "short" }), "password", "unacceptable"),
        (json!({ "email": "x@example.test", "password": "x@example.test" }), "password", "unacceptable"),
        (json!({ "email": "x@example.test", "name": "x".repeat(201) }), "name", "too_long"),
    ] {
        shop.admin().post(USERS, &body).names_field(field, code);
    }
    assert_eq!(listed(&shop, "").len(), 5);
}

#[test]
fn user_created_without_a_password_is_invited_and_chooses_one() {
    let shop = TestShop::new();
    let id = invited(&shop, "bo@example.test", "staff");
    for guess in ["", PASSWORD] {
        login(&shop, "bo@example.test", guess).problem(401, "unauthenticated");
    }
    let letter = the_letter(&shop);
    assert_eq!(letter.to, "bo@example.test");
    let reset = json!({ "token": letter.token(), "password": "a quiet harbour" });
    shop.anonymous().post("/api/v1/auth/password/reset", &reset).empty(204);
    let signed_in = login(&shop, "bo@example.test", "a quiet harbour").ok(200);
    let shown = (&signed_in["user"]["id"], &signed_in["user"]["role"], &signed_in["user"]["email_verified"]);
    assert_eq!(shown, (&json!(id), &json!("staff"), &json!(true)), "the letter arrived");
    shop.anonymous().post("/api/v1/auth/password/reset", &reset).names_field("token", "invalid");
}

#[test]
fn user_with_a_taken_address_is_409_whatever_its_case_and_nothing_changes() {
    let shop = TestShop::new();
    let before = rows(&shop, "account");
    for taken in ["customer@example.test", "CUSTOMER@example.test", "Customer@EXAMPLE.test"] {
        for answer in [
            shop.admin().post(USERS, &json!({ "email": taken })),
            shop.admin().patch("/api/v1/users/4", &json!({ "email": taken, "name": "X", "role": "staff" })),
        ] {
            let problem = answer.problem(409, "taken");
            assert_eq!(problem["errors"][0]["field"], "email", "{problem}");
        }
    }
    assert_eq!(rows(&shop, "account"), before);
    // One's own address in another case is not another's.
    let patched = shop.admin().patch("/api/v1/users/1", &json!({ "email": "Customer@Example.test" })).ok(200);
    assert_eq!(patched["email"], "Customer@Example.test");
    shop.admin().post(USERS, &json!({ "email": "customer@example.test" })).problem(409, "taken");
}

#[test]
fn user_patch_acts_on_live_tokens_as_each_field_asks() {
    let shop = TestShop::new();
    let patch = |body: Value| shop.admin().patch("/api/v1/users/2", &body).ok(200);
    assert_eq!(patch(json!({ "name": "Sam" }))["name"], "Sam");
    assert_eq!(shop.staff().get("/api/v1/me").ok(200)["name"], "Sam", "a name ends nothing");
    assert_eq!(patch(json!({ "name": null }))["name"], "");
    patch(json!({ "role": "admin" }));
    assert_eq!(shop.staff().get(USERS).status, 200, "a role counts at once");
    patch(json!({ "role": "customer" }));
    shop.staff().get("/api/v1/products?status=draft").problem(403, "forbidden");
    patch(json!({ "role": "staff", "active": true, "email": email(Role::Staff) }));
    assert_eq!(shop.staff().get("/api/v1/me").status, 200, "what stays as it is ends nothing");

    patch(json!({ "email": "sam@example.test" }));
    shop.staff().get("/api/v1/me").problem(401, "unauthenticated");
    login(&shop, &email(Role::Staff), PASSWORD).problem(401, "unauthenticated");
    let token =
        |password: &str| login(&shop, "sam@example.test", password).ok(200)["access"].as_str().unwrap().to_owned();
    let access = token(PASSWORD);
    assert_eq!(shop.bearing(&access).get("/api/v1/me").ok(200)["email_verified"], false);

    patch(json!({ "password": "a quiet harbour" }));
    shop.bearing(&access).get("/api/v1/me").problem(401, "unauthenticated");
    login(&shop, "sam@example.test", PASSWORD).problem(401, "unauthenticated");
    let access = token("a quiet harbour");

    assert_eq!(patch(json!({ "active": false }))["active"], false);
    shop.bearing(&access).get("/api/v1/me").problem(401, "unauthenticated");
    login(&shop, "sam@example.test", "a quiet harbour").problem(401, "unauthenticated");
    patch(json!({ "active": true }));
    shop.bearing(&access).get("/api/v1/me").problem(401, "unauthenticated");
    token("a quiet harbour");

    let new = json!({ "email": "harbour.master@example.test", "password": "harbour.master@example.test" });
    shop.admin().patch("/api/v1/users/2", &new).names_field("password", "unacceptable");
}

#[test]
fn user_change_by_an_admin_makes_letters_on_their_way_worthless() {
    let shop = TestShop::new();
    let reset = |token: &str| {
        let body = json!({ "token": token, "password": "the hijackers own" });
        shop.anonymous().post("/api/v1/auth/password/reset", &body).status
    };
    for change in [json!({ "email": "safe@example.test" }), json!({ "password": "a quiet harbour" })] {
        let address = shop.admin().get("/api/v1/users/1").ok(200)["email"].clone();
        shop.anonymous().post("/api/v1/auth/password/forgot", &json!({ "email": address })).empty(204);
        let token = the_letter(&shop).token();
        shop.admin().patch("/api/v1/users/1", &change).ok(200);
        assert_eq!(reset(&token), 422, "{change}");
    }
    // The same with a change of address that waits to be confirmed.
    for change in [json!({ "email": "safer@example.test" }), json!({ "password": "another harbour" })] {
        let shop = TestShop::new();
        let ask = json!({ "email": "hijacker@example.test", "current_password": PASSWORD });
        shop.customer().patch("/api/v1/me", &ask).ok(200);
        let token = the_letter(&shop).token();
        let patched = shop.admin().patch("/api/v1/users/1", &change).ok(200);
        assert_eq!(patched["pending_email"], Value::Null, "{change}");
        shop.anonymous().post("/api/v1/auth/verify", &json!({ "token": token })).names_field("token", "invalid");
        assert_eq!(user(&shop, 1)["email"], patched["email"]);
    }
}

#[test]
fn user_write_with_a_stale_tag_is_412_and_changes_nothing() {
    let shop = TestShop::new();
    let path = "/api/v1/users/1";
    let patch =
        |tag: &str, body: &Value| shop.admin().request(Method::Patch, path).header("If-Match", tag).json(body).send();
    let erase = |tag: &str| shop.admin().request(Method::Delete, path).header("If-Match", tag).send();
    let first = shop.admin().get(path);
    let stale = first.etag();
    assert_eq!(shop.admin().get_unless(path, &stale).status, 304);
    let patched = patch(&stale, &json!({ "name": "Ann" }));
    patched.ok(200);
    assert_eq!(shop.admin().get(path).etag(), patched.etag());
    assert_ne!(patched.etag(), stale);
    let before = rows(&shop, "account");
    for tag in [stale.as_str(), "\"x\"", "x"] {
        patch(tag, &json!({ "role": "admin" })).problem(412, "stale");
        erase(tag).problem(412, "stale");
    }
    assert_eq!(rows(&shop, "account"), before);
    // What people do themselves is a change too.
    shop.customer().patch("/api/v1/me", &json!({ "name": "Ann Lee" })).ok(200);
    erase(&patched.etag()).problem(412, "stale");
    erase(&shop.admin().get(path).etag()).empty(204);
}

#[test]
fn last_admin_is_neither_demoted_nor_deactivated_nor_erased() {
    let shop = TestShop::new();
    let refused = || {
        for change in [json!({ "role": "staff" }), json!({ "role": "customer" }), json!({ "active": false })] {
            shop.admin().patch("/api/v1/users/3", &change).problem(409, "last-admin");
        }
        shop.admin().delete("/api/v1/users/3").problem(409, "last-admin");
        shop.admin().delete("/api/v1/me").problem(409, "last-admin");
        assert_eq!(shop.admin().get("/api/v1/me").ok(200)["role"], "admin");
    };
    refused();
    shop.admin().patch("/api/v1/users/3", &json!({ "name": "Ada", "role": "admin", "active": true })).ok(200);
    // Neither somebody invited who has not come yet nor somebody deactivated is an admin who can sign in.
    let invited = invited(&shop, "coming@example.test", "admin");
    refused();
    shop.admin().patch("/api/v1/users/4", &json!({ "role": "admin" })).ok(200);
    shop.admin().patch("/api/v1/users/4", &json!({ "active": false })).ok(200);
    refused();
    // They themselves are not the last one, so they may go.
    let path = format!("{USERS}/{invited}");
    shop.admin().patch(&path, &json!({ "role": "staff" })).ok(200);
    shop.admin().patch(&path, &json!({ "role": "admin" })).ok(200);
    shop.admin().patch(&path, &json!({ "active": false })).ok(200);
    shop.admin().delete(&path).empty(204);
    // With a second one the first may go.
    shop.admin().patch("/api/v1/users/4", &json!({ "active": true })).ok(200);
    shop.admin().delete("/api/v1/me").empty(204);
    shop.other_customer().get(USERS).problem(401, "unauthenticated");
}

/// Somebody with something of theirs wherever the shop keeps anything: token, id.
fn zaphod(shop: &TestShop) -> (String, i64) {
    let body = json!({ "email": "Zaphod@heart.test", "password": "two heads better", "name": "Zaphod Beeblebrox" });
    let anonymous = shop.anonymous();
    let register = anonymous.request(Method::Post, "/api/v1/auth/register").header("User-Agent", "Betelgeuse/7");
    let made = register.json(&body).send().ok(201);
    let token = made["access"].as_str().unwrap().to_owned();
    let mut home = address();
    for (field, text) in [("name", "Zaphod Beeblebrox"), ("line1", "1 Betelgeuse Way"), ("phone", "+42 betelgeuse")] {
        home[field] = json!(text);
    }
    shop.bearing(&token).post("/api/v1/me/addresses", &home).ok(201);
    shop.bearing(&token).post("/api/v1/me/addresses", &home).ok(201);
    shop.bearing(&token).delete("/api/v1/me/addresses/2").empty(204);
    let change =
        json!({ "email": "zaphod@betelgeuse.test", "current_password": "two heads better", "name": "Beeblebrox" });
    shop.bearing(&token).patch("/api/v1/me", &change).ok(200);
    deliver(shop);
    // A letter that was sent, and two that wait.
    let id = made["user"]["id"].as_i64().unwrap();
    shop.anonymous().post("/api/v1/auth/password/forgot", &json!({ "email": "zaphod@HEART.test" })).empty(204);
    shop.anonymous().post("/api/v1/auth/verify/resend", &json!({ "email": "zaphod@heart.test" })).empty(204);
    (token, id)
}

#[test]
fn user_erased_leaves_no_trace_in_any_table_or_file_but_ids() {
    let texts = ["zaphod", "beeblebrox", "betelgeuse", "heart.test"];
    for by_themselves in [true, false] {
        let shop = TestShop::new();
        let (token, id) = zaphod(&shop);
        for text in texts {
            assert!(!columns_with(&shop, text).is_empty() && !files_with(&shop, text).is_empty(), "{text} is nowhere");
        }
        if by_themselves {
            shop.bearing(&token).delete("/api/v1/me").empty(204);
        } else {
            shop.admin().delete(&format!("{USERS}/{id}")).empty(204);
        }
        for text in texts {
            assert_eq!(columns_with(&shop, text), [""; 0], "{text}");
        }
        shop.bearing(&token).get("/api/v1/me").problem(401, "unauthenticated");
        login(&shop, "zaphod@heart.test", "two heads better").problem(401, "unauthenticated");
        let log = shop.admin().get(&format!("/api/v1/admin/audit?subject=user:{id}")).ok(200);
        let actions: Vec<&str> =
            log["results"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
        assert_eq!(actions, ["user.erase", "user.update", "user.register"]);
        // Letters that were due to them are not any more.
        let ran = deliver(&shop);
        assert_eq!((ran.retried, ran.dead), (0, 0), "{ran:?}");
        shop.shop.close();
        for text in texts {
            let files = files_with(&shop, text);
            assert!(files.is_empty(), "{text}: {files:?}");
        }
    }
}

#[test]
fn address_of_somebody_erased_is_free_and_brings_nothing_back() {
    let shop = TestShop::new();
    shop.customer().post("/api/v1/me/addresses", &address()).ok(201);
    shop.customer().delete("/api/v1/me").empty(204);
    let body = json!({ "email": "customer@example.test", "password": PASSWORD });
    let made = shop.anonymous().post("/api/v1/auth/register", &body).ok(201);
    assert_ne!(made["user"]["id"], 1);
    let token = made["access"].as_str().unwrap();
    assert!(shop.bearing(token).results("/api/v1/me/addresses").is_empty());
    assert_eq!(login(&shop, "customer@example.test", PASSWORD).ok(200)["user"]["id"], made["user"]["id"]);
    shop.customer().get("/api/v1/me").problem(401, "unauthenticated");
    let refresh = json!({ "refresh": refresh_token(Role::Customer) });
    shop.anonymous().post("/api/v1/auth/refresh", &refresh).problem(401, "unauthenticated");
    let id = made["user"]["id"].as_i64().unwrap();
    shop.admin().delete(&format!("{USERS}/{id}")).empty(204);
    assert_eq!(invited(&shop, "customer@example.test", "customer"), id + 1, "and once more");
}

/// Every route about accounts that takes a body: by whom, which, what it takes, and what of it an admin may set.
fn taking() -> Vec<(&'static str, Method, &'static str, Value, &'static [&'static str])> {
    use Method::{Patch, Post, Put};
    let new = json!({ "email": "new@example.test", "password": PASSWORD });
    let passwords = json!({ "current_password": PASSWORD, "new_password": "a quiet harbour" });
    let key = json!({ "name": "Key", "scopes": ["catalog:read"] });
    let addressed = json!({ "email": "customer@example.test" });
    let me = json!({ "name": "New" });
    let setup = json!({ "email": "new@example.test", "password": PASSWORD, "token": "x" });
    vec![
        ("", Post, "auth/register", new.clone(), &[]),
        ("", Post, "auth/setup", setup, &[]),
        ("", Post, "auth/login", json!({ "email": email(Role::Customer), "password": PASSWORD }), &[]),
        ("", Post, "auth/refresh", json!({ "refresh": refresh_token(Role::Customer) }), &[]),
        ("", Post, "auth/logout", json!({ "refresh": refresh_token(Role::Customer) }), &[]),
        ("", Post, "auth/password/forgot", addressed.clone(), &[]),
        ("", Post, "auth/verify/resend", addressed, &[]),
        ("", Post, "auth/password/reset", json!({ "token": "x", "password": PASSWORD }), &[]),
        ("", Post, "auth/verify", json!({ "token": "x" }), &[]),
        ("customer", Post, "auth/password", passwords, &[]),
        ("customer", Patch, "me", me.clone(), &[]),
        ("customer", Post, "me/addresses", address(), &[]),
        ("customer", Put, "me/addresses/1", address(), &[]),
        ("customer", Patch, "me/addresses/1", json!({ "city": "Delft" }), &[]),
        ("admin", Post, "users", new, &["role"]),
        ("admin", Patch, "users/1", me, &["role", "active"]),
        ("admin", Post, "admin/api-keys", key, &["scopes"]),
    ]
}

#[test]
fn field_that_nobody_may_set_is_refused_by_every_account_route_and_changes_nothing() {
    let shop = TestShop::new();
    shop.customer().post("/api/v1/me/addresses", &address()).ok(201);
    let tables = ["account", "address", "session", "refresh_token", "mail_token", "api_key", "job"];
    let state = || tables.map(|table| rows(&shop, table));
    let before = state();
    let fields = [
        ("id", json!(2)),
        ("role", json!("admin")),
        ("email_verified", json!(true)),
        ("verified_at", json!("2026-01-01T00:00:00Z")),
        ("pending_email", json!("x@example.test")),
        ("active", json!(true)),
        ("created_at", json!("2026-01-01T00:00:00Z")),
        ("updated_at", json!(0)),
        ("version", json!(7)),
        ("decoy", json!(false)),
        ("erased_at", json!(null)),
        ("password_hash", json!("$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA")),
        ("stamp", json!("")),
        ("user_id", json!(2)),
        ("account_id", json!(2)),
        ("scopes", json!(["users:write"])),
        ("rights", json!(["users:write"])),
        ("is_admin", json!(true)),
        ("session", json!({ "id": 1 })),
    ];
    for (who, method, path, body, may_set) in taking() {
        let path = format!("/api/v1/{path}");
        for (field, value) in fields.iter().filter(|(field, _)| !may_set.contains(field)) {
            let mut body = body.clone();
            body[*field] = value.clone();
            let caller: Box<dyn Requests> = match who {
                "customer" => Box::new(shop.customer()),
                "admin" => Box::new(shop.admin()),
                _ => Box::new(shop.anonymous()),
            };
            let answer = caller.request(method, &path).json(&body).send();
            assert_eq!(answer.status, 422, "{method} {path} {field}: {}", answer.text());
            answer.names_field(field, "unknown_field");
        }
    }
    assert_eq!(state(), before);
    // What admins may set does what it says, and elsewhere than in the body nothing is set.
    let made = shop.admin().post(USERS, &json!({ "email": "bo@example.test", "role": "staff" })).ok(201);
    assert_eq!(made["role"], "staff");
    let body = json!({ "email": "eve@example.test", "password": PASSWORD });
    let made = shop.anonymous().post("/api/v1/auth/register?role=admin&email_verified=true", &body).ok(201);
    assert_eq!((&made["user"]["role"], &made["user"]["email_verified"]), (&json!("customer"), &json!(false)));
    let form = shop.anonymous();
    let form =
        form.request(Method::Post, "/api/v1/auth/register").header("Content-Type", "application/x-www-form-urlencoded");
    form.body("email=mallory@example.test&password=a+quiet+harbour&role=admin")
        .send()
        .problem(415, "unsupported-media-type");
    assert_eq!(listed(&shop, "role=admin"), [3]);
}

#[test]
fn owner_at_the_command_line_may_demote_even_the_last_admin() {
    let shop = TestShop::new();
    wait(shop.shop.user_set_role(&Ctx::owner(), &email(Role::Admin), Role::Staff)).unwrap();
    shop.admin().get(USERS).problem(403, "forbidden");
}
