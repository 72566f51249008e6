import { describe, expect, it } from "vitest";
import { encodeRows } from "../../../src/data/preprocessing/encode-rows.ts";
import type { Row } from "../../../src/domain/datasets/dataset.ts";
import { ServiceError } from "../../../src/domain/errors.ts";
import type { Preprocessing } from "../../../src/domain/models/model.ts";

const preprocessing: Preprocessing = {
  features: [
    { type: "number", column: "age", mean: 40, scale: 10, missingIndicator: true },
    { type: "number", column: "a/b", mean: 0, scale: 1, missingIndicator: false },
    {
      type: "category",
      column: "colour",
      categories: ["blue", "green", "red"],
      unseen: ["green"],
      missingIndicator: true,
    },
  ],
  label: { type: "classes", column: "kind", classes: ["no", "yes"] },
  inputs: 7,
  outputs: 2,
};
const encode = (...rows: Row[]): number[] => [...encodeRows(preprocessing, rows).inputs];
const errorsOf = (...rows: Row[]) => {
  try {
    encodeRows(preprocessing, rows);
  } catch (error) {
    if (error instanceof ServiceError) return { code: error.code, errors: error.errors };
    throw error;
  }
  return null;
};

describe("rows to predict", () => {
  it("are encoded as in training", () => {
    expect(encode({ age: 50, "a/b": 2, colour: "red" })).toEqual([1, 0, 2, 0, 0, 1, 0]);
    expect(encode({ age: 35, "a/b": 0, colour: "blue", kind: "yes" })).toEqual([-0.5, 0, 0, 1, 0, 0, 0]);
  });

  it("may miss cells, by null, by an empty text or by leaving the key out", () => {
    const missing = [0, 1, 0, 0, 0, 0, 1];
    expect(encode({})).toEqual(missing);
    expect(encode({ age: null, "a/b": null, colour: null })).toEqual(missing);
    expect(encode({ colour: " " })).toEqual(missing);
    expect(encodeRows(preprocessing, [{ "a/b": 0, colour: "red" }]).warnings.map(({ message }) => message)).toEqual([
      '"age" is not in the row; it counts as the mean, 40, and as missing',
    ]);
  });

  it("may have categories that training never saw: all zeros", () => {
    expect(encode({ age: 40, "a/b": 0, colour: "purple" })).toEqual([0, 0, 0, 0, 0, 0, 0]);
    expect(encode({ age: 40, "a/b": 0, colour: "green" })).toEqual([0, 0, 0, 0, 0, 0, 0]);
  });

  it("are refused cell by cell, each with its pointer", () => {
    expect(errorsOf({ age: 1 }, { age: "abc", "a/b": true }, { colour: "red", coluor: "x" })).toEqual({
      code: "invalid",
      errors: [
        { pointer: "/rows/1/age", detail: 'must be a number, or null if it is missing; got "abc"' },
        { pointer: "/rows/1/a~1b", detail: "must be a number, or null if it is missing; got true" },
      ],
    });
    expect(errorsOf({ age: "5" })?.errors[0]?.detail).toContain('got "5"');
    expect(errorsOf({ age: Number.POSITIVE_INFINITY })?.errors[0]?.detail).toContain("finite");
  });

  it("are refused with at most fifty errors", () => {
    const rows = Array.from({ length: 1000 }, () => ({ age: "x" }));
    expect(errorsOf(...rows)?.errors.length).toBe(50);
  });

  it("do not mistake what objects inherit for a cell", () => {
    const odd: Preprocessing = {
      features: [{ type: "category", column: "constructor", categories: ["a"], unseen: [], missingIndicator: true }],
      label: { type: "none" },
      inputs: 2,
      outputs: 0,
    };
    expect([...encodeRows(odd, [{}]).inputs]).toEqual([0, 1]);
  });
});

