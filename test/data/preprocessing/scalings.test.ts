import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readRows } from "../../../src/data/columns/read-rows.ts";
import { featureWidth } from "../../../src/data/preprocessing/data-shape.ts";
import { encodeRows } from "../../../src/data/preprocessing/encode-rows.ts";
import { numberOfInput } from "../../../src/data/preprocessing/encoders/number-scale.ts";
import { createValueSample } from "../../../src/data/preprocessing/encoders/value-sample.ts";
import { dataWarnings } from "../../../src/domain/jobs/spec/data-warnings.ts";
import { resolveSpec } from "../../../src/domain/jobs/spec/defaults.ts";
import type { JobSpecInput } from "../../../src/domain/jobs/spec/job-spec.ts";
import { sampleQuantile } from "../../../src/domain/models/parts/piecewise-linear.ts";
import { reportOf } from "../../stats/inference/glm/fixtures.ts";
import { createJobs } from "../../workers/training/jobs.ts";
import { datasetOf, jobSpec, prepareAll, streamOf } from "../csv-fixtures.ts";

interface Fixture {
  csv: string;
  robust: Record<string, number[]>;
  quantile: Record<string, number[]>;
  logarithm: number[];
  ols: { terms: string[]; estimates: number[]; errors: number[] };
}

/** Of NumPy, SciPy and statsmodels: see scalings.py. */
const fixture: Fixture = JSON.parse(readFileSync(new URL("scalings.json", import.meta.url), "utf8"));
const open = () => streamOf(fixture.csv, 1000);
const allRows = { split: { validation: 0, test: 0 } } as const;
const task = { type: "regression" as const, label: "y" };

type Preprocessing = NonNullable<JobSpecInput["preprocessing"]>;

const preparedWith = (preprocessing: Preprocessing) => prepareAll(open, { task, training: allRows, preprocessing });

/** The first input of a column, row by row. */
const inputOf = ({ arrays, preprocessing }: Awaited<ReturnType<typeof prepareAll>>, name: string): number[] => {
  let first = 0;
  for (const feature of preprocessing.features) {
    if (feature.column === name) break;
    first += featureWidth(feature);
  }
  const { inputs } = preprocessing;
  return Array.from(
    { length: arrays.train.features.length / inputs },
    (_, row) => arrays.train.features[row * inputs + first]!,
  );
};

const expectNear = (values: readonly number[], wanted: readonly number[]): void => {
  expect(values.length).toBe(wanted.length);
  for (const [i, value] of values.entries())
    expect(Math.abs(value - wanted[i]!), `${value} for ${wanted[i]}`).toBeLessThan(1e-6);
};

describe("Scalings of numbers", () => {
  test("are those of NumPy and SciPy, by column or for all", async () => {
    const robust = await preparedWith({ numbers: "robust", columns: { size: { scaling: "standardize" } } });
    for (const name of ["price", "kept"]) expectNear(inputOf(robust, name), fixture.robust[name]!);
    expect(robust.preprocessing.features.map((feature) => "smoothClip" in feature)).toEqual([true, false, true, false]);
    const quantile = await preparedWith({ numbers: "quantile" });
    // One of the values is more than half of the rows: its score is the middle of theirs.
    for (const name of ["price", "size", "kept"]) expectNear(inputOf(quantile, name), fixture.quantile[name]!);
    const logarithm = await preparedWith({ columns: { price: { logarithm: true } } });
    expectNear(inputOf(logarithm, "price"), fixture.logarithm);
  });

  test.each<Preprocessing>([
    { numbers: "robust" },
    { numbers: "quantile", columns: { price: { logarithm: true }, colour: { referenceLevel: "green" } } },
    { numbers: "none", columns: { price: { logarithm: true, scaling: "robust" } } },
  ])("%j: rows to predict are encoded as they were prepared, to the bit, and lead back", async (preprocessing) => {
    const prepared = await preparedWith(preprocessing);
    const { rows } = await readRows(open(), { limit: 200 }, prepared.dataset);
    expect(encodeRows(prepared.preprocessing, rows).inputs).toEqual(prepared.arrays.train.features);
    for (const feature of prepared.preprocessing.features) {
      if (feature.type !== "number") continue;
      for (const [row, input] of inputOf(prepared, feature.column).entries()) {
        const value = Number(rows[row]![feature.column]);
        expect(Math.abs(numberOfInput(feature, input) - value)).toBeLessThan(1e-4 * Math.max(1, Math.abs(value)));
      }
    }
    const missing = encodeRows(prepared.preprocessing, [{ size: 50, kept: 5, colour: "red" }]);
    expect(missing.inputs[0]).toBe(0);
    expect(missing.warnings[0]!.message).toMatch(/counts as the (?:geometric mean|median|mean), \d/);
  });

  test("of more values than are kept go by a sample that is the same each time", () => {
    const make = () => {
      const sample = createValueSample();
      // Rows in an order, of which a sample by distance would keep one phase.
      for (let i = 0; i < 400_000; i++) sample.add(i % 2 === 0 ? i : -i);
      return sample.sorted();
    };
    const sorted = make();
    expect(sorted.length).toBe(16_384);
    expect(make()).toEqual(sorted);
    for (const share of [0.1, 0.25, 0.5, 0.9])
      expect(Math.abs(sampleQuantile(sorted, share) - (share - 0.5) * 800_000)).toBeLessThan(12_000);
  });
});

