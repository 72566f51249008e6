import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createJobs } from "../../../workers/training/jobs.ts";
import { expectClose, fixtures, glmCsv, reportOf } from "./fixtures.ts";

let jobs: Awaited<ReturnType<typeof createJobs>>;
beforeAll(async () => {
  jobs = await createJobs();
});
afterAll(() => jobs?.close());

const training = { split: { validation: 0, test: 0 } } as const;
const taskOf = (label: string, more: object = {}) => ({
  ...{ type: "regression" as const, label, features: ["x", "z", "g"] },
  ...more,
});
type Report = Awaited<ReturnType<typeof reportOf>>["report"];
type Fitted = (typeof fixtures)["gamma"] | (typeof fixtures)["gammaWeighted"];

/** R's glm ends where the deviance settles, with seven digits of a Gamma's estimates. */
const expectFitted = (report: Report, fixture: Omit<Fitted, "shape" | "maximum">, digits = 1e-6): void => {
  expect(report.solution).toMatchObject({ converged: true, method: "newton", l2: 0 });
  expect(report.coefficients!.map(({ term }) => term).slice(0, 3)).toEqual(["(intercept)", "x", "z"]);
  for (const [i, { estimate, standardError, robust }] of report.coefficients!.entries()) {
    expectClose(estimate, fixture.estimates[i]!, digits);
    expectClose(standardError, fixture.errors[i]!, digits);
    expectClose(robust?.standardError, fixture.robust[i]!, digits);
  }
  expectClose(report.inference!.dispersion, fixture.dispersion, digits);
  expectClose(report.trainingFit!.deviance, fixture.deviance, digits);
  expectClose(report.trainingFit!.nullDeviance, fixture.nullDeviance, digits);
  expectClose(report.trainingFit!.logLikelihood, fixture.logLikelihood, digits);
  expectClose(report.inference!.aic, fixture.aic, digits);
  expect(report.inference!.residualDegrees).toBe(fixture.residualDegrees);
};

describe("Gamma regression says what R's glm(Gamma(log)) says", () => {
  test("with the dispersion by Pearson's χ², the shape by maximum likelihood and F tests", async () => {
    const { report } = await reportOf(jobs, glmCsv, { task: taskOf("positive"), model: { type: "gamma" }, training });
    const fixture = fixtures.gamma;
    expectFitted(report, fixture);
    const { shape, overall, features } = report.inference!;
    expect(shape!.name).toBe("alpha");
    expectClose(shape!.estimate, fixture.shape, 1e-7);
    // Student's t with the residual degrees of freedom, and F = (D₀ − D)/4/φ.
    const first = report.coefficients![1]!;
    expectClose(first.statistic, fixture.estimates[1]! / fixture.errors[1]!, 1e-6);
    expect(overall).toMatchObject({ distribution: "F", degrees: 4, residualDegrees: 155 });
    expectClose(overall!.statistic, (fixture.nullDeviance - fixture.deviance) / 4 / fixture.dispersion, 1e-6);
    expect(features.map(({ feature, degrees }) => [feature, degrees])).toEqual([
      ["x", 1],
      ["z", 1],
      ["g", 2],
    ]);
    // Measured on the training rows: their likelihood at the most likely shape, and the deviance that is explained.
    if (report.task !== "regression") throw new Error(report.task);
    expectClose(report.logLikelihood!.value, fixture.maximum / 160, 1e-6);
    expectClose(report.devianceExplained!.value, 1 - fixture.deviance / fixture.nullDeviance, 1e-6);
    expect(report.distribution).toContain("Gamma");
    expect(report.against).toMatchObject({ measure: "log_likelihood", linear: null });
    expect(report.against!.null.difference.value).toBeGreaterThan(0.1);
  });

  test("with weights of rows, and with an exposure", async () => {
    const weighted = taskOf("positive", { weight: "weight" });
    const byWeight = await reportOf(jobs, glmCsv, { task: weighted, model: { type: "gamma" }, training });
    expectFitted(byWeight.report, fixtures.gammaWeighted);
    const per = taskOf("positive", { exposure: "exposure" });
    const byUnit = await reportOf(jobs, glmCsv, { task: per, model: { type: "gamma" }, training });
    expectFitted(byUnit.report, fixtures.offset.gamma, 5e-6);
  });
});

