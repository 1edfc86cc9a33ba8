// Every operation of the staff on orders.

import { invoices } from "./invoices.js";
import { done, expect, given, refused, type Schemas, type Shop } from "./shop.js";

export async function orders(staff: Shop): Promise<void> {
  const category = await given(staff.POST("/categories", { body: { name: "Proof of orders" } }), 201);
  const body = { name: "Proof bowl", price: "8.00", category: category.id, stock: 20, sku: "PROOF-BOWL" };
  await given(staff.POST("/products", { body }), 201);
  const order: Schemas["StaffOrderInput"] = {
    email: "phone@example.com",
    lines: [{ sku: "PROOF-BOWL", quantity: 2, unit_price: "7.00" }],
    payment: { provider: "manual", method: "in_person" },
  };
  await sold(staff, order);
  await called(staff, order);
  const report = await given(staff.GET("/admin/reports/sales", { params: { query: { by: "month" } } }));
  expect(report.results.some((row) => row.orders > 0 && row.refunded !== "0.00"), "what was sold this month");
  const drafted = await given(staff.POST("/admin/orders", { body: { ...order, draft: true } }), 201);
  const placed = await given(
    staff.POST("/admin/orders/{number}/place", { params: { path: { number: drafted.number } } }),
  );
  expect(placed.status === "pending" && placed.number !== drafted.number, "a draft gets its number");
  const other = await given(staff.POST("/admin/orders", { body: { ...order, draft: true } }), 201);
  await done(staff.DELETE("/admin/orders/{number}", { params: { path: { number: other.number } } }));
  const query = { status: ["pending" as const], search: "proof-bowl", customer: "phone@example.com" };
  const found = await given(staff.GET("/admin/orders", { params: { query } }));
  expect(found.results[0]?.number === placed.number, "found by its words");
  await refused(staff.POST("/me/orders/{number}/cancel", { params: { path: { number: "999999999" } } }), 404);
}

/** One that is paid, sent, partly returned and refunded. */
async function sold(staff: Shop, order: Schemas["StaffOrderInput"]): Promise<void> {
  const made = await given(staff.POST("/admin/orders", { body: order }), 201);
  expect(made.total === "14.00" && made.staff?.payment_link !== undefined, "at the price that was agreed on");
  const path = { number: made.number };
  const keyed = (key: string) => ({ path, header: { "Idempotency-Key": `${key} ${made.number}` } });
  const line = made.lines[0];
  expect(line !== undefined, "a line");
  const paid = { params: keyed("pay"), body: { amount: "14.00", reference: `statement ${made.number}` } };
  expect((await given(staff.POST("/admin/orders/{number}/payments", paid))).status === "paid", "paid");
  const parcel = { carrier: "Parcel Post", tracking_number: "XY1", lines: [{ line_id: line.id, quantity: 2 }] };
  const sent = await given(staff.POST("/admin/orders/{number}/fulfillments", { params: keyed("send"), body: parcel }));
  expect(sent.status === "fulfilled" && sent.fulfillments[0]?.tracking_number === "XY1", "sent");
  const closed = await given(staff.POST("/admin/orders/{number}/complete", { params: { path } }));
  expect(closed.status === "completed", "closed");
  const back = { lines: [{ line_id: line.id, quantity: 1 }], reason: "A scratch" };
  await given(staff.POST("/admin/orders/{number}/returns", { params: { path }, body: back }));
  const refund = { params: keyed("refund"), body: back };
  const refunded = await given(staff.POST("/admin/orders/{number}/refunds", refund));
  expect(refunded.payment?.refunded === "7.00" && refunded.status === "partially_refunded", "what one cost");
  await invoices(staff, made.number);
  const note = { text: "Sent a card", visible_to_customer: true };
  const noted = await given(staff.POST("/admin/orders/{number}/notes", { params: { path }, body: note }));
  expect(noted.timeline.some((entry) => entry.kind === "note"), "a note");
}

/** One that is changed and called off. */
async function called(staff: Shop, order: Schemas["StaffOrderInput"]): Promise<void> {
  const made = await given(staff.POST("/admin/orders", { body: order }), 201);
  const path = { number: made.number };
  const answer = await staff.GET("/admin/orders/{number}", { params: { path } });
  await given(Promise.resolve(answer));
  const known = answer.response.headers.get("ETag");
  expect(known !== null, "an order has a tag");
  const params = { path, header: { "If-Match": known } };
  const edited = await given(staff.PATCH("/admin/orders/{number}", { params, body: { note: "Ring twice" } }));
  expect(edited.note === "Ring twice", "an edited order");
  await refused(staff.PATCH("/admin/orders/{number}", { params, body: { note: "Knock" } }), 412);
  const body = { reason: "No longer made" };
  const cancelled = await given(staff.POST("/admin/orders/{number}/cancel", { params: { path }, body }));
  expect(cancelled.status === "cancelled", "called off");
}
