// The letters that the shop writes while no mail server is set: files in its data folder.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "./shop.js";

/** How long a letter may take. */
const PATIENCE_MS = 20_000;

export class Mail {
  private readonly read = new Set<string>();

  constructor(private readonly folder: string) {}

  /** The code in the next letter to somebody whose subject begins so; each letter is taken once. */
  async code(to: string, subject: string): Promise<string> {
    const deadline = Date.now() + PATIENCE_MS;
    while (Date.now() < deadline) {
      for (const name of this.unread()) {
        const letter = text(readFileSync(join(this.folder, name), "latin1"));
        const code = /enter this code: ([\w-]{43})\s/.exec(letter)?.[1];
        if (letter.includes(`To: ${to}\n`) && letter.includes(`Subject: ${subject}`) && code !== undefined) {
          this.read.add(name);
          return code;
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`no letter to ${to}: ${subject}`);
  }

  private unread(): string[] {
    let names: string[] = [];
    try {
      names = readdirSync(this.folder);
    } catch {
      // The folder comes with the first letter.
    }
    return names.filter((name) => name.endsWith(".eml") && !this.read.has(name)).sort();
  }
}

/** A message as it was before it was made fit for the mail (quoted-printable, RFC 2045). */
function text(message: string): string {
  const lines = message.replaceAll("\r\n", "\n").replaceAll("=\n", "");
  const plain = lines.replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  expect(!/^Content-Transfer-Encoding: base64$/m.test(plain), "a letter in another form");
  return plain;
}
