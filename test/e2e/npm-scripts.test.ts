import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createDataDir, isAlive, removeDataDir } from "./service.ts";

const root = join(import.meta.dirname, "../..");
const scripts: Record<string, string> = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).scripts;

/** Processes that carry this variable: everything that a command started, whoever its parent is now. */
const markedPids = async (mark: string): Promise<number[]> => {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const environments = await Promise.all(
    // A process may end while it is looked at, and others' are not shown.
    pids.map((pid) => readFile(`/proc/${pid}/environ`, "utf8").catch(() => "")),
  );
  return pids.filter((pid, index) => environments[index]?.includes(mark) === true && isAlive(pid));
};

describe("commands of package.json that start something", () => {
  test("hand the shell over to it, so that a signal to npm reaches it", () => {
    const starting = Object.entries(scripts).filter(([, command]) =>
      /\b(node dist|node test|node src\/main|vitest)\b/.test(command),
    );
    expect(starting.map(([name]) => name)).toEqual(
      expect.arrayContaining(["start", "dev", "demo", "chaos", "load", "keys", "reindex", "test", "bench"]),
    );
    for (const [name, command] of starting) {
      const last = command.split("&&").at(-1)?.trim() ?? "";
      expect(last, `npm run ${name}`).toMatch(/^exec (node|vitest) [^&;|]+$/);
    }
  });

  test("those that ask or repair a service build nothing beside it", () => {
    for (const name of ["keys", "demo", "reindex"])
      expect(scripts[name]).toMatch(/^npm run --silent built && exec node dist\//);
    expect(scripts.built).toBe("test -f dist/src/main.js || exec npm run --silent build");
  });
});

describe.runIf(process.platform === "linux")("npm is told to stop", () => {
  let dataDir: string;
  let mark: string;
  let child: ChildProcess | null = null;

  beforeEach(async () => {
    dataDir = await createDataDir();
    mark = `DESCENT_TEST_MARK=${dataDir}`;
  });
  afterEach(async () => {
    for (const pid of await markedPids(mark)) process.kill(pid, "SIGKILL");
    await removeDataDir(dataDir);
  });

  /** Runs npm until it has said what fits. */
  const run = (says: RegExp, env: Record<string, string>, argv: string[]): Promise<string> =>
    new Promise((resolve, reject) => {
      const { REDIS_URL: _redis, ARTIFACT_URL: _artifacts, API_KEYS_FILE: _keys, ...rest } = process.env;
      const own = { DESCENT_TEST_MARK: dataDir, DATA_DIR: dataDir, TMPDIR: dataDir, PORT: "0", GRPC_PORT: "0" };
      child = spawn("npm", argv, {
        ...{ cwd: root, env: { ...rest, ...own, ...env }, stdio: ["ignore", "pipe", "pipe"] },
      });
      let output = "";
      const look = (text: Buffer): void => {
        output += text.toString();
        if (says.test(output)) resolve(output);
      };
      child.stdout?.on("data", look);
      child.stderr?.on("data", look);
      child.once("exit", () => reject(new Error(`npm ${argv.join(" ")} ended: ${output}`)));
    });

  const ended = async (signal: NodeJS.Signals): Promise<void> => {
    const exit = new Promise((resolve) => child?.once("exit", resolve));
    child?.kill(signal);
    await exit;
  };

  test.each([
    ["start", /Ctrl-C/, {}, []],
    ["descent serve", /Ctrl-C/, {}, []],
    ["dev", /Ctrl-C/, {}, []],
    ["chaos", /uninterrupted run 0/, {}, ["--rounds", "1"]],
    ["load", /it serves \d+ requests a second/, {}, ["--seconds", "60", "--compare-seconds", "0"]],
    ["bench", /samples\/s/, {}, []],
  ] as [string, RegExp, Record<string, string>, string[]][])(
    "SIGTERM to npm, of `%s`, leaves nothing running",
    async (name, says, env, argv) => {
      const [command = "", ...rest] = name.split(" ");
      const isScript = rest.length === 0;
      await run(
        says,
        env,
        isScript ? ["run", "--silent", name, "--", ...argv] : ["exec", "--no", "--", command, ...rest],
      );
      expect((await markedPids(mark)).length).toBeGreaterThan(1);
      await ended("SIGTERM");
      await expect.poll(() => markedPids(mark), { timeout: 60_000 }).toEqual([]);
    },
  );
});
