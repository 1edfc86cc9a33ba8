// Every operation of selling, as a program of somebody's shop would use it.

import { connect, done, expect, given, refused, type Schemas, type Shop } from "./shop.js";

const utrecht: Schemas["AddressInput"] = {
  name: "Ann Lee",
  line1: "1 Canal Street",
  city: "Utrecht",
  postal_code: "3511 AB",
  country: "NL",
};

export async function selling(address: string, staff: Shop): Promise<void> {
  const category = await given(staff.POST("/categories", { body: { name: "Proof of selling" } }), 201);
  const body = { name: "Proof cup", price: "4.50", category: category.id, stock: 9, sku: "PROOF-CUP" };
  const cup = await given(staff.POST("/products", { body }), 201);
  await carts(address, staff, cup);
  await checkouts(address, staff);
  await done(staff.DELETE("/products/{id}", { params: { path: { id: cup.id } } }));
  // What was ordered is archived instead of removed, and stays where it is.
  await refused(staff.DELETE("/categories/{id}", { params: { path: { id: category.id } } }), 409);
}

async function carts(address: string, staff: Shop, cup: Schemas["Product"]): Promise<void> {
  const guest = connect(address);
  const answer = await guest.POST("/carts");
  const cart: Schemas["Cart"] = await given(Promise.resolve(answer), 201);
  const path = { token: cart.token };
  expect(answer.response.headers.get("Location") === `/api/v1/carts/${cart.token}`, "says where it is");
  const lines = "/carts/{token}/lines";
  await given(guest.POST(lines, { params: { path }, body: { variant_id: cup.variants[0]?.id ?? null, quantity: 2 } }), 201);
  const two = await given(guest.POST(lines, { params: { path }, body: { sku: "PROOF-CUP", quantity: 1 } }), 201);
  const line = two.lines[0];
  expect(line !== undefined && line.quantity === 3 && line.unit_price === "4.50", "the same variant adds up");
  expect(two.total === "13.50" && two.currency === cup.currency && two.changes.length === 0, `${two.total}`);
  await refused(guest.POST(lines, { params: { path }, body: { sku: "PROOF-CUP", quantity: 999 } }), 422);
  await refused(guest.POST(lines, { params: { path }, body: { sku: "PROOF-CUP", quantity: 7 } }), 409);

  const at = { params: { path: { ...path, id: line.id } } };
  const one = await given(guest.PATCH("/carts/{token}/lines/{id}", { ...at, body: { quantity: 1 } }));
  expect(one.subtotal === "4.50", "fewer of them");
  await refused(guest.PUT("/carts/{token}/discount", { params: { path }, body: { code: "NOBODY-HAS-IT" } }), 422);
  const plain = await given(guest.DELETE("/carts/{token}/discount", { params: { path } }));
  expect(plain.discount_code === null && plain.discount_refused === null, "no code");
  const sent = await given(guest.PUT("/carts/{token}/shipping-address", { params: { path }, body: utrecht }));
  expect(sent.shipping_address?.city === "Utrecht", "where it goes");
  const options = await given(guest.GET("/carts/{token}/shipping-options", { params: { path } }));
  const option = options.results[0];
  expect(option !== undefined, "a way to ship it");
  const chosen = await given(
    guest.PUT("/carts/{token}/shipping-option", { params: { path }, body: { id: option.id } }),
  );
  expect(chosen.shipping_option === option.id && chosen.shipping_total === option.price, "how it is shipped");

  await given(staff.PATCH("/products/{id}", { params: { path: { id: cup.id } }, body: { price: "5.00" } }));
  const read = await given(guest.GET("/carts/{token}", { params: { path, query: { explain: true } } }));
  const change = read.changes[0];
  expect(change?.kind === "price" && change.from === "4.50" && change.to === "5.00", "what has changed");
  expect(read.explanation?.[0]?.kind === "line" && read.explanation[0].amount === "5.00", "what made the total");
  const empty = await given(guest.DELETE("/carts/{token}/lines/{id}", at));
  expect(empty.lines.length === 0 && empty.subtotal === "0.00", "nothing in it");
  await done(guest.DELETE("/carts/{token}", { params: { path } }));
  await refused(guest.GET("/carts/{token}", { params: { path } }), 404);
}

async function checkouts(address: string, staff: Shop): Promise<void> {
  const guest = connect(address);
  const { token } = await given(guest.POST("/carts"), 201);
  const path = { token };
  await given(guest.POST("/carts/{token}/lines", { params: { path }, body: { sku: "PROOF-CUP", quantity: 2 } }), 201);
  const key = { params: { path, header: { "Idempotency-Key": `proof ${token}` } } };
  const body = {
    email: "buyer@example.com",
    shipping_address: utrecht,
    payment: { provider: "manual" },
    expected_total: "10.00",
  };
  await refused(guest.POST("/carts/{token}/checkout", { ...key, body: { ...body, expected_total: "9.00" } }), 409);
  const order = await given(guest.POST("/carts/{token}/checkout", { ...key, body }), 201);
  expect(order.total === "10.00" && order.status === "pending" && order.token !== undefined, "an order");
  const again = await given(guest.POST("/carts/{token}/checkout", { ...key, body }), 201);
  expect(JSON.stringify(again) === JSON.stringify(order), "the same answer again");
  const at = { number: order.number };
  const read = await given(guest.GET("/orders/{number}", { params: { path: at, query: { token: order.token } } }));
  expect(read.lines[0]?.quantity === 2, "what was bought");
  await refused(guest.GET("/orders/{number}", { params: { path: at, query: { token: "x" } } }), 404);

  const mine = await given(staff.POST("/carts"), 201);
  const cart = { token: mine.token };
  const line = { sku: "PROOF-CUP", quantity: 1 };
  await given(staff.POST("/carts/{token}/lines", { params: { path: cart }, body: line }), 201);
  const params = { path: cart, header: { "Idempotency-Key": `proof ${mine.token}` } };
  const bought = await given(staff.POST("/carts/{token}/checkout", { params, body: { ...body, expected_total: null } }), 201);
  const list = await given(staff.GET("/me/orders"));
  expect(list.results[0]?.number === bought.number, "one's own orders");
  const one = await given(staff.GET("/me/orders/{number}", { params: { path: { number: bought.number } } }));
  expect(one.total === bought.total, "one of them");
}