describe("Coefficients of columns with a transform", () => {
  let jobs: Awaited<ReturnType<typeof createJobs>>;
  beforeAll(async () => {
    jobs = await createJobs();
  });
  afterAll(() => jobs?.close());

  test.each([{ solver: "exact" as const }, { solver: "iterative" as const, epochs: 300, batchSize: "full" as const }])(
    "are by a unit of what their names say, as statsmodels' with np.log and Treatment: $solver",
    async (training) => {
      const exact = training.solver === "exact";
      const { report } = await reportOf(jobs, fixture.csv, {
        ...{
          task: { ...task, exclude: ["kept"] },
          model: { type: "linear" },
          training: { ...allRows, ...training, l2: 0 },
        },
        ...(exact ? {} : { optimizer: { type: "adam", learningRate: 0.1, schedule: { type: "cosine" } } }),
        preprocessing: { columns: { price: { logarithm: true }, colour: { referenceLevel: "green" } } },
      });
      const coefficients = report.coefficients!;
      const { terms, estimates, errors } = fixture.ols;
      const order = terms.map((term) => coefficients.find((each) => each.term === term)!);
      expect(coefficients.map(({ term }) => term).toSorted()).toEqual(terms.toSorted());
      for (const [i, { estimate, standardError }] of order.entries()) {
        expect(Math.abs(estimate! - estimates[i]!)).toBeLessThan(exact ? 1e-9 : 2e-3);
        expect(Math.abs(standardError! - errors[i]!)).toBeLessThan(exact ? 1e-9 : 2e-3);
      }
    },
  );

  test("of bent numbers name the scale; an unknown level counts as the reference", async () => {
    const { report, model } = await reportOf(jobs, fixture.csv, {
      ...{ task: { ...task, exclude: ["kept"] }, model: { type: "linear" }, training: allRows },
      preprocessing: {
        columns: { price: { scaling: "quantile" }, size: { scaling: "robust" }, colour: { referenceLevel: "green" } },
      },
    });
    expect(report.coefficients!.map(({ term }) => term)).toEqual([
      "(intercept)",
      "normal score of price",
      expect.stringMatching(/^clipped \(size − 4\d\.\d+\)\/\d+\.\d+$/),
      "colour=blue",
      "colour=red",
    ]);
    const [row] = [{ price: 20, size: 50, colour: "violet" }];
    const { inputs, warnings } = encodeRows(model.preprocessing, [row!, { ...row!, colour: "green" }]);
    expect(inputs.subarray(0, 5)).toEqual(inputs.subarray(5));
    expect(warnings[0]!.message).toContain('it counts as the reference level, "green"');
  });
});

