import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodeRows } from "../../../../src/data/preprocessing/encode-rows.ts";
import { withExposures } from "../../../../src/data/preprocessing/encoders/exposure-cell.ts";
import { createJobs } from "../../../workers/training/jobs.ts";
import { expectClose, fixtures, glmCsv, reportOf } from "./fixtures.ts";

let jobs: Awaited<ReturnType<typeof createJobs>>;
beforeAll(async () => {
  jobs = await createJobs();
});
afterAll(() => jobs?.close());

const allRows = { split: { validation: 0, test: 0 } } as const;
const task = { type: "regression" as const, label: "count", features: ["x", "z", "g"], exposure: "exposure" };

describe("Counts with an exposure", () => {
  test("are solved as by R's glm with offset(log(exposure))", async () => {
    const fixture = fixtures.offset.poisson;
    const { report, model } = await reportOf(jobs, glmCsv, { task, model: { type: "poisson" }, training: allRows });
    for (const [i, { estimate, standardError, robust }] of report.coefficients!.entries()) {
      expectClose(estimate, fixture.estimates[i]!);
      expectClose(standardError, fixture.errors[i]!);
      expectClose(robust?.standardError, fixture.robust[i]!);
    }
    expectClose(report.trainingFit!.logLikelihood, fixture.logLikelihood);
    expectClose(report.trainingFit!.deviance, fixture.deviance);
    expectClose(report.trainingFit!.nullDeviance, fixture.nullDeviance);
    expectClose(report.inference!.dispersion, fixture.dispersion);
    expectClose(report.inference!.overall!.statistic, fixture.nullDeviance - fixture.deviance);
    // The report's null model has the exposure as well: measured on the training rows, both shares are the same.
    expectClose(report.devianceExplained!.value, 1 - fixture.deviance / fixture.nullDeviance, 1e-6);
    expect(report.notes.map(({ code }) => code)).toContain("exposure");
    // A row to predict needs it, and is answered as often as it says.
    const row = { x: 50, z: 3, g: "b" };
    expect(() => encodeRows(model.preprocessing, [row])).toThrow("/rows/0/exposure: must be a number above 0");
    expect(() => encodeRows(model.preprocessing, [{ ...row, exposure: 0 }])).toThrow("/rows/0/exposure");
    expect(() => encodeRows(model.preprocessing, [{ ...row, exposure: 1e300 }])).toThrow("between 1e-26 and 1e+26");
    const { exposures, warnings } = encodeRows(model.preprocessing, [
      { ...row, exposure: 1 },
      { ...row, exposure: 2.5 },
    ]);
    expect(warnings).toEqual([]);
    expect(withExposures([{ value: 2 }, { value: 2 }], exposures)).toEqual([{ value: 2 }, { value: 5 }]);
  });

  test("come to the same rates by iterations, by a column of logarithms, and by an ensemble's trials of penalties", async () => {
    const [head, ...rows] = glmCsv.trimEnd().split("\n");
    const at = head!.split(",").indexOf("exposure");
    const logs = [`${head},log`, ...rows.map((row) => `${row},${Math.log(Number(row.split(",")[at]))}`)].join("\n");
    const { exposure: _, ...plain } = task;
    const training = { ...allRows, epochs: 400, batchSize: "full" as const, l2: 0 };
    const optimizer = { type: "adam" as const, learningRate: 0.05 };
    const own = await reportOf(jobs, logs, {
      ...{ task: { ...plain, offset: "log" }, model: { type: "poisson" as const }, training, optimizer },
    });
    for (const [i, { estimate }] of own.report.coefficients!.entries())
      expect(Math.abs(estimate! - fixtures.offset.poisson.estimates[i]!)).toBeLessThan(0.02);
    expectClose(own.report.trainingFit!.nullDeviance, fixtures.offset.poisson.nullDeviance, 1e-5);
    const member = { hidden: [4], activation: "silu" as const };
    const ensemble = await reportOf(jobs, glmCsv, {
      ...{ task, model: { type: "ensemble" as const, members: [member, member] } },
      training: { ...allRows, epochs: 40, penaltySearch: { factors: [1, 4] } },
    });
    expect(ensemble.model.spec.loss.type).toBe("poisson_nll");
    expect(ensemble.report.devianceExplained!.value).toBeGreaterThan(0.2);
    // The linear model beside it has the exposure too.
    expect(ensemble.report.against!.linear!.model).toBe("poisson");
    expect(Math.abs(ensemble.report.against!.linear!.difference.value)).toBeLessThan(0.3);
  });
});
