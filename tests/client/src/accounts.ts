// Every operation on accounts, as the shop's own pages would use them.

import { Mail } from "./mail.js";
import { connect, done, expect, given, refused, type Schemas, type Shop } from "./shop.js";

const PASSWORD = "three ducks on the quay";
const OTHER_PASSWORD = "four ducks on the quay";

/** Signs in; what follows is done as this person. */
export async function signIn(address: string, email: string, password: string): Promise<Shop> {
  const anybody = connect(address);
  await refused(anybody.POST("/auth/login", { body: { email, password: `not ${password}` } }), 401);
  return connect(address, (await login(anybody, email, password)).access);
}

async function login(anybody: Shop, email: string, password: string): Promise<Schemas["Login"]> {
  const signedIn = await given(anybody.POST("/auth/login", { body: { email, password } }));
  const role: "customer" | "staff" | "admin" = signedIn.user.role;
  const kind: "Bearer" = signedIn.token_type;
  expect(signedIn.user.email === email && signedIn.expires_in > 0, `who signed in as ${role} with ${kind}`);
  return signedIn;
}

/** The first admin of a shop that has none. */
export async function setUp(address: string, token: string): Promise<void> {
  const anybody = connect(address);
  const body: Schemas["SetupInput"] = { token, email: "first@example.com", password: PASSWORD, name: "First" };
  await refused(anybody.POST("/auth/setup", { body: { ...body, token: `${token.slice(0, -1)}_` } }), 422);
  const made = await given(anybody.POST("/auth/setup", { body }), 201);
  expect(made.user.role === "admin" && made.user.name === "First", "the first admin");
  await given(connect(address, made.access).GET("/users"));
  await refused(anybody.POST("/auth/setup", { body: { ...body, email: "second@example.com" } }), 422);
}

/** The life of an account from its beginning to its end. */
export async function accounts(address: string, mail: Mail): Promise<void> {
  const anybody = connect(address);
  const email = "ann@example.com";
  const shop = connect(address, await register(anybody, mail, email));
  await self(shop);
  await addresses(shop);
  await sessions(address, email);
  await refreshing(address, email);
  await passwords(address, mail, email);
  const moved = await moving(address, mail, email);
  await leaving(address, moved);
}

async function register(anybody: Shop, mail: Mail, email: string): Promise<string> {
  const weak = await refused(anybody.POST("/auth/register", { body: { email, password: "password1" } }), 422);
  expect(weak.errors?.[0]?.field === "password", `the password is refused: ${JSON.stringify(weak)}`);
  const answer = await anybody.POST("/auth/register", { body: { email, password: PASSWORD, name: "Ann Lee" } });
  const made = await given(Promise.resolve(answer), 201);
  expect(answer.response.headers.get("Location") === "/api/v1/me", "says where it is");
  expect(made.user.role === "customer" && !made.user.email_verified && made.user.active, "a new customer");
  await mail.code(email, "Please confirm");
  await done(anybody.POST("/auth/verify/resend", { body: { email } }));
  const token = await mail.code(email, "Please confirm");
  await done(anybody.POST("/auth/verify", { body: { token } }));
  await refused(anybody.POST("/auth/verify", { body: { token } }), 422);
  return made.access;
}

async function self(shop: Shop): Promise<void> {
  const answer = await shop.GET("/me");
  const me = await given(Promise.resolve(answer));
  const pending: string | null = me.pending_email;
  expect(me.email_verified && pending === null && !Number.isNaN(Date.parse(me.created_at)), "who I am");
  const known = answer.response.headers.get("ETag");
  expect(known !== null, "an account has a tag");
  const params = { header: { "If-Match": known } };
  const patched = await given(shop.PATCH("/me", { params, body: { name: "Ann Li" } }));
  expect(patched.name === "Ann Li" && patched.id === me.id, "another name");
  await refused(shop.PATCH("/me", { params, body: { name: "Ann Lo" } }), 412);
  const nameless = await given(shop.PATCH("/me", { body: { name: null } }));
  expect(nameless.name === "", "no name");
}

async function addresses(shop: Shop): Promise<void> {
  const body: Schemas["AddressInput"] = {
    name: "Ann Lee",
    line1: "1 Canal Street",
    city: "Utrecht",
    postal_code: "3511 AB",
    country: "NL",
  };
  const answer = await shop.POST("/me/addresses", { body });
  const made = await given(Promise.resolve(answer), 201);
  expect(answer.response.headers.get("Location") === `/api/v1/me/addresses/${made.id}`, "says where it is");
  const company: string | null = made.company;
  expect(company === null && made.country === "NL", "a new address");
  const params = { path: { id: made.id } };
  const patched = await given(shop.PATCH("/me/addresses/{id}", { params, body: { line2: "2nd floor" } }));
  expect(patched.line2 === "2nd floor" && patched.city === "Utrecht", "a patched address");
  const replaced = await given(shop.PUT("/me/addresses/{id}", { params, body: { ...body, city: "Delft" } }));
  expect(replaced.line2 === null && replaced.city === "Delft", "a replaced address");
  const read = await given(shop.GET("/me/addresses/{id}", { params }));
  const list = await given(shop.GET("/me/addresses"));
  expect(read.updated_at === replaced.updated_at && list.results[0]?.id === read.id && list.next === null, "the book");
  const nowhere = await refused(shop.POST("/me/addresses", { body: { ...body, country: "XX" } }), 422);
  expect(nowhere.errors?.[0]?.field === "country", "no such country");
  const exported = await given(shop.GET("/me/export"));
  expect(exported.user.email_verified && exported.addresses[0]?.city === "Delft", "what is kept of me");
  expect(exported.sessions.some((session) => session.current), "this very sign-in");
  await done(shop.DELETE("/me/addresses/{id}", { params }));
  await refused(shop.GET("/me/addresses/{id}", { params }), 404);
}

