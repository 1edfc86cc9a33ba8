//! Registering, proving a mailbox, and the first admin of a new shop.

use super::{code, letters, login, me, register};
use crate::support::{PASSWORD, Requests, TestShop, wait};
use nexus::services::identity::{Registration, UserFilter};
use nexus::services::{Actor, Ctx, Error};
use serde_json::json;

const NEW: &str = "new@example.test";

#[test]
fn registration_opens_an_account_that_stays() {
    let shop = TestShop::new();
    let answer = register(&shop, " New@Example.test ", "a long walk by the canal");
    let given = answer.ok(201);
    assert_eq!(answer.header("Location"), Some("/api/v1/me"));
    assert_eq!(answer.header("Cache-Control"), Some("no-store"));
    assert_eq!(given["user"]["email"], "New@Example.test");
    assert_eq!((&given["user"]["role"], &given["user"]["email_verified"]), (&json!("customer"), &json!(false)));
    assert_eq!(me(&shop, &given["access"]), 200);
    let again = login(&shop, NEW, "a long walk by the canal").ok(200);
    assert_eq!(again["user"]["id"], given["user"]["id"], "an address has no case");
    let with_name = json!({"email": "n@example.test", "password": PASSWORD, "name": "  Ann   Lee "});
    assert_eq!(shop.anonymous().post("/api/v1/auth/register", &with_name).ok(201)["user"]["name"], "Ann   Lee");
}

#[test]
fn registration_with_wrong_fields_names_them_all() {
    let shop = TestShop::new();
    let post = |body| shop.anonymous().post("/api/v1/auth/register", &body);
    let nothing = post(json!({}));
    nothing.names_field("email", "required");
    nothing.names_field("password", "required");
    let forbidden = post(json!({
        "email": NEW, "password": PASSWORD, "role": "admin", "id": 1, "active": true, "email_verified": true,
        "created_at": "2020-01-01T00:00:00Z",
    }));
    for field in ["role", "id", "active", "email_verified", "created_at"] {
        forbidden.names_field(field, "unknown_field");
    }
    for email in ["", "x", "@example.test", "a@b", "a b@example.test", "a@example.test\r\nBcc: x@y.test", "a@b@c.test"]
    {
        assert_eq!(post(json!({"email": email, "password": PASSWORD})).status, 422, "{email:?}");
    }
    assert_eq!(shop.admin().results("/api/v1/users").len(), 4, "nobody was added");
}

#[test]
fn registrations_of_one_address_at_once_make_one_account() {
    let shop = TestShop::new();
    let ctx = Ctx::now(Actor::Anonymous);
    let one = || {
        let registration = Registration {
            email: NEW.to_owned(),
            password: "a long walk by the canal".to_owned(),
            name: String::new(),
            cart: None,
        };
        shop.shop.register(&ctx, registration)
    };
    let all = wait(async { rocket::tokio::join!(one(), one(), one(), one(), one()) });
    assert!(all.0.is_ok() && all.1.is_ok() && all.2.is_ok() && all.3.is_ok() && all.4.is_ok());
    assert_eq!(shop.admin().results(&format!("/api/v1/users?email={NEW}")).len(), 1);
    assert_eq!(login(&shop, NEW, "a long walk by the canal").status, 200);
}

#[test]
fn registration_of_a_known_address_leaves_its_account_alone_and_tells_its_owner() {
    let shop = TestShop::new();
    let decoy = register(&shop, "Customer@example.test", "a long walk by the canal").ok(201);
    assert_eq!(me(&shop, &decoy["access"]), 200, "whoever registered sees what anybody sees");
    assert_ne!(decoy["user"]["id"], json!(1));
    login(&shop, "customer@example.test", "a long walk by the canal").problem(401, "unauthenticated");
    assert_eq!(login(&shop, "customer@example.test", PASSWORD).ok(200)["user"]["id"], 1);
    let letters = letters(&shop);
    assert_eq!(letters.len(), 1);
    assert!(letters[0].contains("already have an account") && !letters[0].contains("token="), "{}", letters[0]);
    let passwords = json!({"current_password": "a long walk by the canal", "new_password": "another walk by the sea"});
    shop.bearing(decoy["access"].as_str().unwrap()).post("/api/v1/auth/password", &passwords).ok(200);
    assert_eq!(self::letters(&shop).len(), 1, "what a decoy does is not the owner's business");
    let users = shop.admin().results("/api/v1/users");
    assert!(users.iter().all(|user| user["id"] != decoy["user"]["id"]), "a decoy is nobody");
}

