import { readFileSync } from "node:fs";
import { expect } from "vitest";
import type { JobSpecInput } from "../../../../src/domain/jobs/spec/job-spec.ts";
import type { createJobs } from "../../../workers/training/jobs.ts";

interface Fitted {
  terms: string[];
  estimates: number[];
  errors: number[];
  robust: number[];
  logLikelihood: number;
  aic: number;
  residualDegrees: number;
  deviance: number;
  nullDeviance: number;
  dispersion: number;
}

interface Fixtures {
  weighted: Record<"linear" | "logistic" | "poisson", Fitted>;
  offset: Record<"poisson" | "gamma", Fitted>;
  gamma: Fitted & { shape: number; maximum: number };
  gammaWeighted: Fitted;
  negativeBinomial: Fitted & { theta: number; thetaError: number };
  negativeBinomialPlain: Fitted & { theta: number; thetaError: number };
  quantile: {
    level: number;
    terms: string[];
    estimates: number[];
    objective: number;
    kernel: number[];
    nid: number[];
  }[];
}

const read = (name: string): string => readFileSync(new URL(name, import.meta.url), "utf8");

/** Of R 4.2 with MASS and quantreg: see glm-fixtures.R. */
export const fixtures: Fixtures = JSON.parse(read("glm-fixtures.json"));
export const glmCsv = read("glm.csv");

export const expectClose = (value: number | null | undefined, wanted: number, relative = 1e-7): void => {
  if (value === null || value === undefined) throw new Error(`no value where ${wanted} is wanted`);
  expect(Math.abs(value - wanted), `${value} for ${wanted}`).toBeLessThanOrEqual(
    relative * Math.max(Math.abs(wanted), 1e-4),
  );
};

/** The report of a job of real threads. */
export const reportOf = async (
  jobs: Awaited<ReturnType<typeof createJobs>>,
  csv: string,
  input: Omit<JobSpecInput, "dataset">,
) => {
  const run = await jobs.train(csv, input);
  const { report, model } = await jobs.modelOf(run);
  if (report.task !== "regression" && report.task !== "classification") throw new Error(report.task);
  return { run, report, model };
};
