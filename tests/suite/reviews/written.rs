//! Reviews: who may write which, when they appear, and what they come to.

use super::order;
use crate::support::{PASSWORD, Requests, TestShop, category, product, wait};
use nexus::domain::order::OrderStatus;
use nexus::domain::review::{ReviewDraft, ReviewFilter, ReviewStatus};
use nexus::domain::{ProductId, Role, SessionId, UserId};
use nexus::services::{Actor, CheckDepth, Ctx, Error};
use rocket::http::Method;
use serde_json::{Value, json};

const REVIEWS: &str = "/api/v1/products/1/reviews";

/// A shop with a mug and a pot.
fn shop(approval: bool) -> TestShop {
    let shop = TestShop::with(|config| config.shop.reviews_need_approval = approval);
    category("Kitchen").create(&shop);
    product("Mug").create(&shop);
    product("Pot").create(&shop);
    shop
}

fn approve(shop: &TestShop, id: &Value) -> Value {
    shop.staff().patch(&format!("/api/v1/admin/reviews/{id}"), &json!({"status": "approved"})).ok(200)
}

/// The rating of the mug as everybody sees it, alone and in a list.
#[track_caller]
fn rating(shop: &TestShop) -> (Value, Value) {
    let alone = shop.anonymous().get("/api/v1/products/1").ok(200);
    let listed = &shop.anonymous().results("/api/v1/products?ids=1")[0];
    assert_eq!(
        (&alone["rating_average"], &alone["rating_count"]),
        (&listed["rating_average"], &listed["rating_count"])
    );
    (alone["rating_average"].clone(), alone["rating_count"].clone())
}

#[track_caller]
fn sound(shop: &TestShop) {
    assert_eq!(shop.shop.check(&Ctx::owner(), CheckDepth::Full).unwrap(), []);
}

#[test]
fn review_appears_and_counts_once_it_is_approved() {
    let shop = shop(true);
    let body = json!({"rating": 4, "title": "Good", "text": "<script>alert(1)</script>\nReally."});
    let answer = shop.customer().post(REVIEWS, &body);
    let made = answer.ok(201);
    assert_eq!(answer.header("Location"), Some("/api/v1/me/reviews/1"));
    assert_eq!(
        (&made["status"], &made["verified_buyer"], &made["author"]),
        (&json!("pending"), &json!(false), &Value::Null)
    );
    assert_eq!(made["text"], body["text"], "what is written is text and stays as it is");
    assert!(shop.anonymous().results(REVIEWS).is_empty());
    assert_eq!(rating(&shop), (Value::Null, json!(0)));
    assert_eq!(shop.staff().results("/api/v1/admin/reviews?status=pending").len(), 1);
    let tag = shop.anonymous().get("/api/v1/products/1").etag();
    approve(&shop, &made["id"]);
    assert_eq!(shop.anonymous().results(REVIEWS)[0]["title"], "Good");
    assert_eq!(rating(&shop), (json!("4.0"), json!(1)));
    assert_eq!(shop.anonymous().get_unless("/api/v1/products/1", &tag).status, 200, "it shows something else now");
    shop.staff().patch("/api/v1/admin/reviews/1", &json!({"status": "rejected"})).ok(200);
    assert!(shop.anonymous().results(REVIEWS).is_empty());
    assert_eq!(rating(&shop), (Value::Null, json!(0)));
    assert_eq!(shop.customer().results("/api/v1/me/reviews")[0]["status"], "rejected");
    sound(&shop);
}

