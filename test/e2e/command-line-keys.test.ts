import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDataDir, removeDataDir, runDescent, startService } from "./service.ts";

let dataDir: string;
beforeAll(async () => {
  dataDir = await createDataDir();
});
afterAll(() => removeDataDir(dataDir));

test("keys of the file are created, listed and revoked, and those of a tenant rotated", async () => {
  const file = join(dataDir, "keys.json");
  const keys = (...argv: string[]) => runDescent(["keys", ...argv], { API_KEYS_FILE: file });
  const commands = /Commands:\n([\s\S]*)/.exec((await keys("--help")).output)![1]!;
  for (const name of ["create", "list", "revoke", "webhook-secret"])
    expect(commands).toMatch(new RegExp(`^  ${name} .*  \\w`, "m"));
  const root = await keys("create", "root", "--tenant", "ops", "--scopes", "operator,read");
  expect(root).toMatchObject({ code: 0, output: expect.stringMatching(/^dsc_[\w-]{43}\n$/) });
  expect(root.errors).toContain("cannot be shown again");
  expect(readFileSync(file, "utf8")).not.toContain(root.output.trim());
  expect(await keys("create", "root", "--tenant", "ops")).toMatchObject({
    code: 1,
    errors: expect.stringContaining('there is already a key "root"'),
  });
  expect((await keys("create", "ada", "--tenant", "ops", "--scopes", "write")).errors).toContain(
    "no such scope; there",
  );
  expect((await keys("revoke", "root")).errors).toContain("is the last key");
  expect(await keys("create", "ada", "--tenant", "ops")).toMatchObject({ code: 0 });
  expect((await keys("list")).output).toBe("root\tops\toperator,read\nada\tops\tread,submit\n");
  expect(await keys("revoke", "ada")).toMatchObject({ code: 0, errors: "" });
  expect((await keys("list")).output).toBe("root\tops\toperator,read\n");
  expect((await runDescent(["keys", "list"], { API_KEYS_FILE: "" })).errors).toContain("API_KEYS_FILE: set it");

  const guarded = await startService(dataDir, { API_KEYS_FILE: file });
  try {
    const as = (secret: string, ...argv: string[]) =>
      runDescent(argv, { DESCENT_URL: guarded.url, DESCENT_API_KEY: secret });
    const asRoot = (...argv: string[]) => as(root.output.trim(), "tenants", ...argv);
    expect((await asRoot("create", "north")).code).toBe(0);
    const first = await asRoot("create-key", "north", "app", "--expires", "2099-03-29T01:30:00Z");
    expect(first).toMatchObject({ code: 0, output: expect.stringMatching(/^dsc_\S+\n$/) });
    expect((await asRoot("create-key", "north", "old", "--expires", "tomorrow")).errors).toContain("expiresAt");
    const second = await asRoot("rotate-key", "north", "app", "--overlap", "3600");
    expect(second).toMatchObject({ code: 0, output: expect.stringMatching(/^dsc_\S+\n$/) });
    const both = [first, second].map(({ output }) => output.trim());
    expect(new Set(both).size).toBe(2);
    for (const secret of both) expect((await as(secret, "jobs")).code).toBe(0);
    const third = await asRoot("rotate-key", "north", "app", "--overlap", "0");
    for (const secret of both) expect((await as(secret, "jobs")).errors).toContain("not known");
    expect((await as(third.output.trim(), "jobs")).code).toBe(0);
    expect((await asRoot("rotate-key", "north", "app", "--overlap", "a day")).errors).toContain(
      "whole number of seconds",
    );
    expect((await asRoot("north")).output).toMatch(/app +.*2099-03-29T01:30:00/);
    expect((await asRoot("revoke-key", "north", "app")).output).toBe("Revoked app of north\n");
    expect((await as(third.output.trim(), "jobs")).code).toBe(1);
  } finally {
    await guarded.stop();
  }
});