describe("Negative binomial regression says what MASS's glm.nb says", () => {
  test.each([
    ["with an exposure", { exposure: "exposure" }, fixtures.negativeBinomial],
    ["without", {}, fixtures.negativeBinomialPlain],
  ] as const)("%s", async (_name, more, fixture) => {
    const task = taskOf("overdispersed", more);
    const { report, model } = await reportOf(jobs, glmCsv, { task, model: { type: "negative_binomial" }, training });
    expectFitted(report, fixture);
    const { shape, overall, features } = report.inference!;
    expect(shape!.name).toBe("theta");
    expectClose(shape!.estimate, fixture.theta, 1e-8);
    expectClose(shape!.standardError, fixture.thetaError, 1e-5);
    // Likelihood ratios with the θ of each model: without features it is smaller, and loses less than at the same θ.
    expect(overall).toMatchObject({ distribution: "chi-squared", degrees: 4 });
    expect(overall!.statistic).toBeLessThan(fixture.nullDeviance - fixture.deviance);
    expect(features).toHaveLength(3);
    expectClose(report.logLikelihood!.value, fixture.logLikelihood / 160, 1e-7);
    // Its null model has the rows' mean rate, R's the most likely one: the same where each count is of one unit.
    const explained = 1 - fixture.deviance / fixture.nullDeviance;
    expectClose(report.devianceExplained!.value, explained, "exposure" in more ? 1e-2 : 1e-6);
    if (report.task !== "regression") throw new Error(report.task);
    expect(report.distribution).toBe("negative binomial");
    expect(model.spec.loss).toEqual({ type: "negative_binomial_nll" });
    expect(report.coefficients![1]!.ratio!.value).toBeCloseTo(Math.exp(fixture.estimates[1]!), 6);
  });

  test("and is Poisson's, with a note, where counts vary no more than that", async () => {
    const csv = `x,y\n${Array.from({ length: 60 }, (_, i) => `${i % 6},${2 + (i % 6) + (i % 3)}`).join("\n")}\n`;
    const task = { type: "regression" as const, label: "y" };
    const own = await reportOf(jobs, csv, { task, model: { type: "negative_binomial" }, training });
    const poisson = await reportOf(jobs, csv, { task, model: { type: "poisson" }, training });
    expect(own.report.notes.map(({ code }) => code)).toContain("no_overdispersion");
    expect(own.report.inference!.shape).toBeNull();
    for (const [i, { estimate, standardError }] of own.report.coefficients!.entries()) {
      expectClose(estimate, poisson.report.coefficients![i]!.estimate!, 1e-9);
      expectClose(standardError, poisson.report.coefficients![i]!.standardError!, 1e-9);
    }
    expectClose(own.report.trainingFit!.logLikelihood, poisson.report.trainingFit!.logLikelihood!, 1e-9);
    expectClose(own.model.metrics.trainLoss, poisson.model.metrics.trainLoss!, 1e-9);
  });
});

test.each([
  ["gamma", "positive"],
  ["negative_binomial", "overdispersed"],
] as const)(
  "a penalty shrinks a %s model, which has the posterior's errors then, and no tests",
  async (type, label) => {
    const fitted = (l2: number) =>
      reportOf(jobs, glmCsv, { task: taskOf(label), model: { type }, training: { ...training, l2 } });
    const [plain, little, much] = [await fitted(0), await fitted(1e-9), await fitted(0.3)];
    for (const [i, { estimate, standardError }] of little.report.coefficients!.entries()) {
      expectClose(estimate, plain.report.coefficients![i]!.estimate!, 1e-4);
      expectClose(standardError, plain.report.coefficients![i]!.standardError!, 1e-4);
    }
    expectClose(little.report.trainingFit!.deviance, plain.report.trainingFit!.deviance, 1e-6);
    expectClose(little.report.trainingFit!.logLikelihood, plain.report.trainingFit!.logLikelihood!, 1e-6);
    const [x, shrunk] = [plain.report.coefficients![1]!, much.report.coefficients![1]!];
    expect(Math.abs(shrunk.estimate!)).toBeLessThan(0.95 * Math.abs(x.estimate!));
    expect(shrunk).toMatchObject({ statistic: null, pValue: null });
    expect(much.report.notes.map(({ code }) => code)).toContain("penalised");
  },
);

