// Every operation on payments.

import { expect, given, refused, type Schemas, type Shop } from "./shop.js";

export async function payments(staff: Shop): Promise<void> {
  const found = await given(staff.GET("/admin/payments", { params: { query: { flagged: true, page_size: 1 } } }));
  expect(found.results.length === 0 && found.next === null, "nothing is odd");
  const body: Schemas["ResolveInput"] = { note: "Looked at" };
  await refused(staff.POST("/admin/payments/{id}/resolve", { params: { path: { id: 999_999 } }, body }), 404);
  const path = { provider: "stripe" };
  await refused(staff.POST("/payments/{provider}/webhook", { params: { path }, body: "{}" }), 404);
}
