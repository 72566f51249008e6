import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createJobs } from "../../workers/training/jobs.ts";

interface Certified {
  name: string;
  degree: number;
  intercept: boolean;
  x: number[][];
  y: number[];
  estimates: number[];
  errors: number[];
  residualDeviation: number;
  r2: number;
}
const { sets }: { sets: Certified[] } = JSON.parse(readFileSync(new URL("nist-linear.json", import.meta.url), "utf8"));

/** −log₁₀ of the relative error, at most 15; of the absolute one where the truth is 0. */
const digits = (value: number, certified: number): number => {
  const error = Math.abs(value - certified) / (certified === 0 ? 1 : Math.abs(certified));
  return error === 0 ? 15 : Math.min(15, -Math.log10(error));
};

/** Powers of x as a user would compute them, in double precision. */
const csvOf = ({ x, y, degree }: Certified): string => {
  const columns = degree > 1 ? x.map(([value]) => Array.from({ length: degree }, (_, k) => value! ** (k + 1))) : x;
  const names = columns[0]!.map((_, j) => `x${j + 1}`);
  return `${[...names, "y"].join(",")}\n${columns.map((row, i) => [...row, y[i]].join(",")).join("\n")}\n`;
};

/** Filip's powers of x are rounded to doubles in the file, and its condition makes of that an error in the eighth digit; Wampler1 and 2 have errors of 0. */
const wanted: Record<string, { estimates: number; errors: number }> = {
  Filip: { estimates: 7.5, errors: 7.5 },
  Wampler1: { estimates: 12, errors: 0 },
  Wampler2: { estimates: 12, errors: 0 },
};

describe("linear models agree with the certified values of NIST:", () => {
  let jobs: Awaited<ReturnType<typeof createJobs>>;
  beforeAll(async () => {
    jobs = await createJobs();
  });
  afterAll(() => jobs?.close());

  test.each(sets)("$name", async (set) => {
    const run = await jobs.train(csvOf(set), {
      task: { type: "regression", label: "y" },
      model: { type: "linear", ...(set.intercept ? {} : { intercept: false }) },
      training: { split: { validation: 0, test: 0 } },
    });
    const { report } = await jobs.modelOf(run);
    if (report.task !== "regression") throw new Error(report.task);
    const least = wanted[set.name] ?? { estimates: 12, errors: 12 };
    const own = report.coefficients!;
    expect(report.solution).toMatchObject({ method: "qr", rank: set.estimates.length, l2: 0 });
    if (least.errors > 0) {
      expect(digits(Math.sqrt(report.inference!.dispersion!), set.residualDeviation)).toBeGreaterThan(least.errors);
      const { deviance, nullDeviance } = report.trainingFit!;
      expect(digits(1 - deviance / nullDeviance, set.r2)).toBeGreaterThan(least.errors);
    }
    for (const [i, { estimate, standardError }] of own.entries()) {
      expect(digits(estimate!, set.estimates[i]!)).toBeGreaterThan(least.estimates);
      if (least.errors > 0) expect(digits(standardError!, set.errors[i]!)).toBeGreaterThan(least.errors);
    }
  });
});