describe("what rows have that training had not", () => {
  const ranged: Preprocessing = {
    features: [
      {
        ...{ type: "number", column: "age", mean: 40, scale: 10, missingIndicator: false },
        ...{ range: { minimum: 20, maximum: 60 }, clip: { minimum: 16, maximum: 64 } },
      },
      {
        ...{ type: "number", column: "n", mean: 0, scale: 1, missingIndicator: true },
        range: { minimum: 0, maximum: 10 },
      },
      {
        type: "category",
        column: "colour",
        categories: ["blue", "green", "red"],
        unseen: ["green"],
        missingIndicator: false,
      },
      { type: "category", column: "code", categories: ["1e3", "10e2", "501"], unseen: [], missingIndicator: false },
    ],
    label: { type: "number", column: "y", mean: 0, scale: 1 },
    inputs: 9,
    outputs: 1,
  };
  const usual: Row = { age: 40, n: 5, colour: "red", code: "501" };
  const warningsOf = (row: Row) =>
    encodeRows(ranged, [usual, { ...usual, ...row }]).warnings.map(({ row: at, column, code }) => [at, column, code]);

  it("is nothing of truth values, however the file writes them", () => {
    const of = (categories: string[], value: Row[string]) => {
      const feature = { type: "category" as const, column: "paid", categories, unseen: [], missingIndicator: false };
      const { inputs, warnings } = encodeRows({ ...ranged, features: [feature], inputs: categories.length }, [
        { paid: value },
      ]);
      return [...inputs, ...warnings.map(({ code }) => code)];
    };
    for (const categories of [
      ["no", "yes"],
      ["False", "True"],
      ["0", "1"],
      ["N", "Y"],
      ["false", "true"],
    ]) {
      expect(of(categories, true)).toEqual([0, 1]);
      expect(of(categories, false)).toEqual([1, 0]);
      expect(of(categories, categories[1]!)).toEqual([0, 1]);
    }
    // As written, before what means the same; and what may mean two is neither.
    expect(of(["false", "true", "yes"], true)).toEqual([0, 1, 0]);
    expect(of(["no", "on", "yes"], true)).toEqual([0, 0, 0, "unknown_category"]);
    expect(of(["a", "b"], true)).toEqual([0, 0, "unknown_category"]);
  });

  it("is nothing where they are alike", () => {
    expect(encodeRows(ranged, [usual, { ...usual, age: 62, n: null, y: 3 }])).toMatchObject({
      warnings: [],
      furtherWarnings: 0,
    });
  });

  it("is told by row, column and code, with what was probably meant", () => {
    expect(encodeRows(ranged, [usual, { ...usual, colour: "Red " }]).warnings).toEqual([
      {
        ...{ row: 1, column: "colour", code: "unknown_category" },
        message: 'no row of training has "Red " in "colour"; did you mean "red"?; it counts as none of the categories',
      },
    ]);
    expect(warningsOf({ colour: "green" })).toEqual([[1, "colour", "unknown_category"]]);
    expect(warningsOf({ age: null })).toEqual([[1, "age", "missing_feature"]]);
    expect(warningsOf({ collor: "red" })).toEqual([[1, "collor", "unknown_feature"]]);
    const { n: _, ...without } = usual;
    expect(encodeRows(ranged, [without]).warnings).toMatchObject([{ row: 0, column: "n", code: "missing_feature" }]);
  });

  it("is a number beyond the training range, which counts as one near it where the model cannot go on", () => {
    const { inputs, warnings } = encodeRows(ranged, [{ ...usual, age: 400, n: 400 }]);
    expect([inputs[0], inputs[1]]).toEqual([Math.fround((64 - 40) / 10), 400]);
    expect(warnings.map(({ column, code }) => [column, code])).toEqual([
      ["age", "out_of_range"],
      ["n", "out_of_range"],
    ]);
    expect(warnings[0]?.message).toBe("400 is beyond the training range, 20 to 60; it counts as 64");
  });

  it("is a number that is far from training on the scale that was learnt by, or below 0 where nothing was", () => {
    const far = (transform: object, value: number): boolean => {
      const [feature] = ranged.features;
      const { clip: _, ...straight } = feature as Extract<typeof feature, { type: "number" }>;
      const model = { ...ranged, inputs: 1, features: [{ ...straight, ...transform }] } as Preprocessing;
      const { warnings } = encodeRows(model, [{ age: value }]);
      if (warnings.length > 0)
        expect(() => encodeRows(model, [{ age: value }], { strict: true })).toThrow("/rows/0/age");
      return warnings.length > 0;
    };
    const range = { minimum: 0.2177, maximum: 4169.9 };
    const ln = { range, mean: 2, scale: 2, logShift: 0 };
    // A tenth of ln(4169.9/0.2177) = 9.860 on either side: 0.0812 and 11177.
    for (const value of [1e-300, 1e-9, 0.08, 11_200]) expect([value, far(ln, value)]).toEqual([value, true]);
    for (const value of [0.082, 0.2177, 4169.9, 11_100]) expect([value, far(ln, value)]).toEqual([value, false]);
    // With 0 in the file ln(1 + x): a tenth of ln(4170.9) = 8.336 above.
    const shifted = { ...ln, range: { minimum: 0, maximum: 4169.9 }, logShift: 1 };
    for (const value of [-0.5, -1e-9, 9700]) expect([value, far(shifted, value)]).toEqual([value, true]);
    for (const value of [0, 9500]) expect([value, far(shifted, value)]).toEqual([value, false]);
    for (const scaling of [{ range }, { range, smoothClip: 3 }]) {
      for (const value of [-400, -1e-9, 4600]) expect([value, far(scaling, value)]).toEqual([value, true]);
      for (const value of [0, 4500]) expect([value, far(scaling, value)]).toEqual([value, false]);
    }
    const negative = { range: { minimum: -100, maximum: 0 } };
    expect([-110, 0, 1].map((value) => far(negative, value))).toEqual([false, false, true]);
    expect([-421, -422, 4590].map((value) => far({ range: { minimum: -4, maximum: 4169.9 } }, value))).toEqual([
      ...[false, true, true],
    ]);
    // What is held is told of, and what is held as it is as well.
    const clip = { minimum: 0.10885, maximum: 4586.868 };
    expect([0.1, 0.11, 4500, 4600].map((value) => far({ ...ln, clip }, value))).toEqual([true, false, false, true]);
    const network = { ...ranged, features: [{ ...ranged.features[0], range, clip: { minimum: -416, maximum: 4586 } }] };
    expect(encodeRows({ ...network, inputs: 1 } as Preprocessing, [{ age: -400 }])).toMatchObject({
      inputs: Float32Array.of(-44),
      warnings: [
        { message: "-400 is beyond the training range, 0.2177 to 4169.9; what is said of it is extrapolated" },
      ],
    });
  });

  it("is said in the numbers of the data: what was computed is rounded", () => {
    const [first, ...others] = ranged.features;
    const computed = { mean: 5.000000001354815, clip: { minimum: 15.999999999999996, maximum: 64.00000000000001 } };
    const model = { ...ranged, features: [{ ...first, ...computed }, ...others] } as Preprocessing;
    const messages = encodeRows(model, [
      { ...usual, age: null },
      { ...usual, age: 60.25 + 1e-9 },
      { ...usual, age: 1 / 3 },
    ]);
    expect(messages.warnings.map(({ message }) => message)).toEqual([
      '"age" was never missing in training; it counts as the mean, 5',
      "0.3333333333333333 is beyond the training range, 20 to 60; it counts as 16",
    ]);
  });

  it("is refused when that is asked for", () => {
    const refused = () => encodeRows(ranged, [{ ...usual, colour: "purple", age: 999 }], { strict: true });
    expect(refused).toThrow(ServiceError);
    expect(refused).toThrow("/rows/0/age: 999 is beyond the training range, 20 to 60; it counts as 64 (and 1 more)");
    expect(encodeRows(ranged, [usual], { strict: true }).warnings).toEqual([]);
  });

  it("is listed up to a limit, and counted beyond it", () => {
    const rows = Array.from({ length: 700 }, () => ({ ...usual, colour: "purple", age: 999 }));
    const { warnings, furtherWarnings } = encodeRows(ranged, rows);
    expect([warnings.length, furtherWarnings]).toEqual([1000, 400]);
  });

  it("cannot be a bare number whose spelling is lost: codes are texts", () => {
    const problem = (code: number): string => {
      try {
        encodeRows(ranged, [{ ...usual, code }]);
      } catch (error) {
        if (error instanceof ServiceError) return error.message;
      }
      return "";
    };
    // biome-ignore lint/correctness/noPrecisionLoss: what a JSON parser makes of it is the point
    expect(problem(9007199254740993)).toContain(
      "is beyond 2⁵³, where numbers are rounded on their way; send codes as strings",
    );
    expect(problem(1000)).toBe('/rows/0/code: the number 1000 may mean "1e3" or "10e2"; send codes as strings');
    expect(warningsOf({ code: 501 })).toEqual([]);
    expect(warningsOf({ code: 502 })).toEqual([[1, "code", "unknown_category"]]);
  });

  it("cannot be a number that the engine does not hold", () => {
    expect(() => encodeRows(ranged, [{ ...usual, n: 1e300 }])).toThrow("/rows/0/n: 1e+300 is too far from");
    expect(encodeRows(ranged, [{ ...usual, age: 1e300 }]).inputs[0]).toBe(Math.fround(2.4));
  });
});
