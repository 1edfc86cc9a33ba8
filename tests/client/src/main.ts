// Uses every operation that the description has, by way of the client made from it, and fails for one left out.

import { signIn } from "./accounts.js";
import { catalog } from "./catalog.js";
import { expect, used } from "./shop.js";

const { NEXUS_URL: address, NEXUS_EMAIL: email, NEXUS_PASSWORD: password } = process.env;

try {
  expect(address !== undefined && email !== undefined && password !== undefined, "set NEXUS_URL, _EMAIL, _PASSWORD");
  const admin = await signIn(address, email, password);
  await catalog(address, admin);
  const description = (await (await fetch(`${address}/api/openapi.json`)).json()) as { paths: Record<string, object> };
  for (const [path, item] of Object.entries(description.paths)) {
    for (const method of Object.keys(item)) {
      const operation = `${method.toUpperCase()} ${path}`;
      expect(used.has(operation), `no call to ${operation}: add one`);
    }
  }
  console.log(`${used.size} operations used`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
