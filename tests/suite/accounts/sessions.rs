//! Staying signed in: exchange, reuse, races, ends, and what others may not do to one's sign-ins.

use super::{login, me, refresh};
use crate::support::{PASSWORD, Requests, TestShop, wait};
use nexus::domain::Timestamp;
use nexus::services::{Actor, Ctx, Error};
use rocket::http::Method;
use serde_json::{Value, json};

fn customer(shop: &TestShop) -> Value {
    login(shop, "customer@example.test", PASSWORD).ok(200)
}

fn audited(shop: &TestShop, action: &str) -> Vec<Value> {
    shop.admin().results(&format!("/api/v1/admin/audit?action={action}"))
}

#[test]
fn refresh_gives_a_new_pair_and_spends_the_old_token() {
    let shop = TestShop::new();
    let first = customer(&shop);
    let answer = refresh(&shop, &first["refresh"]);
    let second = answer.ok(200);
    assert_eq!(answer.header("Cache-Control"), Some("no-store"));
    assert_ne!(first["refresh"], second["refresh"]);
    assert_eq!(second["user"]["email"], "customer@example.test");
    assert_eq!(me(&shop, &second["access"]), 200);
    assert_eq!(me(&shop, &first["access"]), 200, "it is the same sign-in");
}

#[test]
fn spent_token_used_again_ends_the_whole_family_and_is_audited() {
    let shop = TestShop::new();
    let other = customer(&shop);
    let first = customer(&shop);
    let second = refresh(&shop, &first["refresh"]).ok(200);
    let third = refresh(&shop, &second["refresh"]).ok(200);
    refresh(&shop, &first["refresh"]).problem(401, "unauthenticated");
    for access in [&first["access"], &second["access"], &third["access"]] {
        assert_eq!(me(&shop, access), 401);
    }
    refresh(&shop, &third["refresh"]).problem(401, "unauthenticated");
    assert_eq!(me(&shop, &other["access"]), 200, "another sign-in of the same person goes on");
    let ends = audited(&shop, "session.end");
    assert_eq!(ends.len(), 1);
    assert!(ends[0]["detail"]["reason"].as_str().unwrap().contains("spent"), "{ends:?}");
}

#[test]
fn parallel_refreshes_of_one_token_have_one_winner_and_never_two_families() {
    let shop = TestShop::new();
    let barrier = std::sync::Barrier::new(8);
    for _ in 0..10 {
        let token = customer(&shop)["refresh"].as_str().unwrap().to_owned();
        let shop = &shop.shop;
        let one = {
            let (token, barrier) = (&token, &barrier);
            move || {
                barrier.wait();
                wait(shop.refresh(&Ctx::now(Actor::Anonymous), token))
            }
        };
        let outcomes: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(one)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        // Who came while the winner was served lost a race; who came after it looks like a thief.
        let reused = outcomes.iter().any(|outcome| matches!(outcome, Err(Error::BadRefresh)));
        let winners: Vec<_> = outcomes.into_iter().filter_map(Result::ok).collect();
        assert_eq!(winners.len(), 1);
        let next = wait(shop.refresh(&Ctx::now(Actor::Anonymous), &winners[0].refresh));
        assert_eq!(next.is_ok(), !reused);
    }
}

#[test]
fn loser_of_a_race_is_told_so_and_harms_nobody() {
    let shop = TestShop::new();
    let token = customer(&shop)["refresh"].as_str().unwrap().to_owned();
    let ctx = Ctx::now(Actor::Anonymous);
    // The writer is held up until both have arrived: each does what it does up to its first wait when it is polled.
    let (open, gate) = std::sync::mpsc::channel::<()>();
    let held_up = shop.shop.store().write(move |_| {
        let _ = gate.recv();
        Ok::<_, Error>(())
    });
    let (_, one, two, ()) = wait(async {
        rocket::tokio::join!(held_up, shop.shop.refresh(&ctx, &token), shop.shop.refresh(&ctx, &token), async {
            drop(open);
        })
    });
    let winner = one.expect("the first is served");
    assert!(matches!(two, Err(Error::Conflict("refresh_raced", ..))));
    assert_eq!(refresh(&shop, &json!(winner.refresh)).status, 200);
}

#[test]
fn malformed_refresh_tokens_are_refused_alike_and_end_nothing() {
    let shop = TestShop::new();
    let given = customer(&shop);
    let token = given["refresh"].as_str().unwrap();
    let mut changed = token.to_owned().into_bytes();
    changed[10] = if changed[10] == b'A' { b'B' } else { b'A' };
    let changed = String::from_utf8(changed).unwrap();
    let first = refresh(&shop, &json!("x")).problem(401, "unauthenticated");
    for bad in ["", &changed, &token[1..], &format!("{token}A"), given["access"].as_str().unwrap(), &"A".repeat(43)] {
        let problem = refresh(&shop, &json!(bad)).problem(401, "unauthenticated");
        assert_eq!(problem["detail"], first["detail"]);
    }
    shop.anonymous().post("/api/v1/auth/refresh", &json!({})).names_field("refresh", "required");
    shop.anonymous().post("/api/v1/auth/refresh", &json!({"refresh": 7})).names_field("refresh", "not_a_string");
    assert_eq!(refresh(&shop, &given["refresh"]).status, 200);
}

