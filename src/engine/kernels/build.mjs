// Compiles assembly/*.ts to kernels.wasm, unless it is newer than every source, and the native kernels. `npm run build` and the tests call it.
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildNative } from "./native/build.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const sources = join(here, "assembly");
const target = join(here, "kernels.wasm");
const copy = join(here, "../../../dist/src/engine/kernels/kernels.wasm");

const flags = [
  ...["--importMemory", "--sharedMemory", "--initialMemory", "1", "--maximumMemory", "65536"],
  ...["--enable", "simd", "--enable", "threads", "--runtime", "stub", "--use", "abort="],
  ...["-O3", "--noAssert", "--outFile", target],
];

const modified = (file) => (existsSync(file) ? statSync(file).mtimeMs : 0);
const inputs = [fileURLToPath(import.meta.url), ...readdirSync(sources).map((name) => join(sources, name))];

if (modified(target) <= Math.max(...inputs.map(modified))) {
  const asc = await import("assemblyscript/asc");
  const { error, stderr } = await asc.main([join(sources, "index.ts"), ...flags]);
  if (error) {
    process.stderr.write(`${stderr.toString()}\n`);
    throw error;
  }
}
if (modified(copy) < modified(target)) {
  mkdirSync(dirname(copy), { recursive: true });
  copyFileSync(target, copy);
}

const line = await buildNative();
if (line !== null) process.stderr.write(`${line}\n`);
const [compiled, compiledCopy] = ["native/compiled", "../../../dist/src/engine/kernels/native/compiled"].map((path) =>
  join(here, path),
);
const record = (folder) =>
  existsSync(join(folder, "library.json")) ? readFileSync(join(folder, "library.json"), "utf8") : null;
if (record(compiled) !== record(compiledCopy)) {
  rmSync(compiledCopy, { recursive: true, force: true });
  if (record(compiled) !== null) cpSync(compiled, compiledCopy, { recursive: true });
}