describe("Quantile regression says what quantreg's rq says", () => {
  test.each(fixtures.quantile)("at $level, with errors by a kernel", async (fixture) => {
    const model = { type: "quantile" as const, quantile: fixture.level };
    const { report } = await reportOf(jobs, glmCsv, { task: taskOf("number"), model, training });
    expect(report.solution).toMatchObject({ converged: true, method: "simplex" });
    expect(report.solution!.gap).toBeLessThan(1e-9);
    for (const [i, { estimate, standardError, ratio, robust }] of report.coefficients!.entries()) {
      expectClose(estimate, fixture.estimates[i]!, 1e-9);
      expectClose(standardError, fixture.kernel[i]!, 1e-7);
      expect([ratio, robust]).toEqual([null, null]);
    }
    expectClose(report.trainingFit!.deviance, fixture.objective, 1e-10);
    const { inference } = report;
    expect(inference!.quantile).toMatchObject({ level: fixture.level, errors: "kernel" });
    const tau = fixture.level;
    const logLikelihood = 160 * (Math.log(tau * (1 - tau)) - 1 - Math.log(fixture.objective / 160));
    expectClose(report.trainingFit!.logLikelihood, logLikelihood, 1e-9);
    expectClose(inference!.aic, 10 - 2 * logLikelihood, 1e-9);
    expect(inference).toMatchObject({ overall: null, features: [], dispersion: null, influence: null });
    if (report.task !== "regression") throw new Error(report.task);
    // Of the training rows as many are below as can be: five lie on the plane.
    expect(Math.abs(report.below!.share.value - tau)).toBeLessThanOrEqual(5 / 160);
    expectClose(report.below!.pinball.value, fixture.objective / 160, 1e-9);
    expectClose(report.devianceExplained!.value, inference!.quantile!.explained!, 1e-9);
    expect(report.against!.measure).toBe("pinball");
  });

  test("and says that a median of an even number of values is not the only one", async () => {
    const csv = `x,y\n${Array.from({ length: 40 }, (_, i) => `${i % 2},${10 * (i % 2) + Math.floor(i / 2)}`).join("\n")}\n`;
    const input = { task: { type: "regression", label: "y" }, model: { type: "quantile" }, training } as const;
    const { report, model } = await reportOf(jobs, csv, input);
    expect(report.notes.map(({ code }) => code)).toContain("not_unique");
    expect(model.spec.loss).toEqual({ type: "pinball", quantile: 0.5 });
  });
});

describe("networks have these losses too:", () => {
  test("a quantile's, with the exact quantile beside it", async () => {
    const loss = { type: "pinball" as const, quantile: 0.8 };
    const model = { type: "mlp" as const, hidden: [6], activation: "silu" as const };
    const own = await reportOf(jobs, glmCsv, {
      ...{ task: taskOf("number"), model, loss },
      training: { ...training, epochs: 150, penaltySearch: false, l2: 0 },
    });
    const { report, model: stored } = own;
    if (report.task !== "regression") throw new Error(report.task);
    // The loss of training is the one that the report measures, of the standardised label.
    const { label } = stored.preprocessing;
    if (label.type !== "number") throw new Error(label.type);
    expectClose(report.below!.pinball.value, stored.metrics.trainLoss! * label.scale, 1e-4);
    expect(Math.abs(report.below!.share.value - 0.8)).toBeLessThan(0.06);
    expect(report.devianceExplained!.value).toBeGreaterThan(0.3);
    expect(report.against).toMatchObject({ measure: "pinball", linear: { model: "quantile", l2: 0 } });
  });

  test("a Gamma's, alone and of an ensemble, with the exact Gamma model beside it", async () => {
    const members = [{ hidden: [6] }, { hidden: [5], activation: "tanh" as const }];
    for (const model of [
      { type: "mlp" as const, hidden: [6] },
      { type: "ensemble" as const, members },
    ]) {
      const { report, model: stored } = await reportOf(jobs, glmCsv, {
        ...{ task: taskOf("positive", { weight: "weight" }), model, loss: { type: "gamma_nll" as const } },
        training: { ...training, epochs: 100, penaltySearch: { factors: [1, 4] } },
      });
      if (report.task !== "regression") throw new Error(report.task);
      const exact = 1 - fixtures.gammaWeighted.deviance / fixtures.gammaWeighted.nullDeviance;
      expect(Math.abs(report.devianceExplained!.value - exact)).toBeLessThan(0.25);
      expect(report.distribution).toContain("Gamma");
      expect(report.against!.linear!.model).toBe("gamma");
      // Means of positive numbers are positive.
      expect(stored.preprocessing.label).toMatchObject({ mean: 0, scale: 1 });
    }
  });
});

test("a cross-validation measures each of them by its own likelihood", async () => {
  const parts = [
    ["positive", { type: "gamma" }, "Gamma"],
    ["overdispersed", { type: "negative_binomial" }, "negative binomial"],
    ["number", { type: "quantile", quantile: 0.3 }, null],
  ] as const;
  for (const [label, model, distribution] of parts) {
    const { report } = await reportOf(jobs, glmCsv, {
      ...{ task: taskOf(label), model },
      training: { crossValidation: { folds: 4 } },
    });
    if (report.task !== "regression") throw new Error(report.task);
    expect(report.split).toBe("out_of_fold");
    if (distribution === null) expect(report.distribution).toBeNull();
    else expect(report.distribution).toContain(distribution);
    // Held out, a little less is explained than the models explain of their own rows.
    const fit = report.trainingFit!;
    const own = 1 - fit.deviance / fit.nullDeviance;
    expect(report.devianceExplained!.value).toBeLessThan(own);
    expect(report.devianceExplained!.value).toBeGreaterThan(own - 0.15);
    expect(report.below === null).toBe(label !== "number");
  }
});
