import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createParquetReader } from "../../workers/parquet/read-parquet-apart.ts";
import { refused } from "../formats/faulty-files.ts";
import { readingPieces } from "../formats/read-table.ts";

const read = createParquetReader(new URL("../../dist/workers/parquet/parquet-process.js", import.meta.url), 3000);
const file = (name: string): Buffer => readFileSync(new URL(`../data/parquet/${name}.parquet`, import.meta.url));

const textOf = async (bytes: Uint8Array): Promise<string> => {
  const { csv } = await read(readingPieces(bytes), bytes.length);
  const pieces: Uint8Array[] = [];
  for await (const piece of csv) pieces.push(piece);
  return Buffer.concat(pieces).toString();
};

/** Five rows, of which one run says that it has two thousand million: found by damaging files at random. */
const endless = [
  "UEFSMRUEFQ4VEkwVAhUAAAAHGAMAAABhYmMVBhUIFQxcFQoVAhUKFRAVBBUALBgDYWJjGANhYmMWAgAAAAMXAgQAAxUGFRQVGFwVChUAFQoVChUAFQAsGAQFAAAAGAQBAAAAFgAAAAAKJIABBAUCAgAAAAAVBBVA",
  "FTBMFQgVAAAAIAAACQEAQAkHAAgNCCQQQAAAAAAAABRAFQYVCBUMXBUKFQAVChUQFQAVACwYCGcAAAAAABRAGAgAAAAAAAAAQBYAAAAABAwCA+QAFQYVDBUQXBUKFQAVChUGFQAVACwYAQEYAQAWAAAAAAYUAgAA",
  "AAMXFQQVGBUcTBUGFQAAAAwsAQAAAAIAAAADAAAAFQYVGBUcXBUUFQS0ChUQFSkVBggYBAMAAAAYBAEAAAAWBAAAAAXGAgUqqAoABAwCAyRJFQIZjEgMc3Bhcmtfc2NoZW1hFQoAFQwlAhgBYSUAABUCJQAYAWIA",
  "FQolABgBYwAVACUAGAFkADUCGAFlFQIVBgA1BBgEbGlzdBUCABUCJQAYB2VsZW1lbnQAFgoZHBlcJggcFQwZJQAQGRgBYRUCFgoWdhZ+Jgg8GANhYmMYA2FiYxYCAAAAJoYBHBUCGRUKGRgBYhUCFgoWXhZiJoYB",
  "PBgEBQAAABgEAQAAABYAAAAAJugBHBUKGSUAEBkYAWMVAhYKFrwBFrABJugBPBgIAAAAAAAAFEAYCAAAAAAAAABAFgAAAAAmmAMcFQAZFQYZGAFkFQIWChZKFk4mmAM8GAEBGAEAFgAAAAAm5gMcFQIZJQAQGTgB",
  "ZQRsaXN0B2VsZW1lbnQVAhYUFpQBFpwBJuYDPBgEAwAAABgEAQAAABYEAAAAFu4EFgoAGRwYKW9yZy5hcGFjaGUuc3Bhcmsuc3FsLnBhcnF1ZXQucm93Lm1ldGFkYXRhGP0CeyJ0eXBlIjoic3RydWN0IiwiZmll",
  "bGRzIjpbeyJuYW1lIjoiYSIsInR5cGUiOiJzdHJpbmciLCJudWxsYWJsZSI6dHJ1ZSwibWV0YWRhdGEiOnt9fSx7Im5hbWUiOiJiIiwidHlwZSI6ImludGVnZXIiLCJudWxsYWJsZSI6ZmFsc2UsIm1ldGFkYXRh",
  "Ijp7fX0seyJuYW1lIjoiYyIsInR5cGUiOiJkb3VibGUiLCJudWxsYWJsZSI6ZmFsc2UsIm1ldGFkYXRhIjp7fX0seyJuYW1lIjoiZCIsInR5cGUiOiJib29sZWFuIiwibnVsbGFibGUiOmZhbHNlLCJtZXRhZGF0",
  "YSI6e319LHsibmFtZSI6ImUiLCJ0eXBlIjp7InR5cGUiOiJhcnJheSIsImVsZW1lbnRUeXBlIjoiaW50ZWdlciIsImNvbnRhaW5zTnVsbCI6ZmFsc2V9LCJudWxsYWJsZSI6dHJ1ZSwibWV0YWRhdGEiOnt9fV19",
  "ABhJcGFycXVldC1tciB2ZXJzaW9uIDEuOC4xIChidWlsZCA0YWJhNGRhZTdiYjBkNGVkYmNmNzkyM2FlMTMzOWYyOGZkM2Y3ZmNmKQBEAwAAUEFSMQ==",
].join("");

describe("Parquet is decoded in a process of its own", () => {
  test("piece by piece, several files at a time", async () => {
    const [signs, ...fruit] = await Promise.all(
      ["signs", ...Array(3).fill("delta_length_byte_array")].map((name) => textOf(file(name))),
    );
    expect(signs?.split("\n")[0]).toContain("unsigned_int8");
    for (const text of fruit) expect(text.split("\n")).toHaveLength(1002);
  });

  test("so that a file that would take all memory, or all time, is refused and nothing else", async () => {
    const error = await refused(() => textOf(Buffer.from(endless, "base64")));
    expect([error.code, error.message]).toEqual(["malformed", expect.stringContaining("cannot be read")]);
    expect(await textOf(file("rowgroups"))).toContain("15");
  });

  test("and who stops reading leaves none behind: the next ones have their turn", async () => {
    for (let i = 0; i < 3; i++) {
      const bytes = file("rowgroups");
      const table = await read(readingPieces(bytes), bytes.length);
      table.close?.();
    }
    expect(await textOf(file("rowgroups"))).toContain("15");
  });
});
