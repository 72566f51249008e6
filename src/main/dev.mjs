// `npm run dev`: the service, started again whenever the build changes, and the compiler that watches the sources. Both end with
// this process: a signal that npm passes on reaches no process in the background of a shell.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const tsc = createRequire(import.meta.url)
  .resolve("typescript/package.json")
  .replace(/package\.json$/, "bin/tsc");

// In a group of its own, as it may run the compiler as a child, which is to end with it.
const compiler = spawn(
  process.execPath,
  [tsc, "-p", join(root, "tsconfig.build.json"), "--watch", "--preserveWatchOutput"],
  { cwd: root, stdio: ["ignore", "inherit", "inherit"], detached: true },
);
const service = spawn(
  process.execPath,
  ["--watch", "--watch-preserve-output", join(root, "dist/src/main.js"), ...process.argv.slice(2)],
  { stdio: "inherit" },
);

const endCompiler = () => {
  try {
    process.kill(-compiler.pid, "SIGTERM");
  } catch (error) {
    if (error.code !== "ESRCH") throw error; // it has ended by itself
  }
};

process.on("exit", endCompiler);
// A terminal's Ctrl-C reaches the service by itself.
process.on("SIGINT", () => {});
for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => service.kill("SIGTERM"));
service.once("exit", (code) => process.exit(code ?? 0));
