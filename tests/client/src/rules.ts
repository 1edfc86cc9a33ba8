// Every operation on tax rates, shipping zones and discounts.

import { done, expect, given, refused, type Schemas, type Shop } from "./shop.js";

export async function rules(admin: Shop): Promise<void> {
  await taxRates(admin);
  await shippingZones(admin);
  await discounts(admin);
}

async function taxRates(admin: Shop): Promise<void> {
  const body: Schemas["TaxRateInput"] = { name: "VAT", country: "LI", rate: "8.1", tax_class: "reduced" };
  const answer = await admin.POST("/admin/tax-rates", { body });
  const made = await given(Promise.resolve(answer), 201);
  expect(answer.response.headers.get("Location") === `/api/v1/admin/tax-rates/${made.id}`, "says where it is");
  const region: string | null = made.region;
  expect(region === null && made.rate === "8.1", "a new rate");
  const known = answer.response.headers.get("ETag");
  expect(known !== null, "a rate has a tag");
  const path = { id: made.id };
  const params = { path, header: { "If-Match": known } };
  const patched = await given(admin.PATCH("/admin/tax-rates/{id}", { params, body: { rate: 2.6 } }));
  expect(patched.rate === "2.6" && patched.name === "VAT", "a patched rate");
  await refused(admin.PATCH("/admin/tax-rates/{id}", { params, body: { rate: "3" } }), 412);
  const replaced = await given(admin.PUT("/admin/tax-rates/{id}", { params: { path }, body: { ...body, rate: 0 } }));
  const read = await given(admin.GET("/admin/tax-rates/{id}", { params: { path } }));
  const list = await given(admin.GET("/admin/tax-rates", { params: { query: { page_size: 100 } } }));
  expect(read.rate === replaced.rate && list.results.some((rate) => rate.id === read.id), "the same everywhere");
  await refused(admin.POST("/admin/tax-rates", { body }), 409);
  const wrong = await refused(admin.POST("/admin/tax-rates", { body: { ...body, rate: 101 } }), 422);
  expect(wrong.errors?.[0]?.field === "rate", "more than there is");
  await done(admin.DELETE("/admin/tax-rates/{id}", { params: { path } }));
  await refused(admin.GET("/admin/tax-rates/{id}", { params: { path } }), 404);
}

async function shippingZones(admin: Shop): Promise<void> {
  const rates: Schemas["ShippingRateInput"][] = [
    { name: "Parcel", kind: "flat", price: "4.90", free_from: "50.00" },
    { name: "Freight", kind: "weight", steps: [{ upto: 1000, price: "9.00" }, { price: "19.00" }] },
    { name: "By value", kind: "subtotal", steps: [{ upto: "20.00", price: "5.00" }] },
    { name: "Pickup", kind: "pickup" },
  ];
  const body: Schemas["ShippingZoneInput"] = { name: "Alps", areas: [{ country: "LI" }], rates };
  const made = await given(admin.POST("/admin/shipping-zones", { body }), 201);
  const price: string | null | undefined = made.rates[1]?.price;
  expect(price === null && made.rates[1]?.steps[0]?.upto === 1000, "by weight");
  expect(made.rates[2]?.steps[0]?.upto === "20.00" && made.areas[0]?.region === null, "by value");
  const params = { path: { id: made.id } };
  const kept = { id: made.rates[0]?.id ?? null, name: "Parcel", kind: "flat", price: "5.90" } as const;
  const patched = await given(admin.PATCH("/admin/shipping-zones/{id}", { params, body: { rates: [kept] } }));
  expect(patched.rates.length === 1 && patched.rates[0]?.id === made.rates[0]?.id, "keeps its id");
  const replaced = await given(admin.PUT("/admin/shipping-zones/{id}", { params, body: { ...body, name: "Peaks" } }));
  const read = await given(admin.GET("/admin/shipping-zones/{id}", { params }));
  const list = await given(admin.GET("/admin/shipping-zones", { params: { query: { page_size: 1 } } }));
  expect(read.name === replaced.name && list.results[0]?.id === read.id, "the same everywhere");
  await done(admin.DELETE("/admin/shipping-zones/{id}", { params }));
  await refused(admin.GET("/admin/shipping-zones/{id}", { params }), 404);
}

async function discounts(admin: Shop): Promise<void> {
  const kind: Schemas["DiscountKind"] = "percent";
  const body: Schemas["DiscountInput"] = { name: "Ten percent off", code: "CLIENT10", kind, percent: "10", tags: ["gift"] };
  const made = await given(admin.POST("/admin/discounts", { body }), 201);
  const amount: string | null = made.amount;
  expect(made.percent === "10" && amount === null && made.uses === 0 && made.active, "a new discount");
  await refused(admin.POST("/admin/discounts", { body: { ...body, code: "client10" } }), 409);
  const params = { path: { id: made.id } };
  const fixed = { kind: "fixed", amount: "5" } as const;
  const patched = await given(admin.PATCH("/admin/discounts/{id}", { params, body: fixed }));
  expect(patched.percent === null && patched.amount === "5.00", "another kind");
  const replaced = await given(admin.PUT("/admin/discounts/{id}", { params, body: { ...body, active: false } }));
  const read = await given(admin.GET("/admin/discounts/{id}", { params }));
  const query = { code: "Client10", active: false, page_size: 1 };
  const list = await given(admin.GET("/admin/discounts", { params: { query } }));
  expect(read.active === replaced.active && list.results[0]?.id === read.id, "all filters at once");
  await done(admin.DELETE("/admin/discounts/{id}", { params }));
  await refused(admin.GET("/admin/discounts/{id}", { params }), 404);
}
