// Uses every operation that the description has, by way of the client made from it, and fails for one left out.

import { accounts, setUp, signIn } from "./accounts.js";
import { administration } from "./administration.js";
import { backups } from "./backups.js";
import { catalog } from "./catalog.js";
import { Mail } from "./mail.js";
import { orders } from "./orders.js";
import { payments } from "./payments.js";
import { reviews } from "./reviews.js";
import { selling } from "./selling.js";
import { rules } from "./rules.js";
import { expect, used } from "./shop.js";
import { webhooks } from "./webhooks.js";
import { stock } from "./stock.js";

/** What the caller must say of the shop. */
function setting(name: string): string {
  const value = process.env[name];
  expect(value !== undefined, `set ${name}`);
  return value;
}

try {
  const address = setting("NEXUS_URL");
  const mail = new Mail(setting("NEXUS_MAIL"));
  const admin = await signIn(address, setting("NEXUS_EMAIL"), setting("NEXUS_PASSWORD"));
  await catalog(address, admin);
  await stock(admin);
  await selling(address, admin);
  await orders(admin);
  await payments(admin);
  await rules(admin);
  await accounts(address, mail);
  await administration(address, admin, mail);
  await webhooks(address, admin);
  await backups(address, admin);
  await reviews(address, admin, mail);
  // Another shop, which has no admin yet.
  await setUp(setting("NEXUS_NEW_URL"), setting("NEXUS_NEW_TOKEN"));
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