#[test]
fn decoy_is_forgotten_after_a_day_and_not_before() {
    let shop = TestShop::new();
    let decoy = register(&shop, "customer@example.test", "a long walk by the canal").ok(201);
    let later = |hours: i64| {
        let ctx = Ctx::shop();
        let now = nexus::domain::Timestamp::from_millis(ctx.now.millis() + hours * 3_600_000);
        wait(shop.shop.decoys_sweep(&Ctx { now, ..ctx })).unwrap()
    };
    assert_eq!(later(23), 0);
    assert_eq!(me(&shop, &decoy["access"]), 200);
    assert_eq!(later(25), 1);
    assert_eq!(me(&shop, &decoy["access"]), 401);
    assert_eq!(login(&shop, "customer@example.test", PASSWORD).status, 200);
}

#[test]
fn lists_of_users_walk_an_index_in_order() {
    let shop = TestShop::new();
    let role = Some(nexus::domain::Role::Staff);
    let filters = [
        (UserFilter::default(), "PRIMARY KEY"),
        (UserFilter { role, ..UserFilter::default() }, "account_role"),
        (UserFilter { active: Some(false), ..UserFilter::default() }, "account_barred"),
        (UserFilter { active: Some(true), ..UserFilter::default() }, "PRIMARY KEY"),
        (UserFilter { email: Some("a@b.test".to_owned()), ..UserFilter::default() }, "email_key=?"),
    ];
    for (filter, index) in filters {
        for backwards in [false, true] {
            let plan = shop.shop.store().read(|tx| Ok::<_, Error>(tx.user_plan(&filter, backwards)?)).unwrap();
            assert!(plan.len() == 1 && plan[0].contains(index), "{filter:?}: {plan:?}");
        }
    }
}

#[test]
fn mailbox_is_proven_once_by_the_code_in_the_letter() {
    let shop = TestShop::with(|config| config.shop.url = "https://shop.example".to_owned());
    let given = register(&shop, NEW, "a long walk by the canal").ok(201);
    let letter = letters(&shop).remove(0);
    assert!(letter.contains(&format!("To: {NEW}")), "{letter}");
    let whole = letter.replace("=\r\n", "").replace("=3D", "=");
    assert!(whole.contains("https://shop.example/verify-email#token="), "{whole}");
    let verify = |token: &str| shop.anonymous().post("/api/v1/auth/verify", &json!({ "token": token }));
    for bad in ["", "x", &"A".repeat(43), given["refresh"].as_str().unwrap(), given["access"].as_str().unwrap()] {
        verify(bad).names_field("token", "invalid");
    }
    verify(&code(&letter)).empty(204);
    verify(&code(&letter)).names_field("token", "invalid");
    let user = shop.bearing(given["access"].as_str().unwrap()).get("/api/v1/me").ok(200);
    assert_eq!(user["email_verified"], true);
    shop.anonymous().post("/api/v1/auth/verify/resend", &json!({ "email": NEW })).empty(204);
    assert_eq!(letters(&shop).len(), 1, "who is proven gets no further letter");
}

#[test]
fn first_admin_is_made_by_the_token_once_and_only_while_there_is_none() {
    let shop = TestShop::new();
    let owner = Ctx::owner();
    assert_eq!(shop.shop.setup_open(&owner).unwrap(), None, "there is an admin");
    wait(shop.shop.user_set_role(&owner, "admin@example.test", nexus::domain::Role::Customer)).unwrap();
    let first = shop.shop.setup_open(&owner).unwrap().expect("a token");
    let token = shop.shop.setup_open(&owner).unwrap().expect("a token");
    let setup = |token: &str| {
        let body = json!({"token": token, "email": NEW, "password": "a long walk by the canal"});
        shop.anonymous().post("/api/v1/auth/setup", &body)
    };
    setup(&first).names_field("token", "invalid");
    setup("").names_field("token", "invalid");
    let made = setup(&token).ok(201);
    assert_eq!(made["user"]["role"], "admin");
    assert_eq!(shop.bearing(made["access"].as_str().unwrap()).get("/api/v1/users").status, 200);
    setup(&token).names_field("token", "invalid");
}
