// The client, and what the proofs expect of an answer. Types come from the description alone.

import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "./api.js";

export type Schemas = components["schemas"];
export type Shop = Client<paths>;

/** Each operation that was asked for, as `GET /products`. */
export const used = new Set<string>();

export function connect(address: string, access?: string): Shop {
  const headers = access === undefined ? {} : { Authorization: `Bearer ${access}` };
  const shop = createClient<paths>({ baseUrl: `${address}/api/v1`, headers });
  shop.use({
    onRequest({ request, schemaPath }) {
      used.add(`${request.method} ${schemaPath}`);
    },
  });
  return shop;
}

export function expect(holds: boolean, what: string): asserts holds {
  if (!holds) {
    throw new Error(what);
  }
}

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** What a call gave, which must have this status. */
export async function given<T>(call: Promise<Answer<T>>, status = 200): Promise<NonNullable<T>> {
  const { data, error, response } = await call;
  const text = JSON.stringify(error ?? data);
  expect(response.status === status, `${response.url}: ${response.status} instead of ${status}: ${text}`);
  expect(data !== undefined && data !== null, `${response.url}: no body`);
  return data;
}

/** A call that gives nothing, and must answer 204. */
export async function done(call: Promise<Answer<unknown>>): Promise<void> {
  const { error, response } = await call;
  expect(response.status === 204, `${response.url}: ${response.status}: ${JSON.stringify(error)}`);
}

/** The problem of a call that must be refused with this status. The client types it as the description has it. */
export async function refused(
  call: Promise<{ error?: Schemas["Problem"] | undefined; response: Response }>,
  status: number,
): Promise<Schemas["Problem"]> {
  const { error, response } = await call;
  expect(response.status === status, `${response.url}: ${response.status} instead of ${status}`);
  expect(error !== undefined, `${response.url}: no problem`);
  expect(error.status === status && error.type.startsWith("/problems/"), `not a problem: ${JSON.stringify(error)}`);
  expect(error.instance === response.headers.get("X-Request-Id"), `another request: ${error.instance}`);
  return error;
}