describe("What a job says of columns", () => {
  const faults: [string, Omit<JobSpecInput, "dataset">, string, RegExp][] = [
    [
      "a column that is not there",
      { task, preprocessing: { columns: { prise: {} } } },
      "/preprocessing/columns/prise",
      /did you mean/i,
    ],
    [
      "categories that are scaled",
      { task, preprocessing: { columns: { colour: { scaling: "robust" } } } },
      "/preprocessing/columns/colour/scaling",
      /no column of numbers/,
    ],
    [
      "a level that is none",
      { task, preprocessing: { columns: { colour: { referenceLevel: "grey" } } } },
      "/preprocessing/columns/colour/referenceLevel",
      /no category "grey"/,
    ],
    [
      "an embedding of a linear model",
      { task, model: { type: "linear" }, preprocessing: { columns: { colour: { embedding: {} } } } },
      "/preprocessing/columns/colour/embedding",
      /choose "mlp"/,
    ],
    [
      "embeddings where there are few levels",
      { task, preprocessing: { embeddings: {} } },
      "/preprocessing/embeddings",
      /no feature has 10 categories/,
    ],
    [
      "mixtures by ranks",
      { task: { type: "clustering" }, model: { type: "gaussian_mixture" }, preprocessing: { numbers: "quantile" } },
      "/preprocessing/numbers",
      /straight line leads back/,
    ],
    [
      "logarithms of densities",
      { task: { type: "density_estimation" }, preprocessing: { logarithm: "auto" } },
      "/preprocessing/logarithm",
      /leave it out/,
    ],
    [
      "logarithms beside ranks",
      { task, preprocessing: { logarithm: "auto", numbers: "quantile" } },
      "/preprocessing/logarithm",
      /scaling "quantile".*leave one of the two out/,
    ],
    [
      "the logarithm of what is below 0",
      { task: { type: "regression", label: "price" }, preprocessing: { columns: { y: { logarithm: true } } } },
      "/preprocessing/columns/y/logarithm",
      /below 0 have no logarithm/,
    ],
  ];
  test.each(faults)("%s is refused with the field and the remedy", async (_, input, pointer, detail) => {
    const csv = fixture.csv.replace(/,[\d.]+\n(?!.*\n)/, ",-1.5\n");
    const dataset = await datasetOf(() => streamOf(csv, 1000));
    expect(() => resolveSpec(jobSpec(input), dataset)).toThrow(
      expect.objectContaining({
        errors: [expect.objectContaining({ pointer, detail: expect.stringMatching(detail) })],
      }),
    );
  });

  test("a number without a logarithm is refused of a linear model, and held of a network", async () => {
    const preprocessing: Preprocessing = { columns: { price: { logarithm: true } } };
    const linear = await prepareAll(open, { task, model: { type: "linear" }, training: allRows, preprocessing });
    const row = { price: -1, size: 50, kept: 5, colour: "red" };
    expect(() => encodeRows(linear.preprocessing, [row])).toThrow("/rows/0/price: -1 has no logarithm");
    const network = await preparedWith(preprocessing);
    const { inputs, warnings } = encodeRows(network.preprocessing, [row]);
    expect(inputs.every(Number.isFinite)).toBe(true);
    expect(warnings[0]).toMatchObject({ code: "out_of_range", column: "price" });
  });
});

test("a plan warns of a column with a long tail above, unless the job says how it is to be taken", async () => {
  const lines = Array.from({ length: 200 }, (_, i) => `${Math.round(1.1 ** i)},${i % 17},${i % 2}`);
  const dataset = await datasetOf(() => streamOf(`income,size,y\n${lines.join("\n")}\n`));
  const warningsOf = (preprocessing?: Preprocessing) => {
    const asked = jobSpec({ task: { type: "classification", label: "y" }, ...(preprocessing && { preprocessing }) });
    return dataWarnings(resolveSpec(asked, dataset), dataset);
  };
  expect(warningsOf()).toEqual([
    expect.stringMatching(/^"income" has a long tail above.*"income": \{"logarithm": true\}/),
  ]);
  for (const own of [{ logarithm: true }, { logarithm: false }, { scaling: "quantile" as const }])
    expect(warningsOf({ columns: { income: own } })).toEqual([]);

  const mixture = jobSpec({
    task: { type: "clustering" },
    model: { type: "gaussian_mixture" },
    preprocessing: { logarithm: "auto" },
  });
  expect(() => resolveSpec(mixture, dataset)).toThrow(
    expect.objectContaining({ errors: [expect.objectContaining({ pointer: "/preprocessing/logarithm" })] }),
  );

  const resolved = (preprocessing: Preprocessing) =>
    resolveSpec(jobSpec({ task: { type: "classification", label: "y" }, preprocessing }), dataset);
  const chosen = resolved({ logarithm: "auto", columns: { size: { scaling: "robust" } } });
  expect(chosen.preprocessing).toMatchObject({
    logarithm: "auto",
    columns: { size: { scaling: "robust" }, income: { logarithm: true } },
  });
  expect(Object.keys(chosen.preprocessing!.columns!.size!)).toEqual(["scaling"]);
  expect(resolveSpec(chosen, dataset)).toEqual(chosen);
  expect(dataWarnings(chosen, dataset)).toEqual([]);
  for (const columns of [{ income: { logarithm: false } }, { income: { scaling: "quantile" as const } }])
    expect(resolved({ logarithm: "auto", columns }).preprocessing?.columns).toEqual(columns);
});
