// Reviews, wishlists and back-in-stock requests, as the shop's own pages would use them.

import { Mail } from "./mail.js";
import { connect, done, expect, given, refused, type Schemas, type Shop } from "./shop.js";

/** What people say of a product, remember of it, and wait for. */
export async function reviews(address: string, admin: Shop, mail: Mail): Promise<void> {
  const anybody = connect(address);
  const category = await given(admin.POST("/categories", { body: { name: "Reviewed things" } }), 201);
  const body: Schemas["ProductInput"] = { name: "Reviewed mug", price: "5.00", category: category.id };
  const mug = await given(admin.POST("/products", { body }), 201);
  const average: string | null = mug.rating_average;
  expect(average === null && mug.rating_count === 0, "no reviews yet");
  await writing(anybody, admin, mug.id);
  await wishing(admin, mug.id);
  await waiting(anybody, mail, mug.id);
  await done(admin.DELETE("/categories/{id}", { params: { path: { id: category.id }, query: { cascade: true } } }));
}

async function writing(anybody: Shop, admin: Shop, product: number): Promise<void> {
  const params = { path: { id: product } };
  const input: Schemas["ReviewInput"] = { rating: 4, title: "Good", text: "Keeps tea warm." };
  const answer = await admin.POST("/products/{id}/reviews", { params, body: input });
  const made = await given(Promise.resolve(answer), 201);
  const status: Schemas["ReviewStatus"] = made.status;
  expect(answer.response.headers.get("Location") === `/api/v1/me/reviews/${made.id}`, "says where it is");
  expect(status === "pending" && !made.verified_buyer && made.title === "Good", "it waits to be looked at");
  await refused(admin.POST("/products/{id}/reviews", { params, body: input }), 409);
  await refused(anybody.POST("/products/{id}/reviews", { params, body: input }), 401);
  const own = { path: { id: made.id } };
  const patched = await given(admin.PATCH("/me/reviews/{id}", { params: own, body: { rating: 5, title: null } }));
  expect(patched.rating === 5 && patched.title === null && patched.text === input.text, "a changed review");
  expect((await given(admin.GET("/me/reviews/{id}", { params: own }))).rating === 5, "my review");
  expect((await given(admin.GET("/me/reviews"))).results.some((review) => review.id === made.id), "among mine");
  const query = { status: "pending" as const, product };
  const pending = await given(admin.GET("/admin/reviews", { params: { query } }));
  expect(pending.results[0]?.id === made.id && pending.next === null, "what is to be looked at");
  await given(admin.GET("/admin/reviews/{id}", { params: own }));
  const shown = await given(admin.PATCH("/admin/reviews/{id}", { params: own, body: { status: "approved" } }));
  expect(shown.status === "approved", "it appears");
  const list = await given(anybody.GET("/products/{id}/reviews", { params }));
  expect(list.results.length === 1 && list.results[0]?.rating === 5, "everybody sees it");
  const rated = await given(anybody.GET("/products", { params: { query: { min_rating: "4.5", ordering: "-rating" } } }));
  const best = rated.results.find((one) => one.id === product);
  expect(best?.rating_average === "5.0" && best.rating_count === 1, "found by its rating");
  await done(admin.DELETE("/me/reviews/{id}", { params: own }));
  await refused(admin.GET("/me/reviews/{id}", { params: own }), 404);
}

async function wishing(shop: Shop, product: number): Promise<void> {
  const params = { path: { id: product } };
  await done(shop.PUT("/me/wishlist/{id}", { params }));
  const list = await given(shop.GET("/me/wishlist"));
  const wish: Schemas["Wish"] | undefined = list.results[0];
  expect(wish?.product.id === product && !Number.isNaN(Date.parse(wish.added_at)), "what I want to remember");
  await done(shop.DELETE("/me/wishlist/{id}", { params }));
  await refused(shop.DELETE("/me/wishlist/{id}", { params }), 404);
}

async function waiting(anybody: Shop, mail: Mail, product: number): Promise<void> {
  const params = { path: { id: product } };
  const email = "waits@example.com";
  await refused(anybody.POST("/products/{id}/back-in-stock-requests", { params, body: {} }), 422);
  await done(anybody.POST("/products/{id}/back-in-stock-requests", { params, body: { email } }));
  const token = await mail.code(email, "Shall we tell you");
  await done(anybody.POST("/back-in-stock/confirm", { body: { token } }));
  await done(anybody.POST("/back-in-stock/unsubscribe", { body: { token } }));
  await refused(anybody.POST("/back-in-stock/unsubscribe", { body: { token } }), 422);
}
