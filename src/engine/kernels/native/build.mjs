// Compiles source/*.c with the system's C compiler to a library below compiled/, unless one of the same sources and the same compiler is there.
// Without a compiler there is none, and the engine runs on WebAssembly alone. Called by ../build.mjs.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const here = dirname(fileURLToPath(import.meta.url));
const sources = join(here, "source");
const compiled = join(here, "compiled");

/** Where systems put their compiler. The search path of whoever starts the build is not asked, nor CC or CFLAGS. */
const compilers = ["/usr/bin/cc", "/usr/local/bin/cc", "/bin/cc", "/usr/bin/gcc", "/usr/bin/clang"];
/** Those of Debian that compile for another processor. */
const crossCompilers = {
  x64: { path: "/usr/bin/x86_64-linux-gnu-gcc", packages: "gcc-x86-64-linux-gnu libc6-dev-amd64-cross" },
  arm64: { path: "/usr/bin/aarch64-linux-gnu-gcc", packages: "gcc-aarch64-linux-gnu libc6-dev-arm64-cross" },
};
const env = { PATH: "/usr/bin:/bin:/usr/local/bin", LC_ALL: "C" };

/** Multiply and add stay apart, denormals stay numbers: the bits of kernels.wasm. */
const exact = ["-ffp-contract=off", "-fno-fast-math", "-fno-math-errno", "-fno-trapping-math"];
const flags = ["-std=gnu11", "-O3", "-falign-loops=64", ...exact, "-fPIC", "-fvisibility=hidden", "-Wno-psabi"];
const levels = {
  x64: {
    avx512: ["-mavx512f", "-mavx512vl", "-mavx512dq", "-mavx512bw", "-mprefer-vector-width=512"],
    avx2: ["-mavx2"],
  },
  // Scheduled before registers are given out, a tile's products all come first, and one of its 16 sums is kept on the stack.
  arm64: { neon: ["-fno-schedule-insns"] },
};

const digestOf = (...parts) => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part).update("\0");
  return hash.digest("hex");
};

const compile = async (compiler, arch, folder, target) => {
  const objects = Object.entries(levels[arch]).map(([level, machine]) => ({
    args: [
      ...flags,
      ...machine,
      `-DLEVEL=${level}`,
      "-c",
      join(sources, "kernels.c"),
      "-o",
      join(folder, `${level}.o`),
    ],
    object: join(folder, `${level}.o`),
  }));
  const runner = join(folder, "run.o");
  objects.push({ args: [...flags, "-c", join(sources, "run.c"), "-o", runner], object: runner });
  const options = { env: { ...env, TMPDIR: folder }, timeout: 300_000 };
  await Promise.all(objects.map(({ args }) => run(compiler, args, options)));
  await run(compiler, ["-shared", "-o", target, ...objects.map(({ object }) => object), "-lm", "-pthread"], options);
};

const compilerFor = (arch) =>
  (arch === process.arch ? compilers : [crossCompilers[arch]?.path]).find((path) => path && existsSync(path));

/**
 * Makes compiled/library.json name a library for this machine, or for another processor that npm was told of (`npm run build --cpu=arm64`, `npm pack --cpu=arm64`);
 * gives one line of what came of it, or null where nothing was to do.
 */
export const buildNative = async ({
  arch = process.env.npm_config_cpu || process.arch,
  compiler = compilerFor(arch),
} = {}) => {
  if (levels[arch] === undefined || process.platform === "win32") return null;
  if (compiler === undefined) {
    const [where, packages] =
      arch === process.arch ? ["", "gcc libc6-dev"] : [` for ${arch}`, crossCompilers[arch].packages];
    return `native kernels: there is no C compiler${where}, so WebAssembly computes; with one (Debian: apt install ${packages}) large networks train 2 to 3 times as fast, with the same bits`;
  }
  const { stdout: version } = await run(compiler, ["--version"], { env });
  const texts = readdirSync(sources)
    .sort()
    .map((name) => `${name}\n${readFileSync(join(sources, name), "utf8")}`);
  const digest = digestOf(...texts, readFileSync(fileURLToPath(import.meta.url)), version, process.platform, arch);
  const file = `kernels-${digest.slice(0, 16)}.so`;
  const record = join(compiled, "library.json");
  if (existsSync(record) && existsSync(join(compiled, file)) && JSON.parse(readFileSync(record, "utf8")).file === file)
    return null;
  // Before it begins: a first start is silent for long otherwise.
  process.stderr.write(`native kernels: compiling with ${compiler}, once, about half a minute…\n`);
  mkdirSync(compiled, { recursive: true, mode: 0o755 });
  const folder = mkdtempSync(join(compiled, "making-"));
  try {
    await compile(compiler, arch, folder, join(folder, file));
    const [line = ""] = version.split("\n");
    const sha256 = createHash("sha256")
      .update(readFileSync(join(folder, file)))
      .digest("hex");
    const { platform } = process;
    writeFileSync(join(folder, "library.json"), JSON.stringify({ file, sha256, platform, arch, compiler: line }));
    renameSync(join(folder, file), join(compiled, file));
    renameSync(join(folder, "library.json"), record);
    for (const name of readdirSync(compiled))
      if (/^(kernels-|passed-)/.test(name) && name !== file) rmSync(join(compiled, name));
    return `native kernels: compiled by ${line}`;
  } catch (error) {
    rmSync(record, { force: true });
    const lines = String(error.stderr ?? error)
      .trim()
      .split("\n");
    const reason = lines.find((line) => line.includes("error")) ?? lines[0];
    return `native kernels: ${compiler} could not compile them (${reason}), so WebAssembly computes, with the same bits`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
