import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";

const root = new URL("../../", import.meta.url).pathname;
const fresh = mkdtempSync(join(tmpdir(), "descent-proto-"));
afterAll(() => rmSync(fresh, { recursive: true, force: true }));

const contents = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) => [file.slice(folder.length + 1), readFileSync(file, "utf8")]),
  );

it("finds the generated code as the .proto files make it (else run: node proto/generate.mjs)", () => {
  execFileSync(process.execPath, [join(root, "proto/generate.mjs"), fresh], { stdio: "pipe" });
  expect(contents(fresh)).toEqual(contents(join(root, "src/grpc/generated")));
});
