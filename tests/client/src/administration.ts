// Every operation on users, API keys and the audit log.

import { signIn } from "./accounts.js";
import { Mail } from "./mail.js";
import { connect, done, expect, given, refused, type Schemas, type Shop } from "./shop.js";

export async function administration(address: string, admin: Shop, mail: Mail): Promise<void> {
  const staff = await users(address, admin, mail);
  await keys(address, admin);
  await audit(admin, staff);
}

async function users(address: string, admin: Shop, mail: Mail): Promise<number> {
  const email = "bo@example.com";
  const body: Schemas["UserInput"] = { email, name: "Bo Ek", role: "staff" };
  const answer = await admin.POST("/users", { body });
  const made = await given(Promise.resolve(answer), 201);
  expect(answer.response.headers.get("Location") === `/api/v1/users/${made.id}`, "says where it is");
  expect(made.role === "staff" && made.active && !made.email_verified, "an invited member of staff");
  await refused(admin.POST("/users", { body }), 409);
  const password = "the invited choose one";
  const token = await mail.code(email, "Your account");
  await done(connect(address).POST("/auth/password/reset", { body: { token, password } }));
  const bo = await signIn(address, email, password);
  await refused(bo.GET("/users"), 403);

  const path = { id: made.id };
  const read = await admin.GET("/users/{id}", { params: { path } });
  expect((await given(Promise.resolve(read))).email_verified, "the letter arrived");
  const query = { role: "staff", active: true, email: email.toUpperCase(), page_size: 1 } as const;
  const found = await given(admin.GET("/users", { params: { query } }));
  expect(found.results.length === 1 && found.results[0]?.id === made.id && found.next === null, "all filters at once");
  const first = await given(admin.GET("/users", { params: { query: { page_size: 1 } } }));
  expect(first.next !== null, "another page");
  const cursor = new URL(first.next, address).searchParams.get("cursor");
  expect(cursor !== null, "a cursor");
  const second = await given(admin.GET("/users", { params: { query: { page_size: 1, cursor } } }));
  expect(second.results[0]?.id !== first.results[0]?.id && second.previous !== null, "the next page");

  const known = read.response.headers.get("ETag");
  expect(known !== null, "a user has a tag");
  const params = { path, header: { "If-Match": known } };
  const role: Schemas["Role"] = "customer";
  const patched = await given(admin.PATCH("/users/{id}", { params, body: { role, name: "Bo" } }));
  expect(patched.role === role && patched.name === "Bo", "a patched user");
  await refused(admin.PATCH("/users/{id}", { params, body: { role } }), 412);
  await given(bo.GET("/me"));
  await given(admin.PATCH("/users/{id}", { params: { path }, body: { active: false } }));
  await refused(bo.GET("/me"), 401);
  await done(admin.DELETE("/users/{id}", { params: { path } }));
  await refused(admin.GET("/users/{id}", { params: { path } }), 404);
  return made.id;
}

async function keys(address: string, admin: Shop): Promise<void> {
  const body: Schemas["ApiKeyInput"] = {
    name: "Warehouse",
    scopes: ["catalog:write", "users:read"],
    expires_at: "2099-12-31T00:00:00Z",
  };
  const answer = await admin.POST("/admin/api-keys", { body });
  const made = await given(Promise.resolve(answer), 201);
  expect(answer.response.headers.get("Location") === `/api/v1/admin/api-keys/${made.id}`, "says where it is");
  const scopes: Schemas["Scope"][] = made.scopes;
  expect(scopes.join() === "catalog:write,users:read" && made.key.startsWith(made.hint), "what the key may do");
  expect(made.expires_at === "2099-12-31T00:00:00.000Z", "when it ends");

  const robot = connect(address, made.key);
  const category = await given(robot.POST("/categories", { body: { name: "Made by a key" } }), 201);
  await done(robot.DELETE("/categories/{id}", { params: { path: { id: category.id } } }));
  await given(robot.GET("/users"));
  await refused(robot.POST("/users", { body: { email: "robot@example.com" } }), 403);
  await refused(robot.GET("/me"), 403);
  await refused(robot.POST("/admin/api-keys", { body }), 403);

  const params = { path: { id: made.id } };
  const read: Schemas["ApiKey"] = await given(admin.GET("/admin/api-keys/{id}", { params }));
  const list = await given(admin.GET("/admin/api-keys", { params: { query: { page_size: 100 } } }));
  expect(read.name === "Warehouse" && list.results.some((key) => key.id === read.id), "kept without itself");
  expect(!JSON.stringify([read, list]).includes(made.key), "shown once");
  await done(admin.DELETE("/admin/api-keys/{id}", { params }));
  await refused(robot.GET("/users"), 401);
  await refused(admin.GET("/admin/api-keys/{id}", { params }), 404);
}

async function audit(admin: Shop, user: number): Promise<void> {
  const query = { action: "user.", subject: `user:${user}`, since: "2020-01-01T00:00:00Z", client: "127.0.0.1" };
  const log = await given(admin.GET("/admin/audit", { params: { query } }));
  const actions = log.results.map((entry) => entry.action).reverse();
  expect(actions.join() === "user.create,user.password_reset,user.update,user.update,user.erase", `${actions}`);
  const [last, made] = [log.results[0], log.results[4]];
  const kind: "anonymous" | "user" | "api_key" | "owner" | "shop" | undefined = made?.actor.kind;
  const role: Schemas["Role"] | null | undefined = made?.actor.role;
  expect(kind === "user" && role === "admin" && made?.detail["role"] === "staff", "who made them, and as what");
  expect(last?.subject?.id === `${user}` && last.request_id !== null && last.at >= made.at, "newest first");
  const next = { action: "user.", page_size: 1 };
  const page = await given(admin.GET("/admin/audit", { params: { query: next } }));
  const cursor = page.next === null ? null : new URL(page.next, "http://shop").searchParams.get("cursor");
  expect(cursor !== null, "another page");
  const older = await given(admin.GET("/admin/audit", { params: { query: { ...next, cursor } } }));
  expect((older.results[0]?.id ?? 0) < (page.results[0]?.id ?? 0), "the next page");
}
