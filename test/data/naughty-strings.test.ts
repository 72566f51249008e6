import { readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { profileCsv } from "../../src/data/columns/profile-csv.ts";
import { readRows } from "../../src/data/columns/read-rows.ts";
import { encodeRows } from "../../src/data/preprocessing/encode-rows.ts";
import type { Dataset } from "../../src/domain/datasets/dataset.ts";
import { limits } from "../../src/domain/limits.ts";
import type { Preprocessing } from "../../src/domain/models/model.ts";
import { csvRecord } from "../../src/formats/csv/write-csv.ts";
import { tableOfJsonLines } from "../formats/read-table.ts";
import { datasetOf } from "./csv-fixtures.ts";

/** The Big List of Naughty Strings: see README.md. */
const listed: string[] = JSON.parse(readFileSync(new URL("naughty-strings.json", import.meta.url), "utf8"));
const strings = [...new Set(listed)];
const isBlank = (text: string): boolean => /^[ \t]*$/.test(text);
const isName = (text: string): boolean => text.trim() !== "" && text.length <= limits.nameLength;
const names = strings.filter(isName);

const read = (csv: string): Promise<Dataset> => datasetOf(() => Readable.from([Buffer.from(csv)]));
const rowsOf = async (csv: string, dataset: Dataset) =>
  (await readRows(Readable.from([Buffer.from(csv)]), { limit: 2000 }, dataset)).rows;

describe("every naughty string", () => {
  test("is a list of hundreds, most of which can be names", () => {
    expect(listed).toHaveLength(515);
    expect(strings.length - names.length).toBeLessThan(10);
  });

  test("is the name of a column as it stands, or is refused with the place", async () => {
    const csv = [names, names.map((_, i) => String(i)), names.map((_, i) => String(2 * i))].map(csvRecord).join("");
    const dataset = await read(csv);
    expect(dataset.columns.map(({ name }) => name)).toEqual(names);
    expect((await rowsOf(csv, dataset))[1]).toEqual(Object.fromEntries(names.map((name, i) => [name, 2 * i])));
    const line = `{${names.map((name, i) => `${JSON.stringify(name)}:${i}`).join(",")}}`;
    expect((await tableOfJsonLines(line)).names).toEqual(names);
    for (const name of strings.filter((text) => !isName(text))) {
      const refused = profileCsv(Readable.from([Buffer.from(csvRecord(["a", name]) + csvRecord(["1", "2"]))]));
      await expect(refused, name).rejects.toThrow(/line 1, column 2/);
      await expect(tableOfJsonLines(`{"a":1,${JSON.stringify(name)}:2}`), name).rejects.toThrow(/line 1/);
    }
  });

  test("is a category, and a cell, as it stands; blanks are missing", async () => {
    // Of a column with longer ones the values are not counted. Each twice, in two orders, so that nothing hangs on what stands beside it.
    const short = strings.filter((text) => Buffer.byteLength(text) <= 256);
    const cells = [...short, ...short.toReversed()];
    const csv = [["text", "label"], ...cells.map((cell, i) => [cell, cells[cells.length - 1 - i]!])]
      .map(csvRecord)
      .join("");
    const dataset = await read(csv);
    const [text] = dataset.columns;
    const blanks = short.filter(isBlank).length;
    expect(text).toMatchObject({ type: "category", missing: 2 * blanks, distinct: short.length - blanks });
    expect(new Map(text!.categories!.map(({ value, count }) => [value, count]))).toEqual(
      new Map(short.filter((cell) => !isBlank(cell)).map((cell) => [cell, 2])),
    );
    const rows = await rowsOf(csv, dataset);
    expect(rows.map((row) => row.text)).toEqual(cells.map((cell) => (isBlank(cell) ? null : cell)));
    const long = [["text"], ...strings.map((text) => [text || "x"])].map(csvRecord).join("");
    expect((await rowsOf(long, await read(long))).map((row) => row.text)).toEqual(
      strings.map((text) => (text === "" ? "x" : isBlank(text) ? null : text)),
    );
    const lines = cells.map((cell) => `{"text":${JSON.stringify(cell)}}`).join("\n");
    expect((await tableOfJsonLines(lines)).rows).toEqual(cells.map((cell) => [cell]));
    // As JSON brings it back each has the input of its own category.
    const categories = text!.categories!.map(({ value }) => value);
    const preprocessing: Preprocessing = {
      features: [{ type: "category", column: "text", categories, unseen: [], missingIndicator: true }],
      label: { type: "classes", column: "label", classes: categories },
      ...{ inputs: categories.length + 1, outputs: 1 },
    };
    const sent = JSON.parse(JSON.stringify(rows)) as typeof rows;
    const { inputs, warnings } = encodeRows(preprocessing, sent);
    expect(warnings).toEqual([]);
    const width = categories.length + 1;
    for (const [row, cell] of cells.entries()) {
      const at = isBlank(cell) ? categories.length : categories.indexOf(cell);
      expect(inputs.subarray(row * width, (row + 1) * width).indexOf(1), cell).toBe(at);
    }
  });
});
