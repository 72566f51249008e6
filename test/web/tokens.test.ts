import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const textOf = (folder: string, ending: RegExp): string =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => ending.test(name))
    .map((name) => readFileSync(join(folder, name), "utf8"))
    .join("\n");

const styles = textOf("src/web/public", /\.css$/);
const used = `${textOf("src/web/page", /\.tsx?$/)}\n${styles}`;

test("every custom property that the page draws with is there: of one that is not, lines have no colour", () => {
  const defined = new Set([...styles.matchAll(/(?<![\w(])(--[a-z][a-z0-9-]*)\s*:/g)].map(([, name]) => name));
  const names = [...used.matchAll(/["'(](--[a-z][a-z0-9-]*[a-z0-9])["'),]/g)].map(([, name]) => name);
  expect(names).toContain("--train");
  expect([...new Set(names)].filter((name) => !defined.has(name))).toEqual([]);
});
