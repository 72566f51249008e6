import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { access, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { findLibrary } from "./find-library.ts";
import { levelsOf, type NativeLibrary } from "./library.ts";

/** The kernels that a process computes with, and one line for its log. */
export interface KernelChoice {
  readonly native: NativeLibrary | null;
  readonly line: string;
}

const selfTest = fileURLToPath(new URL("./self-test-process.js", import.meta.url));
const selfTestMs = 120_000;

/** Null where the library passed on this processor, else what went wrong. */
const runSelfTest = (path: string, level: string): Promise<string | null> =>
  new Promise((resolve) => {
    const options = { timeout: selfTestMs, env: {} };
    execFile(process.execPath, [selfTest, path, level], options, (error, stdout) => {
      if (error === null) return resolve(null);
      resolve(stdout !== "" ? stdout : `the self-test ended with ${error.signal ?? error.code ?? "an error"}`);
    });
  });

/** A library passes once for each processor and version of Node: a file beside it remembers. */
const passedBefore = (path: string, sha256: string, level: string): string => {
  const key = [sha256, level, cpus()[0]?.model, process.version].join("\n");
  return join(dirname(path), `passed-${createHash("sha256").update(key).digest("hex").slice(0, 16)}`);
};

const isThere = async (path: string): Promise<boolean> => {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
};

/**
 * The native kernels where there are some that give the bits of kernels.wasm on this processor, the widest that do; else WebAssembly alone, and why. They may be
 * asked for (`native`: throws where there are none) or not be wanted (`wasm`). `folder`: where the build left them.
 */
export const chooseKernels = async (wanted: "auto" | "wasm" | "native", folder?: string): Promise<KernelChoice> => {
  if (wanted === "wasm") return { native: null, line: "kernels: WebAssembly, as KERNELS=wasm asks" };
  const without = (reason: string): KernelChoice => {
    if (wanted === "native") throw new Error(`KERNELS=native: there are no native kernels, as ${reason}`);
    return {
      native: null,
      line: `kernels: WebAssembly; native ones would train large networks 2 to 3 times as fast, with the same bits, but ${reason}`,
    };
  };
  const found = await findLibrary(folder);
  if ("reason" in found) return without(found.reason);
  const levels = await levelsOf(found.path);
  if (levels === null) return without("this platform has no koffi to call them");
  let reason = "this processor has neither AVX2 nor NEON";
  for (const level of levels) {
    const mark = passedBefore(found.path, found.sha256, level);
    const failure = (await isThere(mark)) ? null : await runSelfTest(found.path, level);
    if (failure === null) {
      // Where it cannot be written, the next start tests again.
      await writeFile(mark, "").catch(() => {});
      return { native: { path: found.path, level }, line: `kernels: native, ${level}` };
    }
    reason = `they failed their self-test (${level}; ${failure})`;
  }
  return without(reason);
};
