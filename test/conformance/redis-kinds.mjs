// The suites of job store, catalogue, event log, webhook outbox and queue on each kind of server, one after another, of Redis and of Valkey as far as they are on the PATH, and a
// table of what passed: npm run redis-kinds (-- sentinel cluster for some of them). REDIS_PROGRAM names the file of one server to try in place of those.
import { execFileSync, spawn } from "node:child_process";
import { accessSync, constants, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

const suites = ["redis-job-store", "bull-training-queue", "webhook-outbox"];
const chosen = process.argv.slice(2);
const kinds = chosen.length > 0 ? chosen : ["single", "acl", "tls", "sentinel", "cluster"];
const folder = mkdtempSync(join(tmpdir(), "descent-kinds-"));

const isProgram = (file) => {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};
const folders = (process.env.PATH ?? "").split(delimiter);
const onPath = (name) => folders.map((each) => join(each, name)).find(isProgram);
const programs = process.env.REDIS_PROGRAM
  ? [process.env.REDIS_PROGRAM]
  : ["redis-server", "valkey-server"].map(onPath);
/** `Redis 7.0.15`, from what `--version` says. */
const nameOf = (program) => {
  const [, name, version] = /^(\w+) server v=([\d.]+)/.exec(execFileSync(program, ["--version"], { encoding: "utf8" }));
  return `${name} ${version}`;
};

const run = (program, kind) =>
  new Promise((resolve) => {
    const out = join(folder, `${kind}.json`);
    const files = suites.map((name) => `test/conformance/${name}.test.ts`);
    const args = ["vitest", "run", "--project", "conformance", "--reporter=default", "--reporter=json"];
    const child = spawn("npx", [...args, `--outputFile.json=${out}`, ...files], {
      stdio: ["ignore", 2, 2],
      env: { ...process.env, REDIS_PROGRAM: program, REDIS_KIND: kind },
    });
    child.once("exit", () => resolve(JSON.parse(readFileSync(out, "utf8"))));
  });

let failed = 0;
console.log("| server | kind | passed | failed |\n| --- | --- | --- | --- |");
for (const program of programs.filter((file) => file !== undefined))
  for (const kind of kinds) {
    const { numPassedTests, numFailedTests } = await run(program, kind);
    failed += numFailedTests;
    console.log(`| ${nameOf(program)} | ${kind} | ${numPassedTests} | ${numFailedTests} |`);
  }
rmSync(folder, { recursive: true });
process.exitCode = failed === 0 ? 0 : 1;
