import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { digestOfTensors, encodeSafetensors, type Tensor } from "../../src/formats/safetensors/safetensors.ts";
import type { ArtifactStore } from "../../src/store/artifacts/artifact-store.ts";
import { createFileArtifactStore } from "../../src/store/artifacts/file-artifact-store.ts";
import { type Check, checkFile, checkTensors, openVerified, readVerified } from "../../src/store/artifacts/verified.ts";

const holdsIn = (check: Check, file: Uint8Array, cuts: readonly number[]): boolean => {
  const at = [0, ...[...cuts].map((cut) => Math.min(cut, file.length)).sort((a, b) => a - b), file.length];
  for (let i = 1; i < at.length; i++) check.update(file.subarray(at[i - 1], at[i]));
  return check.holds();
};
const flipped = (file: Uint8Array, bit: number): Uint8Array => {
  const copy = Uint8Array.from(file);
  copy[bit >> 3]! ^= 1 << (bit & 7);
  return copy;
};
const digestOf = (file: Uint8Array) => ({
  bytes: file.length,
  sha256: createHash("sha256").update(file).digest("hex"),
});
const cuts = fc.array(fc.nat(3000), { maxLength: 6 });

describe("what is held against its digest", () => {
  let folder = "";
  let store: ArtifactStore;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "descent-verified-"));
    store = await createFileArtifactStore(folder);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("a file holds as it was written, in any chunks, and with any other bit, any end cut or anything added it does not", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 3000 }), cuts, fc.nat(), (file, at, random) => {
        const written = digestOf(file);
        expect(holdsIn(checkFile(written), file, at)).toBe(true);
        expect(holdsIn(checkFile(written), flipped(file, random % (8 * file.length)), at)).toBe(false);
        expect(holdsIn(checkFile(written), file.subarray(0, random % file.length), at)).toBe(false);
        expect(holdsIn(checkFile(written), Buffer.concat([file, Buffer.alloc(1)]), at)).toBe(false);
      }),
    );
  });

  it("weights of which only the tensors' digest is known hold and do not hold in the same way, their header aside", () => {
    const tensors: Tensor[] = [
      { name: "hidden.0.weight", dtype: "F32", shape: [20, 10], data: Float32Array.from({ length: 200 }, Math.sqrt) },
      { name: "output.bias", dtype: "F32", shape: [3], data: Float32Array.of(1, 2, 3) },
    ];
    const file = encodeSafetensors(tensors, { producer: "descent" });
    const digest = digestOfTensors(tensors);
    const dataStart = file.length - 203 * 4;
    fc.assert(
      fc.property(cuts, fc.nat(203 * 32 - 1), (at, bit) => {
        expect(holdsIn(checkTensors(digest), file, at)).toBe(true);
        expect(holdsIn(checkTensors(digest), flipped(file, 8 * dataStart + bit), at)).toBe(false);
        expect(holdsIn(checkTensors(digest), file.subarray(0, file.length - 1 - (bit >> 6)), at)).toBe(false);
      }),
    );
  });

  it("nobody gets the whole of a file that is not what was written", async () => {
    const key = "t/models/m/file";
    const file = Buffer.alloc(200_000, "content");
    const written = await store.write(key, file);
    const read = async (): Promise<Buffer> => {
      const got: Uint8Array[] = [];
      const reading = async (): Promise<void> => {
        for await (const chunk of await openVerified(store, key, checkFile(written), "it")) got.push(chunk);
      };
      await reading().catch((error: unknown) => expect(error).toMatchObject({ code: "corrupt" }));
      return Buffer.concat(got);
    };
    expect((await read()).equals(file)).toBe(true);
    for (const spoilt of [
      flipped(file, 5),
      flipped(file, 8 * 200_000 - 1),
      file.subarray(0, 199_999),
      Buffer.alloc(0),
    ]) {
      await store.write(key, spoilt);
      expect((await read()).length).toBeLessThan(Math.max(1, spoilt.length));
      const whole = readVerified(store, key, checkFile(written), "it");
      await expect(whole).rejects.toMatchObject({ code: "corrupt", message: /^it is not what was written/ });
    }
    await store.remove(key);
    await expect(openVerified(store, key, checkFile(written), "it")).rejects.toMatchObject({
      ...{ code: "corrupt", message: /^it is missing/ },
    });
  });
});
