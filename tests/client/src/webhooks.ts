// Every operation on webhooks. The name they are sent to is one that never resolves, so nothing leaves.

import { connect, done, expect, given, refused, type Schemas, type Shop } from "./shop.js";

export async function webhooks(address: string, admin: Shop): Promise<void> {
  await refused(connect(address).GET("/admin/webhooks"), 401);
  const events: Schemas["EventType"][] = ["order.paid", "stock.low"];
  const body: Schemas["WebhookInput"] = { name: "Books", url: "https://hooks.example.test/nexus", events };
  const answer = await admin.POST("/admin/webhooks", { body });
  const made = await given(Promise.resolve(answer), 201);
  expect(answer.response.headers.get("Location") === `/api/v1/admin/webhooks/${made.id}`, "says where it is");
  expect(made.secret.startsWith("whsec_") && made.active && made.failing_since === null, "a secret, shown once");
  await refused(admin.POST("/admin/webhooks", { body: { name: "Here", url: "https://127.0.0.1/" } }), 422);

  const path = { id: made.id };
  const read = await admin.GET("/admin/webhooks/{id}", { params: { path } });
  const webhook: Schemas["Webhook"] = await given(Promise.resolve(read));
  expect(webhook.events.length === 2 && !JSON.stringify(webhook).includes(made.secret), "kept without its secret");
  const known = read.response.headers.get("ETag");
  expect(known !== null, "a webhook has a tag");
  const params = { path, header: { "If-Match": known } };
  const patched = await given(admin.PATCH("/admin/webhooks/{id}", { params, body: { events: null } }));
  expect(patched.events.length === 0, "told of everything");
  await refused(admin.PATCH("/admin/webhooks/{id}", { params, body: { active: false } }), 412);
  await given(admin.PUT("/admin/webhooks/{id}", { params: { path }, body }));
  const list = await given(admin.GET("/admin/webhooks", { params: { query: { page_size: 100 } } }));
  expect(list.results.some((one) => one.id === made.id), "listed");

  const rotated = await given(
    admin.POST("/admin/webhooks/{id}/rotate-secret", { params: { path }, body: { overlap_hours: 1 } }),
  );
  expect(rotated.secret !== made.secret && rotated.previous_secret_until !== null, "both sign for an hour");
  const test: Schemas["Delivery"] = await given(admin.POST("/admin/webhooks/{id}/test", { params: { path } }));
  expect(test.type === "webhook.test" && test.state === "waiting", "on its way");
  const query = { type: "webhook.test", page_size: 10 };
  const log = await given(admin.GET("/admin/webhooks/{id}/deliveries", { params: { path, query } }));
  expect(log.results.length === 1 && log.results[0]?.id === test.id, "in the log");
  const again = { path: { id: made.id, delivery: test.id } };
  const sent = await given(admin.POST("/admin/webhooks/{id}/deliveries/{delivery}/replay", { params: again }));
  expect(sent.replays === 1 && sent.event === test.event, "sent again by the same id");
  const range = { from: "2020-01-01T00:00:00Z", to: "2020-02-01T00:00:00Z" };
  const told = await given(admin.POST("/admin/webhooks/{id}/replay", { params: { path }, body: range }));
  expect(told.replayed === 0, "nothing happened then");
  await done(admin.DELETE("/admin/webhooks/{id}", { params: { path } }));
  await refused(admin.GET("/admin/webhooks/{id}", { params: { path } }), 404);
}
