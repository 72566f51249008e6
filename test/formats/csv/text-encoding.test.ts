import { describe, expect, test } from "vitest";
import { markedEncoding, refuseUnmarked, toUtf8 } from "../../../src/formats/csv/text-encoding.ts";
import { refused } from "../faulty-files.ts";

const read = async (bytes: Uint8Array, encoding: Parameters<typeof toUtf8>[1]): Promise<string> => {
  const pieces = async function* () {
    for (let at = 0; at < bytes.length; at += 3) yield bytes.subarray(at, at + 3);
  };
  const parts: Uint8Array[] = [];
  for await (const part of toUtf8(pieces(), encoding)) parts.push(part);
  return Buffer.concat(parts).toString();
};

const text = "größe;preis\n1,5;€ 3 – “billig”\n";

describe("encodings of CSV files", () => {
  test("UTF-16 of both byte orders, cut anywhere, the mark dropped", async () => {
    const little = Buffer.from(`\ufeff${text}😀`, "utf16le");
    expect(markedEncoding(little)).toBe("utf-16le");
    expect(await read(little, "utf-16le")).toBe(`${text}😀`);
    const big = Buffer.from(little).swap16();
    expect(markedEncoding(big)).toBe("utf-16be");
    expect(await read(big, "utf-16be")).toBe(`${text}😀`);
    expect(markedEncoding(Buffer.from(text))).toBeNull();
  });

  test("windows-1252, all of its characters", async () => {
    const bytes = [...Array.from({ length: 256 }, (_, i) => i)].filter(
      (i) => ![0x81, 0x8d, 0x8f, 0x90, 0x9d].includes(i),
    );
    const euro = await read(Buffer.from([0x80, 0x93, 0x94, 0x9f, 0xe4, 0xff]), "windows-1252");
    expect(euro).toBe("€“”ŸäÿŸ".slice(0, 6));
    expect(await read(Uint8Array.from(bytes), "windows-1252")).toHaveLength(bytes.length);
  });

  test("what is not in them is refused with the line", async () => {
    const bytes = Buffer.from("a\nb\n\x81\n", "latin1");
    expect((await refused(() => read(bytes, "windows-1252"))).message).toMatch(/line 3: the byte 0x81/);
    const half = Buffer.concat([Buffer.from("a\nb\n", "utf16le"), Buffer.from([0x00, 0xd8, 0x41, 0x00])]);
    expect((await refused(() => read(half, "utf-16le"))).message).toMatch(/line \d: the file is not valid UTF-16LE/);
    const odd = Buffer.from("a\nb", "utf16le").subarray(0, -1);
    expect((await refused(() => read(odd, "utf-16le"))).message).toMatch(/not valid UTF-16LE/);
  });
});

test("UTF-16 without a mark is known, and refused with what to say; other texts are not", () => {
  const table = "name;city\nÉva;München\n";
  const little = Buffer.from(table, "utf16le");
  expect(() => refuseUnmarked(little)).toThrow(
    /looks like UTF-16LE without a byte order mark; upload it with \?encoding=utf-16le/,
  );
  expect(() => refuseUnmarked(Buffer.from(little).swap16())).toThrow(/encoding=utf-16be/);
  for (const other of [Buffer.from(table), Buffer.from("a,b"), Buffer.from("a\0\0\0,b,c,d,e"), Buffer.alloc(64)])
    expect(() => refuseUnmarked(other)).not.toThrow();
});

test("half of a surrogate pair in UTF-16 is told with its line", async () => {
  const lines = Buffer.from("a\nb\nc", "utf16le");
  const half = Buffer.concat([lines, Buffer.from([0x00, 0xd8]), Buffer.from("d\ne\n", "utf16le")]);
  const error = await read(half, "utf-16le").then(
    () => null,
    (thrown: Error) => thrown,
  );
  expect(error?.message).toMatch(/line 3.*half of a surrogate pair/);
});
