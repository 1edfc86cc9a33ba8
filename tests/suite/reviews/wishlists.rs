//! Wishlists: each person's own, bounded, and only of what is on sale.

use crate::support::{Requests, TestShop, product, wait};
use nexus::domain::{ProductId, Role, SessionId, Timestamp, UserId};
use nexus::services::{Actor, Ctx, Error};
use serde_json::{Value, json};

fn names(page: &Value) -> Vec<&str> {
    page["results"].as_array().unwrap().iter().map(|wish| wish["product"]["name"].as_str().unwrap()).collect()
}

#[test]
fn wishlist_shows_what_was_added_last_first_as_everybody_sees_it() {
    let shop = TestShop::with_categories();
    for name in ["Mug", "Pot", "Jug"] {
        product(name).create(&shop);
    }
    let put = |id: i64| shop.customer().put(&format!("/api/v1/me/wishlist/{id}"), &json!({})).empty(204);
    [1, 3, 2, 3].into_iter().for_each(put);
    let first = shop.customer().get("/api/v1/me/wishlist?page_size=2").ok(200);
    let second = shop.customer().get(first["next"].as_str().unwrap()).ok(200);
    let mut all = names(&first);
    all.extend(names(&second));
    assert_eq!(all.len(), 3);
    assert_eq!(second["next"], Value::Null);
    let back = shop.customer().get(second["previous"].as_str().unwrap()).ok(200);
    assert_eq!(names(&back), names(&first));
    let card = shop.anonymous().get("/api/v1/products/mug").ok(200);
    let whole = shop.customer().get("/api/v1/me/wishlist").ok(200);
    assert!(whole["results"].as_array().unwrap().iter().any(|wish| wish["product"] == card), "{whole}");
    assert!(shop.other_customer().results("/api/v1/me/wishlist").is_empty());
    shop.customer().delete("/api/v1/me/wishlist/3").empty(204);
    shop.customer().delete("/api/v1/me/wishlist/3").problem(404, "not-found");
    shop.customer().put("/api/v1/me/wishlist/99", &json!({})).problem(404, "not-found");
    // What is not on sale is left out until it is again; what is gone is gone.
    shop.staff().patch("/api/v1/products/1", &json!({"status": "draft"})).ok(200);
    assert_eq!(names(&shop.customer().get("/api/v1/me/wishlist").ok(200)), ["Pot"]);
    shop.customer().put("/api/v1/me/wishlist/1", &json!({})).problem(404, "not-found");
    shop.staff().patch("/api/v1/products/1", &json!({"status": "active"})).ok(200);
    shop.staff().delete("/api/v1/products/2").empty(204);
    assert_eq!(names(&shop.customer().get("/api/v1/me/wishlist").ok(200)), ["Mug"]);
}

#[test]
fn wishlist_is_bounded_and_its_pages_walk_an_index() {
    let shop = TestShop::with_categories();
    let rows = (0..501).map(|n| product(&format!("P{n}")).sku(&format!("P{n}")).body()).collect();
    wait(shop.shop.product_batch(&Ctx::owner(), rows)).unwrap();
    let filled = shop.shop.store().write_blocking(|tx| {
        for id in 1..=499 {
            tx.wishlist_add(UserId::new(1), ProductId::new(id), Timestamp::from_millis(id))?;
        }
        Ok::<_, Error>(())
    });
    filled.unwrap();
    // Many at once, of which one fits.
    let ctx = Ctx::now(Actor::User { id: UserId::new(1), role: Role::Customer, session: SessionId::new(1) });
    let added: Vec<bool> = std::thread::scope(|scope| {
        let one = |id: i64| {
            let (shop, ctx) = (&shop.shop, &ctx);
            scope.spawn(move || wait(shop.wishlist_add(ctx, ProductId::new(id))).is_ok())
        };
        let threads: Vec<_> = [500, 501].into_iter().map(one).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(added.iter().filter(|added| **added).count(), 1);
    let missing = if added[0] { 501 } else { 500 };
    shop.customer().put(&format!("/api/v1/me/wishlist/{missing}"), &json!({})).problem(409, "too-many");
    for backwards in [false, true] {
        let plan = shop.shop.store().read(|tx| Ok::<_, Error>(tx.wishlist_plan(backwards)?)).unwrap();
        assert!(plan[0].contains("SEARCH w USING COVERING INDEX wishlist_item_newest"), "{plan:?}");
        assert!(!plan.iter().any(|line| line.contains("TEMP B-TREE")), "{plan:?}");
    }
}
