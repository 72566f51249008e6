import { describe, expect, test } from "vitest";
import { profileCsv } from "../../../src/data/columns/profile-csv.ts";
import { readRows } from "../../../src/data/columns/read-rows.ts";
import { scanRows } from "../../../src/data/columns/scan-rows.ts";
import type { BaseModel } from "../../../src/data/preprocessing/data-shape.ts";
import { encodeRows } from "../../../src/data/preprocessing/encode-rows.ts";
import { fitPreprocessing } from "../../../src/data/preprocessing/fit-preprocessing.ts";
import { countRows } from "../../../src/data/splits/count-rows.ts";
import { createRowReader, encodeStoredRows, type StoredRow } from "../../../src/data/stored/stored-rows.ts";
import type { DateOrder } from "../../../src/domain/datasets/dataset.ts";
import { resolveSpec } from "../../../src/domain/jobs/spec/defaults.ts";
import type { StatedDialect } from "../../../src/formats/csv/csv-dialect.ts";
import type { CsvRecord } from "../../../src/formats/csv/csv-record.ts";
import { datasetId, jobSpec, streamOf } from "../csv-fixtures.ts";
import { rowsOfSpec } from "../splits/split-rows-of.ts";

const datasetOf = async (text: string, dialect: StatedDialect) => {
  const profile = await profileCsv(streamOf(text), { dialect });
  const common = { id: datasetId, name: "d", format: "csv" as const, bytes: 0, sha256: "" };
  return { ...common, createdAt: "2026-11-26T00:00:00Z", ...profile };
};
const rowsOf = async (text: string, dialect: StatedDialect) => {
  const dataset = await datasetOf(text, dialect);
  return { dataset, rows: (await readRows(streamOf(text), { limit: 100 }, dataset)).rows };
};

