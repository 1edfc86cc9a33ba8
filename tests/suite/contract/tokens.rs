//! Access tokens: only those this shop gave out, to whom, for as long as it said.

use crate::support::{PASSWORD, Requests, TestShop, builders::tee, email, refresh_token, wait};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use nexus::domain::Role;
use nexus::services::Ctx;
use rocket::http::Method;
use serde_json::{Value, json};
use sha2::{Sha384, Sha512};

/// What `token` says of itself.
fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("a payload");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).expect("base64")).expect("JSON")
}

fn secret(shop: &TestShop) -> Vec<u8> {
    std::fs::read(shop.path().join("secrets/token.key")).expect("the shop's secret")
}

/// Signed as the shop would, but for the name of the key, which may be left out.
fn signed(claims: &Value, secret: &[u8]) -> String {
    encode(&Header::new(Algorithm::HS256), claims, &EncodingKey::from_secret(secret)).expect("a token")
}

/// Signed with the right secret by an algorithm that the shop does not use.
fn signed_otherwise<M: Mac + KeyInit>(name: &str, claims: &Value, secret: &[u8]) -> String {
    let header = json!({"alg": name, "typ": "JWT"});
    let unsigned = forged(&header, claims, b"");
    let mac = <M as Mac>::new_from_slice(secret).expect("a key").chain_update(unsigned.trim_end_matches('.'));
    forged(&header, claims, &mac.finalize().into_bytes())
}

/// A token with any header, and a signature of somebody's liking.
fn forged(header: &Value, claims: &Value, signature: &[u8]) -> String {
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    format!("{}.{}.{}", part(header.to_string().as_bytes()), part(claims.to_string().as_bytes()), part(signature))
}

fn staff_token(shop: &TestShop) -> String {
    shop.staff().token().expect("a token").to_owned()
}

#[test]
fn token_of_any_other_making_is_refused_with_the_same_answer() {
    let shop = TestShop::with_categories();
    let token = staff_token(&shop);
    let claims = claims(&token);
    let secret = secret(&shop);
    let mut bad: Vec<String> = Vec::new();
    for name in ["none", "None", "nOnE", "NONE"] {
        bad.push(forged(&json!({"alg": name, "typ": "JWT"}), &claims, b""));
        bad.push(forged(&json!({"alg": name}), &claims, b"x"));
    }
    for name in ["RS256", "RS512", "ES256", "ES384", "PS256", "EdDSA", "HS1", "hs256", ""] {
        bad.push(forged(&json!({"alg": name, "typ": "JWT"}), &claims, &[7; 64]));
    }
    bad.push(signed_otherwise::<Hmac<Sha384>>("HS384", &claims, &secret));
    bad.push(signed_otherwise::<Hmac<Sha512>>("HS512", &claims, &secret));
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    for guess in [
        b"".to_vec(),
        vec![0; 32],
        b"secret".to_vec(),
        b"nexus".to_vec(),
        b"changeme".to_vec(),
        b"your-256-bit-secret".to_vec(),
        hex.into_bytes(),
    ] {
        bad.push(signed(&claims, &guess));
    }
    let parts: Vec<&str> = token.split('.').collect();
    bad.extend([
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{}", parts[0], parts[1]),
        format!("{}.{}.{}.x", parts[0], parts[1], parts[2]),
        format!("{token}="),
        token.to_uppercase(),
        token[..token.len() - 2].to_owned(),
        forged(&json!({"alg": "HS256"}), &claims, &URL_SAFE_NO_PAD.decode(parts[2]).unwrap()),
        forged(
            &json!({"alg": "HS256", "typ": "JWT", "kid": "../../dev/null", "jku": "http://evil.example"}),
            &claims,
            &[0; 32],
        ),
        String::new(),
        "..".to_owned(),
        "x".repeat(30_000),
        "null".to_owned(),
    ]);
    let expected = shop.anonymous().post("/api/v1/products", &json!({})).told();
    assert_eq!(expected.0, 401);
    for token in bad {
        for answer in
            [shop.bearing(&token).get("/api/v1/products"), shop.bearing(&token).post("/api/v1/products", &json!({}))]
        {
            assert_eq!(answer.told(), expected, "{token:.120}");
        }
    }
}

