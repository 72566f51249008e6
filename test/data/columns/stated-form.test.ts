import { describe, expect, test } from "vitest";
import { profileCsv } from "../../../src/data/columns/profile-csv.ts";
import { readRows } from "../../../src/data/columns/read-rows.ts";
import { encodeRows } from "../../../src/data/preprocessing/encode-rows.ts";
import { fitPreprocessing } from "../../../src/data/preprocessing/fit-preprocessing.ts";
import { resolveSpec } from "../../../src/domain/jobs/spec/defaults.ts";
import type { StatedDialect } from "../../../src/formats/csv/csv-dialect.ts";
import { datasetId, jobSpec, streamOf } from "../csv-fixtures.ts";

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