describe("how a file is written, where it is stated", () => {
  test("without a header, the first line is a row; with one of numbers it is said", async () => {
    const text = "1,a\n2,b\n3,c\n";
    const { dataset, rows } = await rowsOf(text, { header: "absent" });
    expect(dataset).toMatchObject({ rows: 3, header: "absent" });
    expect(rows[0]).toEqual({ column_1: 1, column_2: "a" });
    const numbers = await datasetOf("1,2\n3,4\n5,6\n", {});
    expect([numbers.rows, numbers.notes?.map(({ code }) => code)]).toEqual([2, ["header_numbers"]]);
    expect((await datasetOf(text, {})).notes).toBeUndefined();
  });

  test("a first line that reads as a row is told, and named where it is no header; words that come again are none", async () => {
    const codes = async (text: string) => (await datasetOf(text, {})).notes?.map(({ code }) => code);
    expect(await codes("5.1,setosa,2024-01-01\n4.9,setosa,2024-01-02\n4.7,other,2024-01-03\n")).toEqual([
      "header_numbers",
    ]);
    expect(await codes("5.1,species\n4.9,setosa\n")).toBeUndefined();
    expect(await codes("a,b\nx,1\na,b\n")).toBeUndefined();
    for (const text of ["1,1,x\n2,3,y\n", "1,,x\n2,3,y\n"])
      await expect(datasetOf(text, {})).rejects.toThrow(/^line 1, column 2.*\?header=absent/);
    await expect(datasetOf("a,a\n2,3\n", {})).rejects.toThrow(/a name of its own$/);
  });

  test("a line such as sep=; says what separates the cells, and is no row", async () => {
    const { dataset, rows } = await rowsOf('sep=;\r\na,b;c\r\n1,5;"x"\r\n2,5;y\r\n', {});
    expect(dataset).toMatchObject({ rows: 2, delimiter: ";", decimal: "," });
    expect(dataset.notes?.map(({ code }) => code)).toEqual(["decimal_found"]);
    expect(rows[0]).toEqual({ "a,b": 1.5, c: "x" });
    await expect(datasetOf("sep=;\na;b\n1;2;3\n", {})).rejects.toThrow(/^line 3, column 3/);
  });

  test("with single quotes, or none", async () => {
    const single = await rowsOf("a,b\n'x, y','it''s \"so\"'\nz,'new\nline'\n", { quote: "'" });
    expect(single.rows).toEqual([
      { a: "x, y", b: 'it\'s "so"' },
      { a: "z", b: "new\nline" },
    ]);
    const none = await rowsOf('a;b\n5" pipe;"x\n6" pipe;y"\n', { quote: "none", delimiter: ";", decimal: "." });
    expect(none.rows).toEqual([
      { a: '5" pipe', b: '"x' },
      { a: '6" pipe', b: 'y"' },
    ]);
    await expect(datasetOf("a,b\nit's,2\n", { quote: "'" })).rejects.toThrow(/line 2.*a quote \('\) stands inside/);
  });

  test("words that are missing are so in every column, in training and prediction", async () => {
    const text = `n,kind,at,y\n${Array.from({ length: 20 }, (_, i) => [
      i === 3 ? "-999" : i,
      i === 4 ? " ? " : `k${i % 2}`,
      i === 5 ? "?" : `2024-01-${String(i + 1).padStart(2, "0")}`,
      i,
    ])
      .map((cells) => cells.join(","))
      .join("\n")}\n`;
    const { dataset, rows } = await rowsOf(text, { missingWords: ["?", "-999"] });
    expect(dataset.columns.map(({ type, missing }) => [type, missing])).toEqual([
      ["number", 1],
      ["category", 1],
      ["datetime", 1],
      ["number", 0],
    ]);
    expect(dataset.columns[0]).toMatchObject({ minimum: 0 });
    expect([rows[3]!.n, rows[4]!.kind, rows[5]!.at]).toEqual([null, null, null]);
    const spec = resolveSpec(jobSpec({ task: { type: "regression", label: "y" } }), dataset);
    const preprocessing = await fitPreprocessing(spec, dataset, async () => streamOf(text, 4096));
    const missing = encodeRows(preprocessing, [{ n: null, kind: null, at: null }]);
    const words = encodeRows(preprocessing, [{ n: "-999", kind: "?", at: " ?" }]);
    expect(words).toEqual(missing);
  });

  describe("with the order of day and month", () => {
    /** From 20 February 2026 on, a day each. */
    const cellOf = (i: number, first: "day" | "month"): string => {
      const [, month, day] = new Date(Date.UTC(2026, 1, 20 + i)).toISOString().slice(0, 10).split("-");
      return first === "day" ? `${day}/${month}/2026 14:05` : `${month}-${day}-2026`;
    };
    const tableOf = (first: "day" | "month"): string =>
      `at,y\n${Array.from({ length: 30 }, (_, i) => `${cellOf(i, first)},${i}`).join("\n")}\n`;
    const task = { type: "regression" as const, label: "y", features: ["at"] as [string] };
    const spec = { task, training: { split: { test: 0, validation: 0 } } };
    const fitOf = async (text: string, dates: DateOrder, base?: BaseModel) => {
      const dataset = await datasetOf(text, { dates });
      const fit = fitPreprocessing(resolveSpec(jobSpec(spec), dataset), dataset, async () => streamOf(text), base);
      return { dataset, preprocessing: await fit };
    };

    test("they are dates, and a model is asked in that order", async () => {
      const { dataset, rows } = await rowsOf(tableOf("day"), { dates: "day_first" });
      const dates = { earliest: "2026-02-20T14:05:00Z", latest: "2026-03-21T14:05:00Z", cycles: ["weekday"] };
      expect([dataset.dates, dataset.columns[0]]).toEqual([
        "day_first",
        expect.objectContaining({ type: "datetime", dates }),
      ]);
      expect([rows[0]!.at, rows[29]!.at]).toEqual(["2026-02-20 14:05", "2026-03-21 14:05"]);
      const { preprocessing } = await fitOf(tableOf("day"), "day_first");
      expect(preprocessing.features[0]).toMatchObject({ type: "datetime", dates: "day_first" });
      const inputsOf = (...cells: string[]) =>
        encodeRows(
          preprocessing,
          cells.map((at) => ({ at })),
        ).inputs;
      expect(inputsOf("03/03/2026", "12/03/2026 14:05")).toEqual(inputsOf("2026-03-03", "2026-03-12T14:05Z"));
      expect(() => inputsOf("03/29/2026")).toThrow(/"03\/29\/2026", which is none with the day first/);
    });

    test("a cell that is none in it is told as ever, and all cells that fit the other", async () => {
      const { columns } = await datasetOf("at,y\n29/03/2026,1\n30/03/2026,2\n03/29/2026,3\n", { dates: "day_first" });
      expect(columns[0]?.notes?.[0]).toMatchObject({
        code: "mostly_dates",
        message: expect.stringMatching(/^2 of 3 cells are dates, but not "03\/29\/2026" in line 4/),
      });
      const other = await datasetOf(tableOf("month"), { dates: "day_first" });
      const message = expect.stringMatching(
        /stated order, day_first, are read as categories; the second number goes up to 28: .* \?dates=month_first$/,
      );
      expect(other.columns[0]?.notes).toEqual([{ code: "ambiguous_dates", message }]);
      const neither = await datasetOf("at,y\n31/31/2026,1\n30/31/2026,2\n", { dates: "day_first" });
      expect([neither.columns[0]?.type, neither.columns[0]?.notes]).toEqual(["category", undefined]);
    });

    test("a first line with such a date reads as a row", async () => {
      const dated = await datasetOf("28/02/2026,1\n27/02/2026,2\n26/02/2026,3\n", { dates: "day_first" });
      expect(dated.notes?.map(({ code }) => code)).toEqual(["header_numbers"]);
    });

    test("the latest rows are those of the latest dates", async () => {
      const text = tableOf("month");
      const dataset = await datasetOf(text, { dates: "month_first" });
      const asked = jobSpec({ ...spec, training: { split: { time: "at", validation: 0, test: 0.2 } } });
      const open = () => streamOf(text, 4096);
      const counted = await countRows(asked, dataset, open);
      const { test: tested } = await rowsOfSpec(text, resolveSpec(asked, counted), counted);
      expect(tested).toEqual([24, 25, 26, 27, 28, 29]);
      const unsaid = await datasetOf(text, {});
      await expect(countRows(asked, unsaid, open)).rejects.toThrow(
        /"02-20-2026".*\?dates=day_first or \?dates=month_first/,
      );
    });

    test("what a model was asked of its own file it is asked of another with the other order", async () => {
      const base = await fitOf(tableOf("month"), "month_first");
      const own = await fitOf(tableOf("day"), "day_first", { preprocessing: base.preprocessing });
      expect(own.preprocessing.features[0]).toMatchObject({ dates: "day_first" });
      const read = createRowReader(base.preprocessing, own.dataset);
      const stored: StoredRow[] = [];
      const take = (record: CsvRecord): boolean => stored.push(read(record)) > 0;
      await scanRows(streamOf(tableOf("day")), { header: () => {}, record: take }, own.dataset);
      const iso = Array.from({ length: 30 }, (_, i) => ({
        at: new Date(Date.UTC(2026, 1, 20 + i, 14, 5)).toISOString(),
      }));
      expect(encodeStoredRows(base.preprocessing, stored).inputs).toEqual(encodeRows(base.preprocessing, iso).inputs);
    });
  });

  test("NA is missing in columns of numbers and dates, and a name in one of categories, which is said, label or not", async () => {
    const { columns } = await datasetOf("n,c,d\n1,NA,2024-01-01\nNA,x,NA\n3,y,2024-01-03\n", {});
    expect(columns.map(({ type, missing }) => [type, missing])).toEqual([
      ["number", 1],
      ["category", 0],
      ["datetime", 1],
    ]);
    expect(columns[1]?.notes?.[0]?.message).toMatch(/^1 "NA" are names like others.*\?missingWords=/);
  });
});
