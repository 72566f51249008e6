import { deflateSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { archiveFiles } from "../../src/formats/archives/archive-files.ts";
import { decodeSafetensors } from "../../src/formats/safetensors/safetensors.ts";
import { readUpload } from "../../workers/importing/read-upload.ts";
import { buildTar, buildZip, reading } from "./archives/build-archives.ts";
import { decode, files, limits, mebibyte, packed, png, refused, size } from "./faulty-files.ts";

/** A safetensors file with this header and so many bytes behind it. */
const withHeader = (header: unknown, dataBytes: number, statedBytes?: bigint): Uint8Array => {
  const text = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(statedBytes ?? BigInt(text.length));
  return Buffer.concat([length, text, Buffer.alloc(dataBytes)]);
};
const entry = (shape: readonly number[], data_offsets: readonly number[], dtype = "F32") => ({
  dtype,
  shape,
  data_offsets,
});

describe("safetensors files are refused", () => {
  test.each<[string, Uint8Array, RegExp]>([
    ["whose header is said to be huge", withHeader("{}", 0, 2n ** 63n), /larger than 1 MiB/],
    ["that end within their header", withHeader("{}", 0, 1000n), /ends within its header/],
    [
      "whose tensors overlap",
      withHeader({ a: entry([2], [0, 8]), b: entry([2], [4, 12]) }, 12),
      /starts at 4, expected 8/,
    ],
    ["whose tensors leave gaps", withHeader({ a: entry([1], [0, 4]), b: entry([1], [8, 12]) }, 12), /starts at 8/],
    ["whose tensors reach beyond the end", withHeader({ a: entry([4], [0, 16]) }, 8), /end at byte 16/],
    ["whose shape overflows", withHeader({ a: entry([2 ** 32, 2 ** 32], [0, 8]) }, 8), /another number/],
    ["whose shape is below zero", withHeader({ a: entry([-1, -8], [0, 32]) }, 32), /a:/],
    ["whose offsets run backwards", withHeader({ a: entry([1], [8, 4]) }, 8), /starts at 8/],
    ["whose header is nested a thousand deep", withHeader("[".repeat(1000) + "]".repeat(1000), 0), /header/],
    ["whose names are not texts", withHeader('{"a":3}', 0), /a:/],
  ])("%s", async (_, file, message) => {
    for (const read of [
      () => decodeSafetensors(file),
      () => readUpload(file, "safetensors", { architecture: "resnet18" }),
    ]) {
      const { code, message: said } = await refused(read);
      expect(code).toBe("malformed");
      expect(said).toMatch(message);
    }
  });
});

const chunk = (type: string, data: Uint8Array): Buffer => {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  let crc = ~0;
  for (const byte of body) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(~crc >>> 0);
  return Buffer.concat([length, body, sum]);
};

/** A grey PNG that says it has this size, whatever its pixels are. */
const pngOf = (width: number, height: number, pixels: Uint8Array, extra: readonly Buffer[] = []): Buffer => {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 0, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk("IHDR", head),
    ...extra,
    chunk("IDAT", deflateSync(pixels)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
};

describe("pictures are told to be broken", () => {
  // A text that unpacks to a hundred megabytes, as profiles and comments of pictures may.
  const bomb = Buffer.concat([Buffer.from("Comment\0\0", "latin1"), deflateSync(Buffer.alloc(100 * mebibyte))]);
  test.each<[string, Buffer]>([
    ["that say they are 60,000 pixels wide and high", pngOf(60_000, 60_000, Buffer.alloc(100))],
    ["that unpack to more than they say", pngOf(4, 4, Buffer.alloc(50 * mebibyte))],
    ["that are shorter than they say", pngOf(100, 100, Buffer.alloc(101))],
    ["that end in the middle", png.subarray(0, 60)],
    ["that have no width", pngOf(0, 10, Buffer.alloc(10))],
    ["whose comment is a bomb", pngOf(10, 10, Buffer.alloc(110), [chunk("zTXt", bomb)])],
    ["that are JPEG by their first bytes alone", Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16])],
    ["that are WebP by their first bytes alone", Buffer.from("RIFF\xff\xff\xff\xffWEBPVP8L", "latin1")],
    [
      "that are SVG, which is never given to a decoder",
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
    ],
  ])("%s", async (_, file) => {
    const before = process.resourceUsage().maxRSS;
    const answer = await decode(file, size);
    // A picture may have a large comment, and one that says it is smaller than it is may be cut: then it is whole in 8 × 8 pixels.
    if ("problem" in answer) expect(answer.problem.length).toBeGreaterThan(5);
    else expect(answer.pixels.length).toBe(192);
    expect((process.resourceUsage().maxRSS - before) / 1024).toBeLessThan(400);
  });

  test("and what is too large or damaged never decodes", async () => {
    for (const file of [pngOf(60_000, 60_000, Buffer.alloc(100)), png.subarray(0, 60), pngOf(0, 10, Buffer.alloc(10))])
      expect(await decode(file, size)).toHaveProperty("problem");
  });
});

describe("archives are refused or told to be broken", () => {
  test("bombs: what unpacks to more than is allowed is not unpacked, whatever the directory says", async () => {
    const bomb = { path: "cat/bomb.png", content: Buffer.alloc(40 * mebibyte) };
    for (const statedBytes of [40 * mebibyte, 10, 0]) {
      const found: unknown[] = [];
      const zip = buildZip([{ ...bomb, statedBytes }, ...packed]);
      for await (const file of archiveFiles(reading(zip), zip.length, limits))
        found.push("problem" in file ? "problem" : file.path);
      expect(found).toEqual(["problem", "cat/1.png", "dog/2.png"]);
    }
    const many = buildZip(
      Array.from({ length: 9 }, (_, i) => ({ path: `a/${i}`, content: Buffer.alloc(mebibyte / 2 + 1) })),
    );
    expect((await refused(() => files(many))).code).toBe("too_large");
    const nest = gzipSync(gzipSync(buildTar(packed)));
    expect((await refused(() => files(nest))).code).toBe("malformed");
    expect((await refused(() => files(gzipSync(Buffer.alloc(60 * mebibyte, "x"))))).code).toBe("malformed");
  });
});
