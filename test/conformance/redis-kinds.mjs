// The suites of job store, catalogue, event log, webhook outbox and queue on Redis of each kind, one after another, and a table of
// what passed: npm run redis-kinds (-- sentinel cluster for some of them). REDIS_PROGRAM_PATH puts another server first on the PATH.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

const suites = ["redis-job-store", "bull-training-queue", "webhook-outbox"];
const chosen = process.argv.slice(2);
const kinds = chosen.length > 0 ? chosen : ["single", "tls", "sentinel", "cluster"];
const first = process.env.REDIS_PROGRAM_PATH;
const path = first === undefined ? process.env.PATH : `${first}${delimiter}${process.env.PATH}`;
const folder = mkdtempSync(join(tmpdir(), "descent-kinds-"));

const run = (kind) =>
  new Promise((resolve) => {
    const out = join(folder, `${kind}.json`);
    const files = suites.map((name) => `test/conformance/${name}.test.ts`);
    const args = ["vitest", "run", "--project", "conformance", "--reporter=default", "--reporter=json"];
    const child = spawn("npx", [...args, `--outputFile.json=${out}`, ...files], {
      stdio: ["ignore", 2, 2],
      env: { ...process.env, PATH: path, REDIS_KIND: kind },
    });
    child.once("exit", () => resolve(JSON.parse(readFileSync(out, "utf8"))));
  });

let failed = 0;
console.log("| Redis | passed | failed |\n| --- | --- | --- |");
for (const kind of kinds) {
  const { numPassedTests, numFailedTests } = await run(kind);
  failed += numFailedTests;
  console.log(`| ${kind} | ${numPassedTests} | ${numFailedTests} |`);
}
rmSync(folder, { recursive: true });
process.exitCode = failed === 0 ? 0 : 1;