#[test]
fn token_with_any_other_claim_is_refused() {
    let shop = TestShop::with_categories();
    let (good, secret) = (claims(&staff_token(&shop)), secret(&shop));
    assert_eq!(shop.bearing(&signed(&good, &secret)).get("/api/v1/products?status=draft").status, 200);
    let now = good["iat"].as_i64().unwrap();
    let changes = [
        ("exp", json!(now - 60)),
        ("exp", json!(0)),
        ("exp", json!("9999999999")),
        ("exp", Value::Null),
        ("exp", json!(-1)),
        ("iss", json!("other")),
        ("iss", Value::Null),
        ("aud", json!("other")),
        ("aud", Value::Null),
        ("aud", json!([])),
        ("typ", json!("refresh")),
        ("typ", Value::Null),
        ("typ", json!("")),
        ("sub", json!("999")),
        ("sub", json!("0")),
        ("sub", json!("-2")),
        ("sub", json!("2 or 1=1")),
        ("sub", json!("")),
        ("sub", Value::Null),
        ("sub", json!(2)),
        ("sub", json!("3")),
        ("sid", json!(0)),
        ("sid", json!(-1)),
        ("sid", json!(1)),
        ("sid", json!(999_999)),
        ("sid", json!("2")),
        ("sid", Value::Null),
    ];
    for (claim, value) in changes {
        let mut claims = good.clone();
        claims[claim] = value.clone();
        let answer = shop.bearing(&signed(&claims, &secret)).get("/api/v1/products?status=draft");
        assert_eq!(answer.status, 401, "{claim} {value}");
        claims.as_object_mut().unwrap().remove(claim);
        let answer = shop.bearing(&signed(&claims, &secret)).get("/api/v1/products?status=draft");
        assert_eq!(answer.status, 401, "without {claim}");
    }
    // A role is looked up, never believed.
    let customer = claims_with(&shop, json!({"role": "admin", "is_admin": true}));
    shop.bearing(&signed(&customer, &secret)).post("/api/v1/products", &json!({})).problem(403, "forbidden");
}

fn claims_with(shop: &TestShop, more: Value) -> Value {
    let mut claims = claims(shop.customer().token().unwrap());
    claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    claims
}

#[test]
fn token_of_another_shop_is_refused() {
    let shop = TestShop::with_categories();
    let other = TestShop::new();
    std::fs::write(other.path().join("secrets/token.key"), [9; 32]).unwrap();
    let foreign = signed(&claims(&staff_token(&shop)), &[9; 32]);
    shop.bearing(&foreign).get("/api/v1/products").problem(401, "unauthenticated");
}

#[test]
fn token_in_any_other_place_or_scheme_is_no_token() {
    let shop = TestShop::with_categories();
    let token = staff_token(&shop);
    for scheme in ["Basic ", "Token ", "JWT ", "", "Bearer", "Bearer: ", "Bearer\t"] {
        let answer = shop
            .anonymous()
            .request(Method::Get, "/api/v1/products")
            .header("Authorization", &format!("{scheme}{token}"))
            .send();
        answer.problem(401, "unauthenticated");
    }
    for scheme in ["bearer ", "Bearer  ", "BEARER "] {
        let answer = shop
            .anonymous()
            .request(Method::Get, "/api/v1/products?status=draft")
            .header("Authorization", &format!("{scheme}{token}"))
            .send();
        assert_eq!(answer.status, 200, "{scheme:?}: a scheme has no case");
    }
    shop.anonymous().get(&format!("/api/v1/products?access_token={token}")).problem(400, "bad-request");
    let cookie = shop
        .anonymous()
        .request(Method::Post, "/api/v1/products")
        .header("Cookie", &format!("access={token}"))
        .json(&json!({}))
        .send();
    cookie.problem(401, "unauthenticated");
}

#[test]
fn role_change_acts_on_live_tokens_at_once() {
    let shop = TestShop::with_categories();
    let set = |role| wait(shop.shop.user_set_role(&Ctx::owner(), &email(Role::Staff), role)).unwrap();
    assert_eq!(shop.staff().get("/api/v1/products?status=draft").status, 200);
    set(Role::Customer);
    shop.staff().get("/api/v1/products?status=draft").problem(403, "forbidden");
    shop.staff().post("/api/v1/products", &tee().body()).problem(403, "forbidden");
    set(Role::Admin);
    assert_eq!(shop.staff().get("/api/v1/users").status, 200);
    set(Role::Staff);
    shop.staff().get("/api/v1/users").problem(403, "forbidden");
}

