// Every operation on invoices.

import { expect, given, refused, type Shop } from "./shop.js";

/** Of an order that was paid, and partly paid back. */
export async function invoices(staff: Shop, number: string): Promise<void> {
  const list = await given(staff.GET("/admin/orders/{number}/invoices", { params: { path: { number } } }));
  const [invoice, note] = list.results;
  expect(invoice?.kind === "invoice" && invoice.number.startsWith("INV-"), "an invoice");
  expect(note?.kind === "credit_note" && note.total === "-7.00", "a credit note of what was paid back");
  const path = { id: invoice.id };
  const page = await given(staff.GET("/admin/invoices/{id}", { params: { path }, parseAs: "text" }));
  expect(page.includes(invoice.number), "the page of an invoice");
  const file = await given(staff.GET("/admin/invoices/{id}/pdf", { params: { path }, parseAs: "text" }));
  expect(file.startsWith("%PDF-"), "an invoice as a PDF");
  await ofBuyers(staff, number, invoice.id);
}

/** The order is no customer's, and its token is known only to whoever bought. */
async function ofBuyers(shop: Shop, number: string, id: number): Promise<void> {
  const [list, one] = [{ path: { number } }, { path: { number, id } }];
  await refused(shop.GET("/me/orders/{number}/invoices", { params: list }), 404);
  await refused(shop.GET("/me/orders/{number}/invoices/{id}", { params: one }), 404);
  await refused(shop.GET("/me/orders/{number}/invoices/{id}/pdf", { params: one }), 404);
  const query = { token: "none" };
  await refused(shop.GET("/orders/{number}/invoices", { params: { ...list, query } }), 404);
  await refused(shop.GET("/orders/{number}/invoices/{id}", { params: { ...one, query } }), 404);
  await refused(shop.GET("/orders/{number}/invoices/{id}/pdf", { params: { ...one, query } }), 404);
}
