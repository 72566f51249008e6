import { expect, test } from "vitest";
import { MetricPoint } from "../../../src/domain/jobs/job.ts";
import { finitePoint } from "../../../workers/training/finite-point.ts";

test("a point of the history holds numbers only, also just before a divergence", () => {
  const point = finitePoint({
    ...{ epoch: 1, step: 9, seconds: 1, learningRate: 0.1, trainLoss: 1e30 },
    gradientNorm: Number.POSITIVE_INFINITY,
    metrics: { validationLoss: Number.NaN, validationR2: -3 },
    layers: [{ layer: "output", gradientRms: Number.NaN, weightRms: 1, activationRms: Number.POSITIVE_INFINITY }],
  });
  expect(JSON.parse(JSON.stringify(point))).toEqual(MetricPoint.parse(point));
  expect(point).toMatchObject({
    gradientNorm: Number.MAX_VALUE,
    metrics: { validationR2: -3 },
    layers: [{ layer: "output", gradientRms: Number.MAX_VALUE, weightRms: 1 }],
  });
  expect(Object.keys(point.metrics)).toEqual(["validationR2"]);
});
