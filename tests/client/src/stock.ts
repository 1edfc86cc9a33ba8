// Every operation on stock.

import { expect, given, refused, type Schemas, type Shop } from "./shop.js";

export async function stock(staff: Shop): Promise<void> {
  const product: Schemas["ProductInput"] = {
    name: "Counted cup",
    price: "4.50",
    category: "Stocked > Cups",
    sku: "COUNTED-1",
    stock: 5,
    stock_policy: "deny",
    low_stock_at: 2,
  };
  await given(staff.POST("/products", { body: product }), 201);
  const body: Schemas["StockChange"] = { sku: "COUNTED-1", delta: -3, reason: "damaged", note: "Fell off the shelf" };
  const keyed = { params: { header: { "Idempotency-Key": "proof stock" } }, body };
  await given(staff.POST("/admin/stock/movements", keyed));
  const moved = await given(staff.POST("/admin/stock/movements", keyed));
  expect(moved.movement?.on_hand === -3 && moved.stock.available === 2, "three went, once");
  await refused(staff.POST("/admin/stock/movements", { body: { ...body, count: 1 } }), 422);
  await refused(staff.POST("/admin/stock/movements", { body }), 409);
  const counted = await given(staff.POST("/admin/stock/movements", { body: { sku: "COUNTED-1", count: 2 } }));
  expect(counted.movement === null, "a count of what is known moves nothing");
  const query = { sku: "COUNTED-1", low: true, policy: "deny", page_size: 1 } as const;
  const found = await given(staff.GET("/admin/stock", { params: { query } }));
  expect(found.results[0]?.on_hand === 2 && found.results[0].low && found.next === null, "all filters at once");
  const variant = moved.stock.variant_id;
  const kind: Schemas["MovementKind"] = "corrected";
  const ledger = await given(
    staff.GET("/admin/stock/movements", { params: { query: { variant_id: variant, kind, page_size: 1 } } }),
  );
  expect(ledger.results[0]?.reason === "damaged" && ledger.next === null, "the ledger says why");
}