#[test]
fn reviews_without_approval_count_at_once_and_the_average_is_rounded_half_up() {
    let shop = shop(false);
    for (who, rating) in [(shop.customer(), 5), (shop.other_customer(), 4), (shop.staff(), 4)] {
        who.post(REVIEWS, &json!({"rating": rating})).ok(201);
    }
    assert_eq!(rating(&shop), (json!("4.33"), json!(3)));
    shop.other_customer().patch("/api/v1/me/reviews/2", &json!({"rating": 1})).ok(200);
    assert_eq!(rating(&shop), (json!("3.33"), json!(3)));
    shop.customer().delete("/api/v1/me/reviews/1").empty(204);
    assert_eq!(rating(&shop), (json!("2.5"), json!(2)));
    let updated = &shop.staff().get("/api/v1/products/1").ok(200);
    assert_eq!(updated["updated_at"], updated["created_at"], "a review does not change the product itself");
    sound(&shop);
    // The catalog's own writes leave the rating alone.
    shop.staff().patch("/api/v1/products/1", &json!({"name": "Big mug"})).ok(200);
    shop.staff().put("/api/v1/products/1", &product("Bigger mug").body()).ok(200);
    assert_eq!(rating(&shop), (json!("2.5"), json!(2)));
    shop.staff().delete("/api/v1/products/1").empty(204);
    assert!(shop.customer().results("/api/v1/me/reviews").is_empty());
    sound(&shop);
}

#[test]
fn review_is_one_for_each_person_and_product_and_only_of_what_is_on_sale() {
    let shop = shop(true);
    product("Draft").status("draft").create(&shop);
    shop.customer().post(REVIEWS, &json!({"rating": 4})).ok(201);
    let again = shop.customer().post(REVIEWS, &json!({"rating": 5})).problem(409, "reviewed");
    assert!(again["detail"].as_str().unwrap().contains("/me/reviews/1"), "{again}");
    shop.customer().post("/api/v1/products/2/reviews", &json!({"rating": 5})).ok(201);
    shop.other_customer().post(REVIEWS, &json!({"rating": 5})).ok(201);
    for path in ["/api/v1/products/3/reviews", "/api/v1/products/99/reviews", "/api/v1/products/mug/reviews"] {
        shop.customer().post(path, &json!({"rating": 4})).problem(404, "not-found");
    }
    shop.anonymous().get("/api/v1/products/draft/reviews").problem(404, "not-found");
    shop.anonymous().post(REVIEWS, &json!({"rating": 4})).problem(401, "unauthenticated");
    for (field, body) in [
        ("rating", json!({})),
        ("rating", json!({"rating": 6})),
        ("rating", json!({"rating": 4.5})),
        ("status", json!({"rating": 4, "status": "approved"})),
        ("verified_buyer", json!({"rating": 4, "verified_buyer": true})),
    ] {
        let found = shop.staff().post(REVIEWS, &body).invalid();
        assert_eq!(found[0].0, field, "{body}");
    }
    shop.customer().patch("/api/v1/me/reviews/1", &json!({"rating": null})).names_field("rating", "required");
}

