import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { refused } from "../faulty-files.ts";
import { tableOfParquet } from "../read-table.ts";

/** hyparquet's and Apache's files of its encodings, compressions and types; test/data/README.md has their origin. */
const folder = new URL("../../data/parquet/", import.meta.url);
const file = (name: string): Buffer => readFileSync(new URL(`${name}.parquet`, folder));
const column = async (name: string, of?: string): Promise<string[]> => {
  const { names, rows } = await tableOfParquet(file(name));
  const at = of === undefined ? 0 : names.indexOf(of);
  return rows.map((row) => row[at]!);
};

const unreadable: Record<string, RegExp> = {
  issue97: /it has no rows/,
  repeated_no_annotation: /says 0 rows, and its row groups have 6/,
};

describe("Parquet", () => {
  const all = readdirSync(folder)
    .map((name) => name.replace(/\.parquet$/, ""))
    .filter((name) => unreadable[name] === undefined);
  test.each(all)("gives the same table however many rows are read at once: %s", async (name) => {
    const whole = await tableOfParquet(file(name));
    expect(whole.rows.length).toBeGreaterThan(0);
    const rowsAtOnce = Math.max(2, Math.ceil(whole.rows.length / 3));
    expect(await tableOfParquet(file(name), rowsAtOnce)).toEqual(whole);
  });

  test.each(["brotli_compressed", "hadoop_lz4_compressed", "lz4_raw_compressed"])(
    "is unpacked, whatever packed it: %s",
    async (name) => {
      const { names, rows } = await tableOfParquet(file(name));
      expect(names).toEqual(["c0", "c1", "v11"]);
      expect(rows).toEqual([
        ["1593604800", "abc", "42"],
        ["1593604800", "def", "7.7"],
        ["1593604801", "abc", "42.125"],
        ["1593604801", "def", "7.7"],
      ]);
    },
  );

  test("has integers of every width, exactly", async () => {
    const { rows } = await tableOfParquet(file("signs"));
    expect(rows.at(-1)).toEqual(
      [2n ** 8n - 1n, 2n ** 16n - 1n, 2n ** 32n - 1n, 2n ** 64n - 1n, 127n, 32767n, 2n ** 31n - 1n, 2n ** 63n - 1n].map(
        String,
      ),
    );
  });

  test("has decimals with the digits of the file, and floats that are half as wide", async () => {
    expect(await column("issue115decimal")).toEqual(["-12345.67"]);
    expect((await column("decimal-column", "value"))[0]).toBe("2015.0000000000");
    expect((await column("byte_array_decimal")).slice(-1)).toEqual(["24.00"]);
    expect((await column("fixed_length_decimal")).slice(0, 2)).toEqual(["1.00", "2.00"]);
    expect(await column("float16_nonzeros_and_nans")).toEqual(["", "1", "-2", "", "0", "-1", "0", "2"]);
  });

  test("has times with all their digits, texts, booleans and what is missing", async () => {
    expect((await column("duckdb5533", "timestamp")).slice(0, 3)).toEqual([
      "2022-11-27T17:42:43.514",
      "2022-11-27T17:42:43.514",
      "2022-11-27T17:42:44.28",
    ]);
    expect(await column("strings", "bytes")).toEqual(["alpha", "bravo", "charlie", "delta"]);
    expect((await column("rle_boolean_encoding")).slice(0, 4)).toEqual(["true", "false", "", "true"]);
    expect((await column("uuid"))[0]).toBe("550e8400-e29b-41d4-a716-446655440000");
    expect((await tableOfParquet(file("strings"))).texts).toEqual(["bytes", "c_utf8", "l_utf8"]);
  });

  test("has structs as columns with dotted names, lists and maps as texts in JSON", async () => {
    const { names, rows } = await tableOfParquet(file("nonnullable.impala"));
    expect(names).toEqual([
      ...["ID", "Int_Array", "int_array_array", "Int_Map", "int_map_array"],
      ...["nested_Struct.a", "nested_Struct.B", "nested_Struct.c.D", "nested_Struct.G"],
    ]);
    expect(rows[0]?.slice(0, 4)).toEqual(["8", "[-1]", "[[-1,-2],[]]", '{"k1":-1}']);
    const people = await tableOfParquet(file("hyparquet_struct"));
    expect(people.rows).toEqual([
      ["Ada", "London"],
      ["", ""],
      ["Ben", ""],
      ["Cara", ""],
    ]);
  });

  test("leaves out what has no form in a table, and says so", async () => {
    expect((await tableOfParquet(file("geospatial"))).leftOut).toEqual([
      { name: "geometry", reason: "it holds geometry values" },
    ]);
    expect((await tableOfParquet(file("shredded-object"))).leftOut[0]?.reason).toBe("it holds variant values");
  });

  test("leaves out bytes that are no text, wherever the first of them stands; of what is said to be text it is an error", async () => {
    const changed = (at: number): Buffer => {
      const bytes = file("strings");
      bytes[at] = 0xff;
      return bytes;
    };
    const first = file("strings").indexOf("delta");
    for (const at of [32, first]) {
      const { names, leftOut } = await tableOfParquet(changed(at), 2);
      expect(names).toEqual(["c_utf8", "l_utf8"]);
      expect(leftOut).toEqual([{ name: "bytes", reason: "it holds bytes that are no text" }]);
    }
    const text = file("strings").indexOf("alpha", first);
    expect((await refused(() => tableOfParquet(changed(text)))).message).toMatch(
      /row 1, column "c_utf8": a value is no text in UTF-8/,
    );
  });

  test.each(Object.entries(unreadable))("without rows is refused: %s", async (name, detail) => {
    expect((await refused(() => tableOfParquet(file(name)))).message).toMatch(detail);
  });

  const plain = file("rowgroups");
  test.each([
    ["cut off", plain.subarray(0, -1), /does not end with PAR1/],
    ["hardly begun", plain.subarray(0, 8), /cut off/],
    [
      "with a footer longer than itself",
      Buffer.concat([plain.subarray(0, -8), Buffer.from([255, 255, 255, 127]), plain.subarray(-4)]),
      /footer would take 2147483647 bytes/,
    ],
    ["with an encrypted footer", Buffer.concat([plain.subarray(0, -4), Buffer.from("PARE")]), /encrypted/],
    [
      "with a footer of zeros",
      Buffer.from(plain).fill(0, plain.length - 8 - plain.readUInt32LE(plain.length - 8), plain.length - 8),
      /footer is damaged/,
    ],
  ])("%s is refused in words", async (_name, bytes, detail) => {
    const error = await refused(() => tableOfParquet(bytes));
    expect(error.code).toBe("malformed");
    expect(error.message).toMatch(detail);
  });

  test("with a damaged page is refused with row group and column", async () => {
    const damaged = Buffer.from(file("brotli_compressed"));
    damaged.fill(0xff, 4, 30);
    const { message } = await refused(() => tableOfParquet(damaged));
    expect(message).toMatch(
      /row group 1, column "c0": its bytes are not what they should be there: the file is damaged/,
    );
  });
});
