// Every operation of the catalog, as a program of somebody's shop would use it.

import { connect, done, expect, given, refused, type Schemas, type Shop } from "./shop.js";

export async function catalog(address: string, staff: Shop): Promise<void> {
  const anybody = connect(address);
  const { kitchen, mugs } = await categories(anybody, staff);
  const mug = await products(anybody, staff, mugs);
  await variants(anybody, staff, mugs);
  await lists(anybody, staff, mugs, mug);
  await problems(anybody, staff);
  await removal(anybody, staff, kitchen, mug);
}

async function categories(anybody: Shop, staff: Shop) {
  const kitchen = await given(
    staff.POST("/categories", { body: { name: "Proof kitchen", seo: { title: "All for the kitchen" } } }),
    201,
  );
  expect(kitchen.parent_id === null && kitchen.seo.title === "All for the kitchen", "a root with its title");
  const made = await given(staff.POST("/categories", { body: { name: "Pots", parent: kitchen.id } }), 201);
  expect(made.parent_id === kitchen.id, "a child");
  const path = { id: made.id };
  const replaced = await given(
    staff.PUT("/categories/{id}", { params: { path }, body: { name: "Mugs of proof", parent: kitchen.slug } }),
  );
  const mugs = await given(staff.PATCH("/categories/{id}", { params: { path }, body: { position: 3 } }));
  expect(mugs.name === replaced.name && mugs.position === 3, "a patched category");

  const bySlug = await given(anybody.GET("/categories/{id}", { params: { path: { id: mugs.slug } } }));
  const byId = await given(anybody.GET("/categories/{id}", { params: { path: { id: mugs.id } } }));
  expect(bySlug.id === byId.id, "one category by id and slug");
  const tree = await given(anybody.GET("/categories", { params: { query: { tree: true } } }));
  const node = tree.results.find((category) => category.id === kitchen.id);
  expect(node?.children?.[0]?.id === mugs.id, "the tree nests");
  const page = await given(anybody.GET("/categories", { params: { query: { page_size: 1 } } }));
  expect(page.results.length === 1 && page.next !== null && page.results[0]?.children === undefined, "a page");
  return { kitchen, mugs };
}

async function products(anybody: Shop, staff: Shop, mugs: Schemas["Category"]): Promise<Schemas["Product"]> {
  const body: Schemas["ProductInput"] = {
    name: "Proof mug",
    price: "14.50",
    category: mugs.id,
    brand: "Proofworks",
    stock: 3,
    sku: "PROOF-1",
    tags: ["proof"],
    attributes: { material: "stoneware", capacity_ml: 350, dishwasher: true, colors: ["red", "blue"] },
    images: [{ url: "/proof.jpg", alt: "A mug" }],
  };
  const answer = await staff.POST("/products", { body });
  const made = await given(Promise.resolve(answer), 201);
  expect(answer.response.headers.get("Location") === `/api/v1/products/${made.id}`, "says where it is");
  const known = answer.response.headers.get("ETag");
  expect(known !== null, "a new product has a tag");
  const price: string = made.price;
  const status: "draft" | "active" | "archived" = made.status;
  const capacity = made.attributes["capacity_ml"];
  expect(price === "14.50" && status === "active" && capacity === 350, "what was sent");
  expect(made.compare_at_price === null && made.price_max === undefined, "null is always there, price_max is not");

  const path = { id: made.id };
  const params = { path, header: { "If-Match": known } };
  const patched = await given(staff.PATCH("/products/{id}", { params, body: { price: 13, compare_at_price: "14.50" } }));
  expect(patched.price === "13.00" && patched.compare_at_price === "14.50", "a patched product");
  await refused(staff.PATCH("/products/{id}", { params, body: { price: 1 } }), 412);
  const replaced = await given(staff.PUT("/products/{id}", { params: { path }, body: { ...body, stock: 8 } }));
  expect(replaced.stock === 8 && replaced.compare_at_price === null, "a replaced product");

  for (const id of [made.id, made.slug]) {
    const read = await given(anybody.GET("/products/{id}", { params: { path: { id } } }));
    expect(read.id === made.id && read.images[0]?.alt === "A mug", `read by ${id}`);
  }
  return replaced;
}

