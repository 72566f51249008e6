import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dataShape } from "../../../src/data/preprocessing/data-shape.ts";
import { prepare } from "../../../src/data/preprocessing/prepare.ts";
import { packNumber, unpackable, unpackNumber } from "../../../src/data/preprocessing/staging/packed-number.ts";
import { resolveSpec } from "../../../src/domain/jobs/spec/defaults.ts";
import type { JobSpec } from "../../../src/domain/jobs/spec/job-spec.ts";
import { createArrays, datasetOf, jobSpec, streamOf } from "../csv-fixtures.ts";

const cells = ["1.25", "-0.00", "0", "", "NA", "1e3", "12345.75", "-7", " 3.5 ", ".5", "+2"];
const places = ["north", "south", "", '"a ""b"""', "north "];

/** Forty rows; the last has `special` in the first column. */
const tableWith = (special: string): string => {
  const rows = Array.from({ length: 40 }, (_, i) => {
    const first = i === 39 ? special : cells[(i * 7) % cells.length]!;
    return `${first},${cells[(i * 3) % cells.length]},${places[(i * 2) % places.length]},${["1.5", "2", "-0.25"][i % 3]}`;
  });
  return `x,z,place,y\n${rows.join("\n")}\n`;
};

/** The same with weights, of which each fourth is 0 and so the last. */
const weightedWith = (special: string): string =>
  tableWith(special)
    .trimEnd()
    .split("\n")
    .map((line, i) => `${line},${i === 0 ? "w" : i % 4 === 0 ? 0 : (i % 3) + 1}`)
    .join("\n");

const prepared = async (text: string, task: JobSpec["task"] = { type: "regression", label: "y" }) => {
  const dataset = await datasetOf(() => streamOf(text));
  const training = { split: { validation: 0.1, test: 0.2 } };
  const spec = resolveSpec(
    jobSpec({ task, training, loss: { type: "mean_squared_error" }, model: { type: "mlp" } }),
    dataset,
  );
  const arrays = createArrays(dataShape(spec, dataset), "number");
  const places = Object.values(arrays).map((split) => {
    split.places = new Int32Array(split.labels?.length ?? 0);
    if ("weight" in task) split.weights = new Float64Array(split.places.length);
    return split.places;
  });
  let opened = 0;
  const preprocessing = await prepare(
    spec,
    dataset,
    () => {
      opened += 1;
      return streamOf(text);
    },
    arrays,
  );
  return { arrays, preprocessing, opened, places };
};

describe("rows are prepared", () => {
  /** What the formulas say, from the file's text. */
  const expectInputs = (text: string, { arrays, preprocessing }: Awaited<ReturnType<typeof prepared>>): void => {
    const lines = text.trimEnd().split("\n").slice(1);
    const [x, z, place] = preprocessing.features;
    const { label } = preprocessing;
    for (const { features, labels, places } of Object.values(arrays))
      for (const [row, at] of (places ?? []).entries()) {
        const [first, second, name, y] = lines[at]!.split(",") as [string, string, string, string];
        const expected: number[] = [];
        for (const [feature, cell] of [
          [x, first],
          [z, second],
        ] as const) {
          if (feature?.type !== "number") throw new Error("numbers are numbers");
          const missing = cell.trim() === "" || cell === "NA";
          const { minimum, maximum } = feature.clip ?? { minimum: -Infinity, maximum: Infinity };
          const value = (Math.min(maximum, Math.max(minimum, Number(cell))) - feature.mean) / feature.scale;
          expected.push(missing ? 0 : value, missing ? 1 : 0);
        }
        if (place?.type !== "category" || label.type !== "number") throw new Error("places are categories");
        const own = name.trim() === "" ? null : name.startsWith('"') ? 'a "b"' : name;
        expected.push(...place.categories.map((category) => (category === own ? 1 : 0)), own === null ? 1 : 0);
        const { inputs } = preprocessing;
        expect(features.slice(row * inputs, (row + 1) * inputs)).toEqual(Float32Array.from(expected));
        expect(labels?.[row]).toBe(Math.fround((Number(y) - label.mean) / label.scale));
      }
  };

  test("in one pass over the file, where its numbers have few digits", async () => {
    const text = tableWith("99999.999");
    const result = await prepared(text);
    expect(result.opened).toBe(1);
    expectInputs(text, result);
  });

  test("in two where one has too many, with the same inputs otherwise", async () => {
    const text = tableWith("0.12345678901234567");
    const result = await prepared(text);
    expect(result.opened).toBe(2);
    expectInputs(text, result);
  });

  test("in one pass where rows of weight 0 are not fitted to, to the same bits as in two", async () => {
    const task = { type: "regression", label: "y", weight: "w" } as const;
    const [one, two] = [
      await prepared(weightedWith("99999.999"), task),
      await prepared(weightedWith("0.12345678901234567"), task),
    ];
    expect([one.opened, two.opened]).toEqual([1, 2]);
    expectInputs(weightedWith("99999.999"), one);
    const lines = weightedWith("99999.999").split("\n").slice(1);
    const fitted = Array.from(one.arrays.train.places ?? []).filter((at) => at % 4 !== 3);
    const numbers = fitted.map((at) => lines[at]!.split(",")[1]!).filter((cell) => !["", "NA"].includes(cell));
    const mean = numbers.reduce((sum, cell) => sum + Number(cell), 0) / numbers.length;
    expect(one.preprocessing.features[1]).toMatchObject({ column: "z", mean: expect.closeTo(mean, 9) });
    // The two tables differ in a row of weight 0 alone, which nothing is learnt from.
    expect(one.preprocessing).toEqual(two.preprocessing);
    for (const split of ["train", "validation", "test"] as const) {
      const { weights, labels, places } = one.arrays[split];
      expect(weights).toEqual(Float64Array.from(places ?? [], (at) => (at % 4 === 3 ? 0 : ((at + 1) % 3) + 1)));
      expect({ weights, labels, places }).toEqual({
        weights: two.arrays[split].weights,
        labels: two.arrays[split].labels,
        places: two.arrays[split].places,
      });
    }
  });

  test("a missing number, one of few digits and none of many come back to the bit", () => {
    const decimals = { most: 0 };
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 28), max: 2 ** 28 }), fc.integer({ min: 0, max: 16 }), (digits, places) => {
        const value = Number(`${digits}e-${places}`);
        const word = packNumber(value, decimals);
        if (word === unpackable) return Math.abs(digits) >= 2 ** 27 || places > 14;
        return Object.is(unpackNumber(word), value);
      }),
    );
    for (const value of [0, -0, Number.NaN, 134217727, -134217727, 0.1 + 0.2, 2 ** 27, 1 / 3, 5e-324, 1e300]) {
      const word = packNumber(value, { most: 3 });
      expect(word === unpackable ? "none" : unpackNumber(word)).toBe(
        [0.1 + 0.2, 2 ** 27, 1 / 3, 5e-324, 1e300].includes(value) ? "none" : value,
      );
    }
  });
});
