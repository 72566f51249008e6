#!/usr/bin/env node
// `npx descent …` from the checkout: builds what is not built yet, then runs it.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = new URL("../../", import.meta.url);
const built = new URL("dist/src/cli/descent.js", root);
if (!existsSync(built)) {
  process.stderr.write("descent: building, once\n");
  const { status } = spawnSync("npm", ["run", "--silent", "build"], {
    cwd: fileURLToPath(root),
    stdio: ["ignore", 2, 2],
  });
  if (status !== 0) process.exit(status ?? 1);
}
const { runCommandLine } = await import(built.href);
await runCommandLine(process.argv);
