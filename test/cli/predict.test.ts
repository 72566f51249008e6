import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { headOf, toLine } from "../../src/cli/predict.ts";
import { cellsOf } from "../../src/cli/predict-pictures.ts";
import { readRows } from "../../src/cli/read-rows.ts";
import type { Model } from "../../src/client/types.ts";

const folder = mkdtempSync(join(tmpdir(), "predict-"));
afterAll(() => rmSync(folder, { recursive: true }));

const model = {
  id: "mdl_1",
  preprocessing: {
    features: [
      { type: "number", column: "a" },
      { type: "category", column: "g" },
    ],
  },
} as unknown as Model;

const rowsOf = (text: string | Uint8Array) => {
  const path = join(folder, "rows.csv");
  writeFileSync(path, text);
  return readRows(path, model);
};

test("rows are read with semicolons and decimal commas, as data sets are", async () => {
  expect(await rowsOf("a;g;y\n1,5;x;2\n-0,25;;3\n")).toEqual([
    { a: 1.5, g: "x" },
    { a: -0.25, g: null },
  ]);
  expect(await rowsOf("a,g\n1.5,x\n")).toEqual([{ a: 1.5, g: "x" }]);
});

test("compressed files and UTF-16 are read as uploads of them are, and other forms say what to do", async () => {
  const rows = [{ a: 1.5, g: "é" }];
  const [csv, wide] = [Buffer.from("a;g\n1,5;é\n"), Buffer.from("\ufeffa;g\n1,5;é\n", "utf16le")];
  expect(await rowsOf(gzipSync(csv))).toEqual(rows);
  expect(await rowsOf(wide)).toEqual(rows);
  expect(await rowsOf(gzipSync(wide.swap16()))).toEqual(rows);
  await expect(rowsOf("PAR1…")).rejects.toThrow(/is Parquet: upload it/);
  await expect(rowsOf('{"a":1}\n')).rejects.toThrow(/is JSON Lines: upload it/);
  await expect(rowsOf(gzipSync(csv).subarray(0, 30))).rejects.toThrow(/not whole gzip/);
});

test("a file with none of the model's columns is refused, one with some is not", async () => {
  await expect(rowsOf("b,c\n1,2\n")).rejects.toThrow("none of the columns that mdl_1 asks for: a, g");
  expect(await rowsOf("a,c\n1,2\n")).toEqual([{ a: 1 }]);
});

test("quantiles about an answer are columns of their own, named as in the held-out rows", () => {
  const answers = [{ value: 2.5, quantiles: { lower: -1, upper: 4.25 } }, { value: 2.5 }];
  expect(answers.map((answer) => [headOf(answer), toLine(answer)])).toEqual([
    ["prediction,lower,upper", "2.5,-1,4.25"],
    ["prediction", "2.5"],
  ]);
});

test("an answer about a picture is two cells, with its quantiles where it has them", () => {
  expect(cellsOf({ value: 2.5, quantiles: { lower: -1, upper: 4.25 } })).toEqual(["2.5, -1 to 4.25", ""]);
  expect(cellsOf({ value: 2.5 })).toEqual(["2.5", ""]);
  expect(cellsOf({ label: "a", probabilities: { a: 0.75, b: 0.25 } })).toEqual(["a", "0.75"]);
});