#[test]
fn token_ends_at_once_when_its_session_does() {
    type End = (&'static str, fn(&TestShop));
    let session_ends: [End; 7] = [
        ("logout", |shop| shop.staff().request(Method::Post, "/api/v1/auth/logout").send().empty(204)),
        ("logout-all", |shop| shop.staff().request(Method::Post, "/api/v1/auth/logout-all").send().empty(204)),
        ("password change", |shop| {
            let body = json!({"current_password": PASSWORD, "new_password": "another horse battery"});
            drop(shop.staff().post("/api/v1/auth/password", &body).ok(200));
        }),
        ("password set by an admin", |shop| {
            drop(shop.admin().patch("/api/v1/users/2", &json!({"password": "another horse battery"})).ok(200));
        }),
        ("address set by an admin", |shop| {
            drop(shop.admin().patch("/api/v1/users/2", &json!({"email": "else@example.test"})).ok(200));
        }),
        ("deactivation", |shop| drop(shop.admin().patch("/api/v1/users/2", &json!({"active": false})).ok(200))),
        ("erasure", |shop| shop.admin().delete("/api/v1/users/2").empty(204)),
    ];
    for (how, end) in session_ends {
        let shop = TestShop::with_categories();
        let before = shop.anonymous().post("/api/v1/products", &json!({})).told();
        assert_eq!(shop.staff().get("/api/v1/products?status=draft").status, 200);
        end(&shop);
        for answer in [shop.staff().get("/api/v1/products"), shop.staff().post("/api/v1/products", &tee().body())] {
            assert_eq!(answer.told(), before, "{how}");
        }
        let refresh = json!({"refresh": refresh_token(Role::Staff)});
        shop.anonymous().post("/api/v1/auth/refresh", &refresh).problem(401, "unauthenticated");
        assert_eq!(shop.admin().get("/api/v1/products?status=draft").status, 200, "others go on after {how}");
    }
}

#[test]
fn somebody_deactivated_cannot_sign_in_until_activated_again() {
    let shop = TestShop::with_categories();
    let login = json!({"email": email(Role::Staff), "password": PASSWORD});
    shop.admin().patch("/api/v1/users/2", &json!({"active": false})).ok(200);
    shop.anonymous().post("/api/v1/auth/login", &login).problem(401, "unauthenticated");
    shop.admin().patch("/api/v1/users/2", &json!({"active": true})).ok(200);
    shop.anonymous().post("/api/v1/auth/login", &login).ok(200);
}

#[test]
fn token_outlives_the_key_that_signed_it_by_ten_minutes_unless_rotated_at_once() {
    for at_once in [false, true] {
        let shop = TestShop::with_categories();
        shop.shop.token_key_rotate(&Ctx::owner(), at_once).unwrap();
        let shop = shop.restarted();
        let expected = if at_once { 401 } else { 200 };
        assert_eq!(shop.staff().get("/api/v1/products?status=draft").status, expected);
        let refresh = json!({"refresh": refresh_token(Role::Staff)});
        let login = shop.anonymous().post("/api/v1/auth/refresh", &refresh).ok(200);
        let access = login["access"].as_str().unwrap();
        assert_eq!(shop.bearing(access).get("/api/v1/products?status=draft").status, 200, "nobody is signed out");
    }
}

#[test]
fn token_lives_ten_minutes_and_says_so() {
    let shop = TestShop::new();
    let login = shop
        .anonymous()
        .post("/api/v1/auth/login", &json!({"email": email(Role::Admin), "password": PASSWORD}))
        .ok(200);
    assert_eq!(login["expires_in"], 600);
    let claims = claims(login["access"].as_str().unwrap());
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 600);
    let said: Vec<&String> = claims.as_object().unwrap().keys().collect();
    assert_eq!(said, ["iss", "aud", "sub", "typ", "sid", "iat", "exp"], "nothing personal in it");
}
