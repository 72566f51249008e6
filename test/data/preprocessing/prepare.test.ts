import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readRows } from "../../../src/data/columns/read-rows.ts";
import { encodeRows } from "../../../src/data/preprocessing/encode-rows.ts";
import type { Split } from "../../../src/data/splits/split.ts";
import { openFile, prepareAll, streamOf } from "../csv-fixtures.ts";

const splits: readonly Split[] = ["train", "validation", "test"];

const files = [
  { file: "iris.csv", task: { type: "classification", label: "species" }, inputs: 4, outputs: 3 },
  { file: "wine.csv", task: { type: "classification", label: "cultivar" }, inputs: 13, outputs: 3 },
  { file: "breast_cancer.csv", task: { type: "classification", label: "diagnosis" }, inputs: 30, outputs: 2 },
  { file: "digits.csv", task: { type: "classification", label: "digit" }, inputs: 64, outputs: 10 },
  { file: "diabetes.csv", task: { type: "regression", label: "progression" }, inputs: 10, outputs: 1 },
] as const;

describe("preparing a data set", () => {
  it.each(files)("yields what the manifest of $file foresees, standardised on the training split", async (example) => {
    const { shape, arrays, preprocessing, dataset } = await prepareAll(() => openFile(example.file), {
      task: example.task,
      training: { split: { validation: 0.1 } },
    });
    expect(shape).toMatchObject({ inputs: example.inputs, outputs: example.outputs });
    expect([preprocessing.inputs, preprocessing.outputs]).toEqual([shape.inputs, shape.outputs]);
    expect(shape.trainRows + shape.validationRows + shape.testRows).toBe(dataset.rows);
    for (const split of splits) {
      expect(arrays[split].features.every(Number.isFinite)).toBe(true);
      expect(
        arrays[split].labels!.every(
          (label) => Number.isFinite(label) && (example.task.type === "regression" || label >= 0),
        ),
      ).toBe(true);
    }
    const { features } = arrays.train;
    for (let input = 0; input < shape.inputs; input++) {
      const column = Array.from({ length: shape.trainRows }, (_, row) => features[row * shape.inputs + input]!);
      const mean = column.reduce((a, b) => a + b, 0) / column.length;
      const variance = column.reduce((a, b) => a + (b - mean) ** 2, 0) / column.length;
      expect(Math.abs(mean)).toBeLessThan(1e-6);
      if (variance !== 0) expect(variance).toBeCloseTo(1, 5);
    }
  });

  it("is the same for the same seed and another for another seed", async () => {
    const run = (seed: number) =>
      prepareAll(() => openFile("iris.csv"), { task: files[0].task, training: { seed } }).then((p) => p.arrays);
    expect(await run(1)).toEqual(await run(1));
    expect(await run(1)).not.toEqual(await run(2));
  });
});

/** A table of numbers, texts and gaps with a label of two classes. */
const table = fc.array(
  fc.record({
    size: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }), { freq: 4 }),
    colour: fc.option(fc.constantFrom("red", "green", 'blue, "dark"', "ünï"), { freq: 4 }),
    kind: fc.constantFrom("a", "b"),
  }),
  { minLength: 12, maxLength: 60 },
);
const cell = (value: string | number | null): string =>
  value === null ? "" : /[",\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value);

describe("any table", () => {
  it("has the shape that its manifest foresees, and rows are encoded as they were prepared, to the bit", async () => {
    await fc.assert(
      fc.asyncProperty(table, fc.boolean(), fc.nat(), async (rows, stratify, seed) => {
        fc.pre(rows.some((r) => r.kind === "a") && rows.some((r) => r.kind === "b"));
        const lines = rows.map((r) => [cell(r.size), cell(r.colour), r.kind].join(","));
        const csv = `size,colour,kind\n${lines.join("\n")}\n`;
        const open = () => streamOf(csv);
        const { shape, arrays, preprocessing, dataset } = await prepareAll(open, {
          task: { type: "classification", label: "kind" },
          training: { seed, split: { validation: 0.2, test: 0.2, stratify } },
        });
        expect([preprocessing.inputs, preprocessing.outputs]).toEqual([shape.inputs, shape.outputs]);
        const encoded = encodeRows(
          preprocessing,
          (await readRows(open(), { limit: rows.length }, dataset)).rows,
        ).inputs;
        const want = splits.flatMap((split) => rowsOf(Float32Array.from(arrays[split].features), shape.inputs)).sort();
        expect(rowsOf(encoded, shape.inputs).sort()).toEqual(want);
      }),
      { numRuns: 60 },
    );
  });
});

/** Rows as text, to compare them in any order and by their bits. */
const rowsOf = (features: Float32Array, inputs: number): string[] =>
  Array.from({ length: features.length / inputs }, (_, row) =>
    [...features.subarray(row * inputs, (row + 1) * inputs)].join(" "),
  );
