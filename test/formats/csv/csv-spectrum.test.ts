import { describe, expect, test } from "vitest";
import { cellText } from "../../../src/formats/csv/csv-record.ts";
import { type CsvHandlers, scanCsv } from "../../../src/formats/csv/csv-scanner.ts";
import { csvRecord } from "../../../src/formats/csv/write-csv.ts";
import { tableOfJsonLines } from "../read-table.ts";

const read = async (text: string): Promise<string[][]> => {
  const records: string[][] = [];
  const handlers: CsvHandlers = {
    header: (names) => records.push([...names]),
    record: (record) => {
      records.push(Array.from({ length: record.cells }, (_, i) => cellText(record, i)));
      return true;
    },
  };
  const bytes = Buffer.from(text);
  const pieces = async function* () {
    for (let at = 0; at < bytes.length; at += 5) yield bytes.subarray(at, at + 5);
  };
  await scanCsv(pieces(), handlers);
  return records;
};

/** The kinds of files that csv-spectrum has (Max Ogden's acid test of CSV readers), with contents of our own. */
const spectrum: [string, string, string[][]][] = [
  [
    "commas in quotes",
    'name,place\nAda,"12, St James\'s, London"\n',
    [
      ["name", "place"],
      ["Ada", "12, St James's, London"],
    ],
  ],
  [
    "empty cells",
    'a,b,c\n1,"",""\n2,,4\n',
    [
      ["a", "b", "c"],
      ["1", "", ""],
      ["2", "", "4"],
    ],
  ],
  [
    "empty cells, CRLF",
    'a,b,c\r\n1,"",""\r\n2,,4\r\n',
    [
      ["a", "b", "c"],
      ["1", "", ""],
      ["2", "", "4"],
    ],
  ],
  [
    "escaped quotes",
    'a,b\n1,"ha ""ha"" ha"\n3,4\n',
    [
      ["a", "b"],
      ["1", 'ha "ha" ha'],
      ["3", "4"],
    ],
  ],
  [
    "JSON",
    'key,val\n1,"{""type"": ""Point"", ""at"": [1.5, -2]}"\n',
    [
      ["key", "val"],
      ["1", '{"type": "Point", "at": [1.5, -2]}'],
    ],
  ],
  [
    "line feeds in cells",
    'a,b\n"once upon\na time",5\n7,8\n',
    [
      ["a", "b"],
      ["once upon\na time", "5"],
      ["7", "8"],
    ],
  ],
  [
    "CRLF in cells",
    'a,b\r\n"once upon\r\na time",5\r\n7,8\r\n',
    [
      ["a", "b"],
      ["once upon\r\na time", "5"],
      ["7", "8"],
    ],
  ],
  [
    "quotes and line feeds",
    'a,b\n1,"ha\n""ha""\nha"\n',
    [
      ["a", "b"],
      ["1", 'ha\n"ha"\nha'],
    ],
  ],
  [
    "no line end at the end",
    "a,b\n1,2",
    [
      ["a", "b"],
      ["1", "2"],
    ],
  ],
  [
    "UTF-8",
    "a,b\n1,ʤ\n2,😀\n",
    [
      ["a", "b"],
      ["1", "ʤ"],
      ["2", "😀"],
    ],
  ],
];

describe("CSV files of every kind", () => {
  test.each(spectrum)("are read right: %s", async (_name, text, records) => {
    expect(await read(text)).toEqual(records);
    // And what is written is read again.
    expect(await read(records.map(csvRecord).join(""))).toEqual(records);
  });
});

/** Texts that software trips over, after the kinds of the Big List of Naughty Strings. */
const naughty = [
  ...["undefined", "null", "NULL", "nil", "true", "hasOwnProperty", "__proto__", "constructor", "toString", "then"],
  ...["1/0", "-1E+02", "0x1F", "1e1000", "NaN", "Infinity", "00501", "9007199254740993", "1,000.00", "１２３"],
  ...["<script>alert(1)</script>", "'; DROP TABLE rows; --", "../../../etc/passwd", "=1+1", "%s%n", "$(rm)", "`id`"],
  ...[
    "Ω≈ç√∫",
    "田中さん",
    "❤️‍🔥",
    "👩🏽‍🚀",
    "مرحبا",
    "Z̮̞̠͙͔",
    "ﷺ",
    "\u200b\u2028\u2029",
    "\u202etest\u202c",
    "\ufeffx",
    "a\tb",
    "İıß",
  ],
  ...['"', '""', ",", ";", "a\nb", "a\r\nb", "\\", "\\n", "'", "\u0001\u007f", " x "],
];

describe("naughty strings", () => {
  test("are names and values of columns as they stand, in CSV and in JSON Lines", async () => {
    const records = [naughty, naughty, [...naughty].reverse()];
    expect(await read(records.map(csvRecord).join(""))).toEqual(records);
    const lines = records
      .slice(1)
      .map((cells) => `{${cells.map((cell, i) => `${JSON.stringify(naughty[i])}:${JSON.stringify(cell)}`).join(",")}}`);
    const table = await tableOfJsonLines(lines.join("\n"));
    expect([table.names, ...table.rows]).toEqual(records);
  });
});
