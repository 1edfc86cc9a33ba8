// Every operation on accounts.

import { connect, expect, given, refused, type Shop } from "./shop.js";

/** Signs in; what follows is done as this person. */
export async function signIn(address: string, email: string, password: string): Promise<Shop> {
  const anybody = connect(address);
  await refused(anybody.POST("/auth/login", { body: { email, password: `not ${password}` } }), 401);
  const login = await given(anybody.POST("/auth/login", { body: { email, password } }));
  const role: "customer" | "staff" | "admin" = login.user.role;
  expect(role === "admin" && login.user.email === email && login.expires_in > 0, "who signed in");
  return connect(address, login.access);
}