#[test]
fn refresh_token_is_no_access_token_and_the_other_way_round() {
    let shop = TestShop::new();
    let given = customer(&shop);
    assert_eq!(me(&shop, &given["refresh"]), 401);
    assert_eq!(me(&shop, &json!(format!("nxk_{}", given["refresh"].as_str().unwrap()))), 401);
}

#[test]
fn session_slides_while_it_is_used_and_ends_for_good_after_its_longest_time() {
    let shop = TestShop::with(|config| (config.auth.refresh_days, config.auth.session_days) = (2, 5));
    let mut token = customer(&shop)["refresh"].as_str().unwrap().to_owned();
    let start = Ctx::shop().now.millis();
    let at = |hours: i64| Ctx { now: Timestamp::from_millis(start + hours * 3_600_000), ..Ctx::now(Actor::Anonymous) };
    for hours in [40, 80, 119] {
        token = wait(shop.shop.refresh(&at(hours), &token)).unwrap_or_else(|e| panic!("{hours}: {e}")).refresh;
    }
    assert!(wait(shop.shop.refresh(&at(121), &token)).is_err(), "five days are over, however much it was used");
    let idle = customer(&shop)["refresh"].as_str().unwrap().to_owned();
    assert!(wait(shop.shop.refresh(&at(49), &idle)).is_err(), "two days without use");
    let sweep = Ctx { actor: Actor::Shop, ..at(24 * 6) };
    assert!(wait(shop.shop.sessions_sweep(&sweep)).unwrap() >= 2, "what has run out is removed");
    assert_eq!(wait(shop.shop.sessions_sweep(&sweep)).unwrap(), 0);
}

#[test]
fn person_sees_their_own_sessions_and_ends_one_of_them() {
    let shop = TestShop::new();
    let phone = shop
        .anonymous()
        .request(Method::Post, "/api/v1/auth/login")
        .header("User-Agent", "Phone/1.0")
        .from("203.0.113.9")
        .json(&json!({"email": "customer@example.test", "password": PASSWORD}))
        .send()
        .ok(200);
    let listed = shop.customer().results("/api/v1/me/sessions");
    assert_eq!(listed.len(), 2);
    assert_eq!((&listed[0]["agent"], &listed[0]["client"]), (&json!("Phone/1.0"), &json!("203.0.113.9")));
    assert_eq!((&listed[0]["current"], &listed[1]["current"]), (&json!(false), &json!(true)));
    let first = shop.customer().get("/api/v1/me/sessions?page_size=1").ok(200);
    let second = shop.customer().get(first["next"].as_str().unwrap()).ok(200);
    assert_eq!((&first["results"][0], &second["results"][0]), (&listed[0], &listed[1]));
    assert_eq!(shop.customer().get(second["previous"].as_str().unwrap()).ok(200)["results"], first["results"]);
    let path = format!("/api/v1/me/sessions/{}", listed[0]["id"]);
    shop.other_customer().delete(&path).problem(404, "not-found");
    shop.admin().delete(&path).problem(404, "not-found");
    assert_eq!(me(&shop, &phone["access"]), 200);
    shop.customer().delete(&path).empty(204);
    assert_eq!(me(&shop, &phone["access"]), 401);
    refresh(&shop, &phone["refresh"]).problem(401, "unauthenticated");
    shop.customer().delete(&path).problem(404, "not-found");
    assert_eq!(shop.customer().get("/api/v1/me").status, 200);
}

#[test]
fn person_has_at_most_fifty_sessions_and_the_oldest_ends_first() {
    let shop = TestShop::new();
    let first = customer(&shop);
    // The exchange of a token is a use, so this one is not the oldest any more.
    let kept = refresh(&shop, &customer(&shop)["refresh"]).ok(200);
    for _ in 0..49 {
        customer(&shop);
    }
    assert_eq!(me(&shop, &first["access"]), 401);
    assert_eq!(me(&shop, &kept["access"]), 200);
    let listed = shop.bearing(kept["access"].as_str().unwrap()).results("/api/v1/me/sessions");
    assert_eq!(listed.len(), 50);
}

#[test]
fn logout_ends_the_session_by_either_token() {
    let shop = TestShop::new();
    let logout = |body: Value| shop.anonymous().post("/api/v1/auth/logout", &body);
    let one = customer(&shop);
    let two = customer(&shop);
    shop.bearing(one["access"].as_str().unwrap()).request(Method::Post, "/api/v1/auth/logout").send().empty(204);
    assert_eq!((me(&shop, &one["access"]), refresh(&shop, &one["refresh"]).status), (401, 401));
    assert_eq!(me(&shop, &two["access"]), 200);
    logout(json!({"refresh": two["refresh"]})).empty(204);
    assert_eq!((me(&shop, &two["access"]), refresh(&shop, &two["refresh"]).status), (401, 401));
    logout(json!({"refresh": "nonsense"})).empty(204);
    logout(json!({})).problem(401, "unauthenticated");
    shop.anonymous().request(Method::Post, "/api/v1/auth/logout").send().problem(401, "unauthenticated");
    let customer_again = shop.customer();
    let named = customer_again.request(Method::Post, "/api/v1/auth/logout");
    named.header("Content-Type", "application/json").send().empty(204);
    logout(json!({"session": 1})).names_field("session", "unknown_field");
    let three = customer(&shop);
    let signed_in = shop.bearing(three["access"].as_str().unwrap());
    signed_in.post("/api/v1/auth/logout", &Value::Null).names_field("", "not_an_object");
    assert_eq!(me(&shop, &three["access"]), 200, "a body that is wrong ends nothing");
}
