// Makes a client from the service's OpenAPI document with each of five generators, type-checks a user's flow with it, strictly, and runs that
// against a service of its own; with --lint Redocly's and Spectral's recommended rules as well. The tools are installed into a folder of their own:
// they need another TypeScript than this repository, and hundreds of packages.
//   npm run generators [-- --lint]
import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

const root = join(import.meta.dirname, "../..");
/** The newest that run on Node 20. */
const packages = {
  ...{ "openapi-typescript": "7.13.0", "openapi-fetch": "0.17.0", "swagger-typescript-api": "13.13.0" },
  ...{ oazapfts: "6.4.0", "@oazapfts/runtime": "1.2.0" },
  ...{ "@hey-api/openapi-ts": "0.95.0", orval: "7.13.2", typescript: "5.9.3", "@types/node": "20.19.43" },
};
const linters = { "@redocly/cli": "2.77.0", "@stoplight/spectral-cli": "6.16.3" };
const lints = process.argv.includes("--lint");

const folder = mkdtempSync(join(tmpdir(), "descent-generators-"));
const run = (command, args, env = process.env) => {
  const startedMs = performance.now();
  execFileSync(command, args, { cwd: folder, env, stdio: ["ignore", "inherit", "inherit"] });
  console.log(`${[basename(command), args[0]].join(" ")}: ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
};
const bin = (name, ...args) => run(join(folder, "node_modules/.bin", name), args);

const startService = async () => {
  const env = { ...process.env, PORT: "0", GRPC_PORT: "0", DATA_DIR: join(folder, "data"), LOG_LEVEL: "warn" };
  const child = spawn(process.execPath, [join(root, "dist/src/main.js")], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const url = await new Promise((resolve, reject) => {
    let output = "";
    child.stdout.on("data", (text) => {
      output += text;
      const found = /REST +(https?:\S+)\/v1/.exec(output)?.[1];
      if (found !== undefined && output.includes("Ctrl-C")) resolve(found);
    });
    child.once("close", (code) => reject(new Error(`the service ended (${code})`)));
  });
  const stop = () =>
    new Promise((resolve) => {
      child.once("close", resolve);
      child.kill("SIGINT");
    });
  return { url, stop };
};

const generate = () => {
  bin("openapi-typescript", "openapi.json", "-o", "src/openapi-typescript.ts");
  bin("swagger-typescript-api", "generate", "-p", "openapi.json", "-o", "src", "-n", "swagger-typescript-api.ts");
  bin("openapi-ts", "-i", "openapi.json", "-o", "src/hey-api");
  bin("oazapfts", "openapi.json", "src/oazapfts.ts");
  bin("orval", "--input", "./openapi.json", "--output", "./src/orval.ts", "--client", "fetch");
};

const compilerOptions = {
  ...{ strict: true, noUncheckedIndexedAccess: true, skipLibCheck: true, noEmit: true, types: ["node"] },
  ...{ target: "es2022", module: "esnext", moduleResolution: "bundler", lib: ["es2023", "dom", "dom.iterable"] },
};

const service = await startService();
try {
  const dependencies = { ...packages, ...(lints ? linters : {}) };
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module", private: true, dependencies }));
  run("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]);
  writeFileSync(join(folder, "openapi.json"), await (await fetch(`${service.url}/openapi.json`)).text());
  if (lints) {
    writeFileSync(join(folder, ".spectral.yaml"), 'extends: ["spectral:oas"]\n');
    bin("redocly", "lint", "openapi.json");
    bin("spectral", "lint", "openapi.json");
  }
  mkdirSync(join(folder, "src"));
  generate();
  const flows = join(import.meta.dirname, "flows");
  for (const name of readdirSync(flows)) cpSync(join(flows, name), join(folder, "src", name.replace(/\.txt$/, "")));
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["src"] }));
  bin("tsc", "-p", "tsconfig.json");
  cpSync(join(root, "test/data/iris.csv"), join(folder, "iris.csv"));
  for (const flow of readdirSync(join(folder, "src")).filter((name) => name.endsWith(".flow.ts"))) {
    bin(
      "esbuild",
      `src/${flow}`,
      "--bundle",
      "--platform=node",
      "--format=esm",
      "--log-level=warning",
      "--outfile=flow.mjs",
    );
    run(process.execPath, ["flow.mjs"], { ...process.env, DESCENT_URL: service.url });
  }
} finally {
  await service.stop();
  rmSync(folder, { recursive: true, force: true });
}
