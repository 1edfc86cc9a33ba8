// Every operation on backups.

import { connect, expect, given, refused, type Schemas, type Shop } from "./shop.js";

export async function backups(address: string, admin: Shop): Promise<void> {
  await refused(connect(address).POST("/admin/backups"), 401);
  const begun: Schemas["Backup"] = await given(admin.POST("/admin/backups"), 202);
  expect(begun.kind === "manual" && begun.state === "running" && begun.size === null, "it is being made");
  const made = await finished(admin, begun.name);
  const path = { name: made.name };
  const file = await given(admin.GET("/admin/backups/{name}", { params: { path }, parseAs: "arrayBuffer" }));
  expect((file as unknown as ArrayBuffer).byteLength === made.size, "the whole file");
  await refused(admin.GET("/admin/backups/{name}", { params: { path: { name: "nexus.db" } } }), 404);
}

/** Asks until the backup is made, for some seconds at most. */
async function finished(admin: Shop, name: string): Promise<Schemas["Backup"]> {
  for (let tries = 0; tries < 200; tries++) {
    const list = await given(admin.GET("/admin/backups"));
    const found = list.results.find((backup) => backup.name === name);
    expect(found !== undefined && found.state !== "failed", `no backup: ${JSON.stringify(list)}`);
    if (found.state === "done") {
      return found;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("the backup is not made in time");
}
