import { createHash } from "node:crypto";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { chooseKernels } from "../../../src/engine/kernels/native/choose.ts";
import { findLibrary } from "../../../src/engine/kernels/native/find-library.ts";

const file = "kernels-0123456789abcdef.so";
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "descent-native-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** What a build leaves, with these changes. */
const leave = async (changes: object = {}, bytes = "no library"): Promise<void> => {
  const sha256 = createHash("sha256").update("no library").digest("hex");
  const { platform, arch } = process;
  await writeFile(join(folder, file), bytes, { mode: 0o644 });
  await writeFile(join(folder, "library.json"), JSON.stringify({ file, sha256, platform, arch, ...changes }));
};
const reason = async (): Promise<string> => {
  const found = await findLibrary(folder);
  return "reason" in found ? found.reason : "";
};

describe("a library of native kernels", () => {
  it("is found where the build left it", async () => {
    await leave();
    expect(await findLibrary(folder)).toMatchObject({ path: join(folder, file) });
  });

  it("is missed without an error where none was compiled", async () => {
    expect(await reason()).toMatch(/none was compiled/);
  });

  it("is refused where others may write its folder or itself", async () => {
    await leave();
    await chmod(folder, 0o777);
    expect(await reason()).toMatch(/anyone may write .*not loaded/);
    await chmod(folder, 0o700);
    await chmod(join(folder, file), 0o666);
    expect(await reason()).toMatch(/anyone may write .*\.so/);
  });

  it("is refused when its bytes are not those that were compiled", async () => {
    await leave({}, "something else");
    expect(await reason()).toMatch(/not as it was compiled/);
  });

  it("is refused when it was made for another machine, or lies elsewhere", async () => {
    await leave({ arch: "mips" });
    expect(await reason()).toMatch(/compiled for .* on mips/);
    await leave({ file: "../kernels-0.so" });
    expect(await reason()).toMatch(/damaged/);
    await writeFile(join(folder, "library.json"), "{");
    expect(await reason()).toMatch(/cannot be read/);
  });
});

describe("the choice of kernels", () => {
  it("falls back to WebAssembly and says in one line what native ones would gain", async () => {
    const { native, line } = await chooseKernels("auto", folder);
    expect(native).toBeNull();
    expect(line).toMatch(/^kernels: WebAssembly; native ones would .* but none was compiled.*gcc/);
    expect(line).not.toContain("\n");
  });

  it("does not look for any where WebAssembly is asked for, and fails where native ones are and there are none", async () => {
    expect((await chooseKernels("wasm", folder)).line).toMatch(/KERNELS=wasm/);
    await expect(chooseKernels("native", folder)).rejects.toThrow(/^KERNELS=native: .*none was compiled/);
  });
});