#[test]
fn reviews_written_at_once_by_one_person_are_one_review() {
    let shop = shop(false);
    let ctx = Ctx::now(Actor::User { id: UserId::new(1), role: Role::Customer, session: SessionId::new(1) });
    let made: Vec<bool> = std::thread::scope(|scope| {
        let one = |_| {
            let (shop, ctx) = (&shop.shop, &ctx);
            scope.spawn(move || {
                let draft = ReviewDraft { rating: 3, title: None, text: None };
                wait(shop.review_create(ctx, ProductId::new(1), draft)).is_ok()
            })
        };
        let threads: Vec<_> = (0..8).map(one).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(made.iter().filter(|made| **made).count(), 1);
    assert_eq!(rating(&shop), (json!("3.0"), json!(1)));
}

#[test]
fn review_changed_by_its_author_waits_anew_and_nobody_else_may_change_it() {
    let shop = shop(true);
    let made = shop.customer().post(REVIEWS, &json!({"rating": 4, "title": "Good"})).ok(201);
    approve(&shop, &made["id"]);
    let path = "/api/v1/me/reviews/1";
    let tag = shop.customer().get(path).etag();
    for other in [shop.other_customer(), shop.staff()] {
        other.get(path).problem(404, "not-found");
        other.patch(path, &json!({"rating": 1})).problem(404, "not-found");
        other.delete(path).problem(404, "not-found");
    }
    let same = shop.customer().patch(path, &json!({"rating": 4})).ok(200);
    assert_eq!(same["status"], "approved", "nothing has changed");
    let changed = shop.customer().patch(path, &json!({"text": "On second thought", "title": null})).ok(200);
    assert_eq!((&changed["status"], &changed["title"]), (&json!("pending"), &Value::Null));
    assert_eq!(rating(&shop), (Value::Null, json!(0)));
    let (author, staff) = (shop.customer(), shop.staff());
    let stale = author.request(Method::Patch, path).header("If-Match", &tag).json(&json!({"rating": 1}));
    assert_eq!(stale.send().status, 412);
    let stale = staff.request(Method::Patch, "/api/v1/admin/reviews/1").header("If-Match", &tag);
    assert_eq!(stale.json(&json!({"status": "approved"})).send().status, 412);
    shop.staff().patch("/api/v1/admin/reviews/1", &json!({"status": "shown"})).invalid();
    shop.staff().patch("/api/v1/admin/reviews/1", &json!({"rating": 1})).names_field("rating", "unknown_field");
}

#[test]
fn review_of_somebody_who_bought_the_product_says_so() {
    let shop = shop(true);
    let verified = |who: &dyn Fn() -> Value| who()["verified_buyer"].clone();
    order(&shop, ProductId::new(1), OrderStatus::Pending);
    let early = shop.customer().post(REVIEWS, &json!({"rating": 4})).ok(201);
    assert_eq!(early["verified_buyer"], false, "it is not paid");
    let paid = shop.shop.store().write_blocking(|tx| {
        tx.execute("update shop_order set status = 'paid'", ())?;
        Ok::<_, Error>(())
    });
    paid.unwrap();
    assert_eq!(verified(&|| shop.customer().patch("/api/v1/me/reviews/1", &json!({"rating": 5})).ok(200)), true);
    let other = shop.other_customer().post(REVIEWS, &json!({"rating": 4})).ok(201);
    assert_eq!(other["verified_buyer"], false);
    let pot = shop.customer().post("/api/v1/products/2/reviews", &json!({"rating": 4})).ok(201);
    assert_eq!(pot["verified_buyer"], false, "they bought something else");
}

#[test]
fn order_that_is_paid_makes_earlier_reviews_those_of_a_buyer() {
    let shop = shop(true);
    shop.customer().post(REVIEWS, &json!({"rating": 4})).ok(201);
    shop.other_customer().post(REVIEWS, &json!({"rating": 4})).ok(201);
    let order = order(&shop, ProductId::new(1), OrderStatus::Paid);
    shop.shop.store().write_blocking(move |tx| Ok::<_, Error>(tx.reviews_verify(order)?)).unwrap();
    let all = shop.staff().results("/api/v1/admin/reviews?product=1");
    let seen: Vec<_> = all.iter().map(|review| (review["id"].clone(), review["verified_buyer"].clone())).collect();
    assert_eq!(seen, [(json!(2), json!(false)), (json!(1), json!(true))]);
}

#[test]
fn reviews_of_somebody_erased_stay_without_a_name() {
    let shop = shop(false);
    let body = json!({"email": "eve@example.test", "password": PASSWORD, "name": "Eve Adams"});
    let eve = shop.anonymous().post("/api/v1/auth/register", &body).ok(201);
    let eve = shop.bearing(eve["access"].as_str().unwrap());
    eve.post(REVIEWS, &json!({"rating": 2, "text": "Leaks."})).ok(201);
    eve.put("/api/v1/me/wishlist/2", &json!({})).empty(204);
    assert_eq!(shop.anonymous().results(REVIEWS)[0]["author"], "Eve Adams");
    let kept = eve.get("/api/v1/me/export").ok(200);
    assert_eq!((&kept["reviews"][0]["text"], &kept["wishlist"]), (&json!("Leaks."), &json!([2])), "{kept}");
    eve.delete("/api/v1/me").empty(204);
    let left = &shop.anonymous().results(REVIEWS)[0];
    assert_eq!((&left["author"], &left["text"]), (&Value::Null, &json!("Leaks.")));
    assert_eq!(rating(&shop), (json!("2.0"), json!(1)));
    approve(&shop, &json!(1));
    sound(&shop);
}

#[test]
fn review_lists_are_paged_newest_first_and_others_than_approved_are_for_staff() {
    let shop = shop(true);
    for who in [shop.customer(), shop.other_customer(), shop.staff(), shop.admin()] {
        let made = who.post(REVIEWS, &json!({"rating": 3})).ok(201);
        if made["id"] != 2 {
            approve(&shop, &made["id"]);
        }
    }
    let first = shop.anonymous().get(&format!("{REVIEWS}?page_size=2")).ok(200);
    let ids = |page: &Value| page["results"].as_array().unwrap().iter().map(|r| r["id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(&first), [4, 3]);
    let second = shop.anonymous().get(first["next"].as_str().unwrap()).ok(200);
    assert_eq!((ids(&second), &second["next"]), (vec![json!(1)], &Value::Null));
    let back = shop.anonymous().get(second["previous"].as_str().unwrap()).ok(200);
    assert_eq!(ids(&back), [4, 3]);
    let cursor = first["next"].as_str().unwrap().split("cursor=").nth(1).unwrap();
    for other in ["/api/v1/products/2/reviews", "/api/v1/me/reviews"] {
        shop.customer().get(&format!("{other}?cursor={cursor}")).problem(400, "bad-cursor");
    }
    assert_eq!(shop.anonymous().get(&format!("{REVIEWS}?status=pending")).status, 401);
    shop.customer().get(&format!("{REVIEWS}?status=pending")).problem(403, "forbidden");
    assert_eq!(ids(&shop.staff().get(&format!("{REVIEWS}?status=pending")).ok(200)), [2]);
    assert_eq!(ids(&shop.staff().get("/api/v1/products/mug/reviews").ok(200)), [4, 3, 1]);
    shop.anonymous().get(&format!("{REVIEWS}?status=shown")).problem(400, "bad-request");
    shop.anonymous().get(&format!("{REVIEWS}?order=1")).problem(400, "bad-request");
}

#[test]
fn review_lists_walk_an_index_whatever_is_asked() {
    let shop = shop(true);
    let (product, author) = (Some(ProductId::new(1)), Some(UserId::new(1)));
    let status = Some(ReviewStatus::Approved);
    let filter = |product, author, status| ReviewFilter { product, author, status };
    for filter in [
        filter(None, None, None),
        filter(product, None, None),
        filter(product, None, status),
        filter(None, None, status),
        filter(None, author, None),
    ] {
        for backwards in [false, true] {
            let plan = shop.shop.store().read(|tx| Ok::<_, Error>(tx.review_plan(&filter, backwards)?)).unwrap();
            assert!(plan[0].starts_with("SEARCH r USING"), "{filter:?}: {plan:?}");
            assert!(
                !plan.iter().any(|line| line.contains("TEMP B-TREE") || line.contains("SCAN")),
                "{filter:?}: {plan:?}"
            );
        }
    }
}

#[test]
fn products_are_filtered_and_ordered_by_their_rating() {
    let shop = shop(false);
    product("Jug").create(&shop);
    shop.customer().post(REVIEWS, &json!({"rating": 5})).ok(201);
    shop.other_customer().post(REVIEWS, &json!({"rating": 4})).ok(201);
    shop.customer().post("/api/v1/products/3/reviews", &json!({"rating": 4})).ok(201);
    let names = |query: &str| shop.anonymous().names(&format!("/api/v1/products?{query}"));
    assert_eq!(names("ordering=-rating"), ["Mug", "Jug", "Pot"]);
    assert_eq!(names("ordering=rating"), ["Pot", "Jug", "Mug"]);
    assert_eq!(names("min_rating=4&ordering=name"), ["Jug", "Mug"]);
    assert_eq!(names("min_rating=4.01"), ["Mug"]);
    assert_eq!(names("min_rating=4.5&ordering=-rating"), ["Mug"]);
    assert!(names("min_rating=5").is_empty());
    for bad in ["0", "5.5", "four", "4.555", "-1"] {
        shop.anonymous().get(&format!("/api/v1/products?min_rating={bad}")).problem(400, "bad-request");
    }
}