async function sessions(address: string, email: string): Promise<void> {
  const anybody = connect(address);
  const [here, there] = [await login(anybody, email, PASSWORD), await login(anybody, email, PASSWORD)];
  const [desk, phone] = [connect(address, here.access), connect(address, there.access)];
  const list = await given(desk.GET("/me/sessions"));
  const mine = list.results.find((session) => session.current);
  const used: string | undefined = mine?.used_at;
  expect(used !== undefined && list.results.length > 1 && mine?.client === "127.0.0.1", "where I am signed in");
  const others = (await given(phone.GET("/me/sessions"))).results.find((session) => session.current);
  expect(others !== undefined && others.id !== mine?.id, "another sign-in");
  const params = { path: { id: others.id } };
  await done(desk.DELETE("/me/sessions/{id}", { params }));
  await refused(phone.GET("/me"), 401);
  await refused(desk.DELETE("/me/sessions/{id}", { params }), 404);
  await done(desk.POST("/auth/logout"));
  await refused(desk.GET("/me"), 401);
}

async function refreshing(address: string, email: string): Promise<void> {
  const anybody = connect(address);
  const first = await login(anybody, email, PASSWORD);
  const second = await given(anybody.POST("/auth/refresh", { body: { refresh: first.refresh } }));
  expect(second.refresh !== first.refresh && second.user.id === first.user.id, "the next pair");
  await given(connect(address, second.access).GET("/me"));
  await refused(anybody.POST("/auth/refresh", { body: { refresh: first.refresh } }), 401);
  await refused(connect(address, second.access).GET("/me"), 401);
  const third = await login(anybody, email, PASSWORD);
  await done(anybody.POST("/auth/logout", { body: { refresh: third.refresh } }));
  await refused(connect(address, third.access).GET("/me"), 401);
  const [fourth, fifth] = [await login(anybody, email, PASSWORD), await login(anybody, email, PASSWORD)];
  await done(connect(address, fourth.access).POST("/auth/logout-all"));
  await refused(connect(address, fifth.access).GET("/me"), 401);
}

async function passwords(address: string, mail: Mail, email: string): Promise<void> {
  const anybody = connect(address);
  const before = await signIn(address, email, PASSWORD);
  const body = { current_password: PASSWORD, new_password: OTHER_PASSWORD };
  const wrong = { ...body, current_password: "not it at all" };
  expect((await refused(before.POST("/auth/password", { body: wrong }), 422)).errors?.[0]?.code === "wrong", "a guess");
  const after = await given(before.POST("/auth/password", { body }));
  await refused(before.GET("/me"), 401);
  await given(connect(address, after.access).GET("/me"));
  await done(anybody.POST("/auth/password/forgot", { body: { email } }));
  await done(anybody.POST("/auth/password/forgot", { body: { email: "nobody@example.com" } }));
  const token = await mail.code(email, "A new password");
  await done(anybody.POST("/auth/password/reset", { body: { token, password: PASSWORD } }));
  await refused(anybody.POST("/auth/password/reset", { body: { token, password: PASSWORD } }), 422);
  await refused(connect(address, after.access).GET("/me"), 401);
  await refused(anybody.POST("/auth/login", { body: { email, password: OTHER_PASSWORD } }), 401);
}

/** To another e-mail address, which counts once a letter arrived there. */
async function moving(address: string, mail: Mail, email: string): Promise<string> {
  const shop = await signIn(address, email, PASSWORD);
  const moved = "ann.lee@example.com";
  await refused(shop.PATCH("/me", { body: { email: moved } }), 422);
  const asked = await given(shop.PATCH("/me", { body: { email: moved, current_password: PASSWORD } }));
  expect(asked.email === email && asked.pending_email === moved, "the new address waits");
  const token = await mail.code(moved, "Please confirm");
  await done(connect(address).POST("/auth/verify", { body: { token } }));
  await refused(shop.GET("/me"), 401);
  return moved;
}

async function leaving(address: string, email: string): Promise<void> {
  const shop = await signIn(address, email, PASSWORD);
  await done(shop.DELETE("/me"));
  await refused(shop.GET("/me"), 401);
  await refused(connect(address).POST("/auth/login", { body: { email, password: PASSWORD } }), 401);
}
