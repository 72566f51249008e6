import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JobSpecInput } from "../../../src/domain/jobs/spec/job-spec.ts";
import { Report } from "../../../src/domain/models/report.ts";
import { artifactKeys } from "../../../src/store/artifacts/artifact-store.ts";
import { finiteReport, unfinitePlaces } from "../../../workers/training/leading/finite-report.ts";
import { createJobs } from "./jobs.ts";

const rows = 40;
const spread = Array.from({ length: rows }, (_, i) => ((i * 13) % rows) / 20 - 1);
/** Labels that squares, sums or logarithms take to the ends of a double. */
const labels: Record<string, (x: number, i: number) => number> = {
  large: (x, i) => 1e36 * (2 + x + ((i * 7) % 11) / 10),
  huge: (x, i) => 1e250 * (2 + x + ((i * 7) % 11) / 10),
  tiny: (x, i) => 1e-250 * (2 + x + ((i * 7) % 11) / 10),
  "all but one constant": (_, i) => (i === 3 ? 1e12 : 1),
  "far from zero": (x, i) => 1e15 + Math.round(3 * x + (i % 3)),
};
const csvOf = (labelOf: (x: number, i: number) => number): string =>
  ["x,z,y", ...spread.map((x, i) => `${x},${(i % 4) * 1e-200},${labelOf(x, i)}`)].join("\n");
const counts = (most: number) => csvOf((x, i) => (i % 5 === 0 ? 0 : Math.round(most * (1 + x) * (1 + (i % 3)))));

const regression = { type: "regression", label: "y" } as const;
const small = { epochs: 3, penaltySearch: false } as const;
const models: [string, Omit<JobSpecInput, "dataset">][] = [
  ["linear", { task: regression, model: { type: "linear" } }],
  ["quantile", { task: regression, model: { type: "quantile" }, loss: { type: "pinball", interval: 0.8 } }],
  ["gamma", { task: regression, model: { type: "gamma" } }],
  ["mlp", { task: regression, model: { type: "mlp", hidden: [4] }, training: small }],
  [
    "mlp of quantiles",
    {
      task: regression,
      model: { type: "mlp", hidden: [4] },
      loss: { type: "pinball", interval: 0.5 },
      training: small,
    },
  ],
  [
    "mlp with a variance",
    { task: regression, model: { type: "mlp", hidden: [4] }, loss: { type: "gaussian_nll" }, training: small },
  ],
  [
    "ensemble",
    { task: regression, model: { type: "ensemble", members: [{ hidden: [4] }, { hidden: [2] }] }, training: small },
  ],
  [
    "folds",
    { task: regression, model: { type: "linear" }, training: { crossValidation: { folds: 4, model: "folds" } } },
  ],
  [
    "autoencoder",
    { task: { type: "reconstruction" }, model: { type: "autoencoder", encoder: [2] }, training: { epochs: 3 } },
  ],
  ["k_means", { task: { type: "clustering" }, model: { type: "k_means", clusters: 2 } }],
  ["gaussian_mixture", { task: { type: "density_estimation" }, model: { type: "gaussian_mixture", components: 2 } }],
];

describe("no number that is none of JSON's leaves in a report", () => {
  let jobs: Awaited<ReturnType<typeof createJobs>>;
  beforeAll(async () => {
    jobs = await createJobs();
  });
  afterAll(() => jobs?.close());

  /** The report as it is stored; null where the job is refused or fails, which says why. */
  const stored = async (csv: string, input: Omit<JobSpecInput, "dataset">) => {
    const run = await jobs.train(csv, input);
    if (run.end.type === "failed") {
      // Numbers that cannot be standardised are refused with their column.
      expect(run.end.error.message).toMatch(/^the numbers of column "[xyz]" are too large/);
      return null;
    }
    if (run.end.type !== "trained") throw new Error(run.end.type);
    const { model } = run.end;
    const key = artifactKeys.report("default", model.id, model.digest.slice(7));
    return JSON.parse(Buffer.from(await jobs.artifacts.readBytes(key)).toString()) as Report;
  };
  const look = async (csv: string, input: Omit<JobSpecInput, "dataset">, known: RegExp | null = null) => {
    const report = await stored(csv, input);
    if (report === null) return;
    const parsed = Report.safeParse(report);
    expect(parsed.success ? [] : parsed.error.issues).toEqual([]);
    const notes = "notes" in report ? report.notes : [];
    for (const { message } of notes.filter(({ code }) => code === "not_finite"))
      expect(message).toMatch(known ?? /nothing/);
    if (report.task === "regression" && report.r2 === null)
      expect(
        notes.some(({ code }) => code === "constant_label" || code === "too_few_rows" || code === "not_finite"),
      ).toBe(true);
  };

  /** What is beyond a double here and has no other words: null by the note. */
  const known: Record<string, RegExp> = {
    linear: /varianceInflation/,
    "mlp with a variance": /logLikelihood/,
    folds: /crossValidation\/models\/0\/loss/,
  };

  test.each(models)("%s", async (name, input) => {
    for (const labelOf of Object.values(labels)) await look(csvOf(labelOf), input, known[name]);
  });

  test.each(["poisson", "negative_binomial"] as const)("%s", async (type) => {
    for (const most of [1, 1e12]) await look(counts(most), { task: regression, model: { type } });
  });

  test.each(["logistic", "softmax", "mlp"] as const)("%s, of separated classes and of one row in one", async (type) => {
    for (const classOf of [(x: number) => x > 0, (_: number, i: number) => i === 3 || i === 9])
      await look(
        ["x,z,y", ...spread.map((x, i) => `${1e200 * x},${i % 3},${classOf(x, i) ? "yes" : "no"}`)].join("\n"),
        {
          task: { type: "classification", label: "y" },
          model: { type },
          ...(type === "mlp" ? { training: small } : {}),
        },
      );
  });

  test("where one is made all the same null stands for it, or for what is about it, and a note names the place", async () => {
    const report = (await stored(
      csvOf((x, i) => x + (i % 3)),
      { task: regression, model: { type: "linear" } },
    ))!;
    if (report.task !== "regression") throw new Error(report.task);
    const broken: Report = {
      ...report,
      dispersion: Number.POSITIVE_INFINITY,
      r2: { value: Number.NaN, lower: 0, upper: 1 },
    };
    expect(unfinitePlaces(broken).map((path) => path.join("/"))).toEqual(
      expect.arrayContaining(["r2/value", "dispersion"]),
    );
    const mended = finiteReport(broken);
    expect(Report.safeParse(mended).success).toBe(true);
    expect(mended).toMatchObject({ dispersion: null, r2: null, rootMeanSquaredError: report.rootMeanSquaredError });
    expect(mended.notes.at(-1)).toMatchObject({ code: "not_finite", message: expect.stringContaining("/r2/value") });
    expect(finiteReport(report)).toBe(report);
    const hopeless = { ...report, bias: { value: Number.NaN, lower: null, upper: null } };
    expect(() => finiteReport(hopeless)).toThrow("/bias/value");
  });
});
