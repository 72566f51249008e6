import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ServiceError } from "../../../src/domain/errors.ts";
import { limits } from "../../../src/domain/limits.ts";
import { cellText } from "../../../src/formats/csv/csv-record.ts";
import { scanCsv } from "../../../src/formats/csv/csv-scanner.ts";
import { streamOf } from "../../data/csv-fixtures.ts";

const scan = async (content: string | Uint8Array, pieceBytes?: number) => {
  let header: readonly string[] = [];
  const rows: string[][] = [];
  await scanCsv(streamOf(content, pieceBytes), {
    header: (names) => {
      header = names;
    },
    record: (record) => {
      rows.push(Array.from({ length: record.cells }, (_, i) => cellText(record, i)));
      return true;
    },
  });
  return { header, rows };
};

describe("reading CSV", () => {
  it("reads quoted cells with commas, quotes and line breaks, CRLF, a byte order mark and a last line without an end", async () => {
    const { header, rows } = await scan('\ufeffname,note\r\nAnna,"a, ""b""\r\nc"\r\n,ü');
    expect(header).toEqual(["name", "note"]);
    expect(rows).toEqual([
      ["Anna", 'a, "b"\r\nc'],
      ["", "ü"],
    ]);
  });

  it("skips blank lines, and reads a missing cell of a one-column table as two quotes", async () => {
    expect((await scan('\nx\n\n1\n""\n\r\n2\n\n')).rows).toEqual([["1"], [""], ["2"]]);
  });

  it("stops, and closes the stream, when the handler has had enough", async () => {
    const stream = streamOf("x\n1\n2\n3\n".repeat(1), 2);
    const seen: string[] = [];
    await scanCsv(stream, {
      header: () => {},
      record: (record) => seen.push(cellText(record, 0)) < 2,
    });
    expect(seen).toEqual(["1", "2"]);
  });

  it("reads what any writer quoted, in pieces of any size, as csv-parse does", async () => {
    const text = fc.oneof(fc.string({ unit: "grapheme" }), fc.constantFrom("", '"', "\n", "\r\n", ",", '""', "é\n,"));
    const clean = text.map((t) => t.replaceAll("\0", "").replaceAll(/[\ud800-\udfff]/gu, ""));
    const write = (cell: string, always: boolean): string =>
      always || cell === "" || /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
    await fc.assert(
      fc.asyncProperty(
        fc
          .integer({ min: 1, max: 5 })
          .chain((n) => fc.array(fc.array(clean, { minLength: n, maxLength: n }), { minLength: 1 })),
        fc.constantFrom("\n", "\r\n"),
        fc.boolean(),
        fc.boolean(),
        fc.integer({ min: 1, max: 64 }),
        async (rows, lineEnd, always, lastEnd, pieceBytes) => {
          const header = rows[0]!.map((_, i) => `c${i}`);
          const lines = [header, ...rows].map((row) => row.map((cell) => write(cell, always)).join(","));
          const csv = lines.join(lineEnd) + (lastEnd ? lineEnd : "");
          expect(await scan(csv, pieceBytes)).toEqual({ header, rows });
          expect(parse(csv, { fromLine: 2 })).toEqual(rows);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("reads records that lie across its batches", async () => {
    const rows = Array.from({ length: 40_000 }, (_, i) => [`${i}`, `"${"x".repeat(i % 50)},\n"""`]);
    const csv = `a,b\n${rows.map((row) => row.join(",")).join("\n")}`;
    const { rows: read } = await scan(csv, 60_000);
    expect(read.length).toBe(rows.length);
    expect(read[39_999]).toEqual(["39999", `${"x".repeat(49)},\n"`]);
  });
});

const bytes = (...parts: (string | number)[]): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : Buffer.from([part]))));

const manyColumns = Array.from({ length: limits.columns + 1 }, (_, i) => `c${i}`).join(",");

const badFiles: { title: string; file: string | Uint8Array; place: string; says: RegExp }[] = [
  { title: "an empty file", file: "", place: "/line/1", says: /^line 1: the file is empty; it must have a header/ },
  { title: "a file of blank lines", file: "\n\r\n", place: "/line/1", says: /the file is empty/ },
  { title: "a header only", file: "a,b\n", place: "/line/2", says: /^line 2: the file has a header but no rows; add/ },
  {
    title: "a row with too few cells",
    file: "a,b,c\n1,2,3\n4,5\n",
    place: "/line/3/column/3",
    says: /^line 3, column 3 \("c"\): the row has 2 cells where the header has 3; give/,
  },
  {
    title: "a row with too many cells",
    file: "a,b\n1,2,3\n",
    place: "/line/2/column/3",
    says: /the row has 3 cells where the header has 2/,
  },
  {
    title: "a row with too many cells after a line break in quotes",
    file: 'a,b\n"x\ny",2,3\n',
    place: "/line/3/column/3",
    says: /^line 3/,
  },
  {
    title: "two columns of one name",
    file: "a,b,a\n1,2,3\n",
    place: "/line/1/column/3",
    says: /the column name "a" was already used by column 1; give/,
  },
  {
    title: "a column without a name",
    file: "a,\n1,2\n",
    place: "/line/1/column/2",
    says: /^line 1, column 2: the column has no name; name/,
  },
  {
    title: "row numbers without a name, as pandas and R write them",
    file: ",a\n0,2\n",
    place: "/line/1/column/1",
    says: /^line 1, column 1: the column has no name; name every column .*index=False; R: row\.names = FALSE/,
  },
  {
    title: "a very long column name",
    file: `${"n".repeat(201)},b\n1,2\n`,
    place: "/line/1/column/1",
    says: /more than 200 characters/,
  },
  { title: "semicolons", file: "a;b\n1;2\n", place: "/line/1/column/1", says: /upload the file with \?delimiter=;/ },
  {
    title: "a quote inside a cell without quotes",
    file: 'a,b\n1,5" pipe\n',
    place: "/line/2/column/2",
    says: /a quote \("\) stands inside a cell without quotes; enclose/,
  },
  {
    title: "text after a closing quote",
    file: 'a,b\n1,"x"y\n',
    place: "/line/2/column/2",
    says: /text follows the cell's closing quote; double/,
  },
  {
    title: "a quote that is never closed",
    file: 'a,b\n1,2\n3,"x\ny\n',
    place: "/line/3/column/2",
    says: /opening quote is never closed; close it/,
  },
  {
    title: "a lone carriage return",
    file: "a,b\r1,2\r",
    place: "/line/1/column/2",
    says: /carriage return without a line feed/,
  },
  {
    title: "a NUL byte",
    file: bytes("a,b\n1,2\n3,x", 0, "\n"),
    place: "/line/3/column/2",
    says: /NUL byte; upload a text file/,
  },
  {
    title: "invalid UTF-8",
    file: bytes("a,b\n1,2\n3,caf", 0xe9, "\n"),
    place: "/line/3/column/2",
    says: /^line 3, column 2 \("b"\): byte 4 of the cell \(0xe9\) is not valid UTF-8; save/,
  },
  {
    title: "invalid UTF-8 beside the replacement character",
    file: bytes("a\nx\ufffdy", 0xc3, "\n"),
    place: "/line/2/column/1",
    says: /byte 6 of the cell \(0xc3\)/,
  },
  {
    title: "a surrogate in UTF-8",
    file: bytes("a\n", 0xed, 0xa0, 0x80, "\n"),
    place: "/line/2/column/1",
    says: /not valid UTF-8/,
  },
  {
    title: "invalid UTF-8 in the header",
    file: bytes("a", 0xff, ",b\n1,2\n"),
    place: "/line/1/column/1",
    says: /not valid UTF-8/,
  },
  {
    title: "UTF-16",
    file: bytes(0xff, 0xfe, "a", 0, "\n", 0),
    place: "/line/1/column/1",
    says: /the file is UTF-16; save it as CSV in UTF-8/,
  },
  {
    title: "too many columns",
    file: `${manyColumns}\n`,
    place: `/line/1/column/${limits.columns + 1}`,
    says: /more than 16384 columns/,
  },
  {
    title: "a cell that is too long",
    file: `a,b\n1,${"x".repeat(limits.csvCellBytes + 1)}\n`,
    place: "/line/2/column/2",
    says: /more than 65536 bytes; shorten/,
  },
  {
    title: "a row that is too long",
    file: `${"a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q"}\n${Array(17).fill("x".repeat(65_000)).join(",")}\n`,
    place: "/line/2",
    says: /the row has more than 1048576 bytes/,
  },
  {
    title: "a quote that swallows the file",
    file: `a,b\n1,"x\n${"1,2\n".repeat(400_000)}`,
    place: "/line/2/column/2",
    says: /look for a quote that is opened there and not closed/,
  },
];

describe("a file that is not a table", () => {
  it.each(badFiles)("is refused with place and remedy: $title", async ({ file, place, says }) => {
    const error = await scan(file, 100_000).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ServiceError);
    const { code, errors, message } = error as ServiceError;
    expect(code).toBe("invalid_csv");
    expect(message).toMatch(says);
    expect(errors).toEqual([{ pointer: place, detail: message }]);
  });

  it("is placed by the same line and column however it arrives in pieces", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...badFiles.slice(0, 20)),
        fc.integer({ min: 1, max: 9 }),
        async ({ file, place }, pieceBytes) => {
          const error = await scan(file, pieceBytes).catch((e: unknown) => e);
          expect((error as ServiceError).errors[0]?.pointer).toBe(place);
        },
      ),
      { numRuns: 100 },
    );
  });
});
