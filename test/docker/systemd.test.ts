import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseConfig } from "../../src/config.ts";

const folder = join(import.meta.dirname, "../../docker/systemd");
const units = ["descent-api.service", "descent-trainer@.service"];
const read = (name: string): string => readFileSync(join(folder, name), "utf8");
const isThere = spawnSync("systemd-analyze", ["--version"]).status === 0;

describe("the units of systemd", () => {
  test.runIf(isThere).each(units)("%s is understood", (name) => {
    const { stdout, stderr, status } = spawnSync("systemd-analyze", ["verify", "--man=no", join(folder, name)], {
      encoding: "utf8",
    });
    // The machine's own units are none of ours, and its user need not be there.
    const said = `${stdout}${stderr}`
      .split("\n")
      .filter((line) => line.includes(name) && !/User|not executable/.test(line));
    expect(said).toEqual([]);
    expect(status === 0 || said.length === 0).toBe(true);
  });

  test.each(units)("%s runs without root and writes nowhere but to its folder", (name) => {
    const lines = read(name).split("\n");
    for (const line of [
      "User=descent",
      "ProtectSystem=strict",
      "NoNewPrivileges=yes",
      "CapabilityBoundingSet=",
      "StateDirectory=descent",
    ])
      expect(lines).toContain(line);
    expect(lines.some((line) => /^MemoryDenyWriteExecute=yes/.test(line))).toBe(false); // V8 could not start
  });

  test("the environment beside them can be read by the service", () => {
    const lines = read("descent.env")
      .split("\n")
      .filter((line) => /^[A-Z_]+=/.test(line));
    const env = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
    );
    expect(parseConfig(env)).toMatchObject({ redisUrl: "redis://127.0.0.1:6379" });
  });
});