async function variants(anybody: Shop, staff: Shop, mugs: Schemas["Category"]): Promise<void> {
  const tee = await given(
    staff.POST("/products", {
      body: {
        name: "Proof tee",
        category: mugs.slug,
        options: [{ name: "Size", values: ["S"] }],
        variants: [{ options: { Size: "S" }, price: 19 }],
      },
    }),
    201,
  );
  const path = { id: tee.id };
  const body: Schemas["VariantInput"] = { options: { Size: "L" }, price: "21.00", stock: 2, weight_grams: 180 };
  const large = await given(staff.POST("/products/{id}/variants", { params: { path }, body }), 201);
  expect(large.title === "L" && large.sku === null && large.in_stock, "a new variant");
  const list = await given(anybody.GET("/products/{id}/variants", { params: { path: { id: tee.slug } } }));
  expect(list.results.length === 2 && list.next === null, "both variants");
  const one = { path: { id: large.id } };
  const changed = await given(staff.PATCH("/variants/{id}", { params: one, body: { stock: 0 } }));
  expect(changed.stock === 0 && !changed.in_stock, "a changed variant");
  await done(staff.DELETE("/variants/{id}", { params: one }));
  const rest = await given(anybody.GET("/products/{id}", { params: { path } }));
  expect(rest.variants.length === 1, "one variant is left");
}

async function lists(anybody: Shop, staff: Shop, mugs: Schemas["Category"], mug: Schemas["Product"]): Promise<void> {
  const found = await given(
    anybody.GET("/products", {
      params: {
        query: {
          category: [mugs.slug],
          brand: ["proofworks"],
          tag: ["proof"],
          min_price: "10.00",
          max_price: "20.00",
          in_stock: true,
          search: "proof mug",
          created_after: "2020-01-01T00:00:00Z",
          ids: [mug.id, mug.id + 1],
          status: ["active"],
          ordering: "relevance",
          include: ["count", "facets"],
          page_size: 5,
          // Names of attributes are the shop's own, so their filters cannot be described one by one.
          ...{ "attr.material": ["stoneware"] },
        },
      },
    }),
  );
  expect(found.results[0]?.id === mug.id && found.count === 1, `all filters at once: ${JSON.stringify(found)}`);
  expect(found.facets?.brands[0]?.label === "Proofworks", "facets");
  const first = await given(anybody.GET("/products", { params: { query: { page_size: 1, ordering: "price" } } }));
  expect(first.next !== null, "another page");
  const cursor = new URL(first.next, "http://shop").searchParams.get("cursor");
  expect(cursor !== null, "a cursor");
  const query = { page_size: 1, ordering: "price", cursor } as const;
  const second = await given(anybody.GET("/products", { params: { query } }));
  expect(second.results[0]?.id !== first.results[0]?.id && second.previous !== null, "the next page");

  const rows = await given(
    staff.POST("/products/batch", {
      params: { header: { "Idempotency-Key": "proof batch" } },
      body: { products: [{ sku: "PROOF-1", price: "15.00" }, { sku: "PROOF-2", name: "Pan", price: 9, category: mugs.id }] },
    }),
  );
  const actions: ("created" | "updated" | "unchanged")[] = rows.results.map((row) => row.action);
  expect(actions.join() === "updated,created", `a batch: ${actions}`);
}

async function problems(anybody: Shop, staff: Shop): Promise<void> {
  const invalid = await refused(staff.POST("/products", { body: { name: "", price: "1.999", category: 1 } }), 422);
  const fields = invalid.errors?.map((error) => `${error.field} ${error.code}`) ?? [];
  expect(fields.includes("price too_many_digits") && fields.includes("name too_short"), `fields: ${fields}`);
  await refused(anybody.GET("/products/{id}", { params: { path: { id: "no-such-thing" } } }), 404);
  await refused(anybody.POST("/categories", { body: { name: "Nobody's" } }), 401);
}

async function removal(
  anybody: Shop,
  staff: Shop,
  kitchen: Schemas["Category"],
  mug: Schemas["Product"],
): Promise<void> {
  await done(staff.DELETE("/products/{id}", { params: { path: { id: mug.id } } }));
  await refused(anybody.GET("/products/{id}", { params: { path: { id: mug.id } } }), 404);
  const path = { id: kitchen.id };
  await refused(staff.DELETE("/categories/{id}", { params: { path } }), 409);
  await done(staff.DELETE("/categories/{id}", { params: { path, query: { cascade: true } } }));
}
