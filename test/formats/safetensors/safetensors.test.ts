import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeSafetensors,
  digestOfTensors,
  encodeSafetensors,
  type Tensor,
} from "../../../src/formats/safetensors/safetensors.ts";

const shape = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 });
const sizeOf = (sizes: readonly number[]): number => sizes.reduce((product, size) => product * size, 1);
const filled = <A>(create: (values: number[]) => A) =>
  shape.chain((sizes) =>
    fc
      .array(fc.integer({ min: -1e6, max: 1e6 }), { minLength: sizeOf(sizes), maxLength: sizeOf(sizes) })
      .map((values) => ({ shape: sizes, data: create(values) })),
  );
const tensor: fc.Arbitrary<Tensor> = fc.string({ minLength: 1 }).chain((name) =>
  fc.oneof(
    filled((values) => Float32Array.from(values)).map((rest): Tensor => ({ name, dtype: "F32", ...rest })),
    filled((values) => Float64Array.from(values)).map((rest): Tensor => ({ name, dtype: "F64", ...rest })),
    filled((values) => Int32Array.from(values)).map((rest): Tensor => ({ name, dtype: "I32", ...rest })),
  ),
);
const tensors = fc
  .uniqueArray(tensor, { selector: ({ name }) => name, maxLength: 6 })
  .filter((list) => list.every(({ name }) => name !== "__metadata__" && name !== "__proto__"));

const weights: Tensor = { name: "w", dtype: "F32", shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) };

/** A file with this header and that many bytes of data. */
const fileOf = (header: unknown, dataBytes: number, claimed?: bigint): Uint8Array => {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const file = new Uint8Array(8 + json.byteLength + dataBytes);
  new DataView(file.buffer).setBigUint64(0, claimed ?? BigInt(json.byteLength), true);
  file.set(json, 8);
  return file;
};
const entry = (sizes: number[], begin: number, end: number, dtype = "F32") => ({
  dtype,
  shape: sizes,
  data_offsets: [begin, end],
});

describe("safetensors", () => {
  it("reads back what it wrote, with names, order of bytes and metadata, at any alignment of the file", () => {
    fc.assert(
      fc.property(
        tensors,
        fc.dictionary(fc.stringMatching(/^[a-z]+$/), fc.string()),
        fc.nat(7),
        (list, metadata, shift) => {
          const encoded = encodeSafetensors(list, metadata);
          const file = Buffer.alloc(encoded.byteLength + 8).subarray(shift, shift + encoded.byteLength);
          file.set(encoded);
          const decoded = decodeSafetensors(file);
          expect({ ...decoded.metadata }).toEqual({ ...metadata });
          const byName = new Map(decoded.tensors.map((read) => [read.name, read]));
          for (const written of list) expect(byName.get(written.name)).toEqual(written);
          expect(digestOfTensors(decoded.tensors.filter(({ data }) => data.length > 0))).toBe(
            digestOfTensors(list.filter(({ data }) => data.length > 0)),
          );
        },
      ),
      { numRuns: 200 },
    );
  });

  it("starts the data at a multiple of 8 and keeps the caller's order, numbers as names included", () => {
    const list: Tensor[] = [
      { name: "b", dtype: "F32", shape: [1], data: Float32Array.of(1) },
      { name: "0", dtype: "I32", shape: [1], data: Int32Array.of(2) },
      { name: "a", dtype: "F64", shape: [], data: Float64Array.of(3) },
    ];
    const file = encodeSafetensors(list);
    expect(Number(new DataView(file.buffer).getBigUint64(0, true)) % 8).toBe(0);
    expect(decodeSafetensors(file).tensors.map(({ name }) => name)).toEqual(["b", "0", "a"]);
  });

  it("writes tensors that lie in shared memory", () => {
    const shared = new Float32Array(new SharedArrayBuffer(8));
    shared.set([5, 6]);
    const file = encodeSafetensors([{ name: "s", dtype: "F32", shape: [2], data: shared }]);
    expect(decodeSafetensors(file).tensors[0]?.data).toEqual(Float32Array.of(5, 6));
  });

  it("gives a digest of the weights alone", () => {
    expect(digestOfTensors([weights])).toBe(digestOfTensors([{ ...weights, name: "other" }]));
    expect(digestOfTensors([weights])).toMatch(/^sha256:[0-9a-f]{64}$/);
    const changed = { ...weights, data: Float32Array.of(1, 2, 3, 5) };
    expect(digestOfTensors([changed])).not.toBe(digestOfTensors([weights]));
  });

  it.each<[string, Uint8Array, RegExp]>([
    ["a file shorter than 8 bytes", new Uint8Array(7), /shorter than 8 bytes/],
    ["a header over 1 MiB", fileOf({}, 0, 2n ** 63n), /larger than 1 MiB/],
    ["a header beyond the file", fileOf({}, 0, 100n), /ends within its header/],
    ["a header that is not JSON", fileOf("{", 0), /not JSON/],
    ["a header that is no object", fileOf("[]", 0), /header/],
    ["a hole before a tensor", fileOf({ a: entry([1], 4, 8) }, 8), /starts at 4, expected 0/],
    ["overlapping tensors", fileOf({ a: entry([2], 0, 8), b: entry([1], 4, 8) }, 8), /starts at 4, expected 8/],
    ["bytes after the last tensor", fileOf({ a: entry([1], 0, 4) }, 8), /end at byte 4/],
    ["a file that is cut", fileOf({ a: entry([2], 0, 8) }, 4), /end at byte 8/],
    ["a shape that does not fit its bytes", fileOf({ a: entry([3], 0, 8) }, 8), /shape \[3\]/],
    ["a product that overflows", fileOf({ a: entry([2 ** 40, 2 ** 40], 0, 8) }, 8), /shape/],
    ["a negative size", fileOf({ a: entry([-1], 0, 8) }, 8), /a:/],
    ["a backward range", fileOf({ a: entry([0], 4, 0), b: entry([1], 0, 4) }, 4), /./],
    ["a type that is not supported", fileOf({ a: entry([4], 0, 8, "F16") }, 8), /F16/],
    ["metadata that is no string", fileOf({ __metadata__: { a: 1 } }, 0), /__metadata__/],
  ])("refuses %s", (_, file, message) => {
    expect(() => decodeSafetensors(file)).toThrow(message);
    expect(() => decodeSafetensors(file)).toThrow(expect.objectContaining({ code: "malformed" }));
  });

  it("refuses or reads any damaged file, without another error", () => {
    const good = encodeSafetensors([weights, { name: "v", dtype: "I32", shape: [2], data: Int32Array.of(7, 8) }]);
    fc.assert(
      fc.property(fc.nat(good.byteLength - 1), fc.nat(255), fc.nat(good.byteLength), (at, value, length) => {
        const file = good.slice();
        file[at] = value;
        try {
          decodeSafetensors(file.subarray(0, length));
        } catch (error) {
          expect(error).toMatchObject({ code: "malformed" });
        }
      }),
      { numRuns: 1000 },
    );
  });
});
