import { expect, test } from "vitest";
import { LossSpec } from "../../src/domain/jobs/spec/parts/loss-spec.ts";
import { measureNumbers } from "../../src/stats/compare-models.ts";
import { comparedLoss } from "../../src/stats/values/compared-loss.ts";

const loss = (type: string, more: object = {}): LossSpec => LossSpec.parse({ type, ...more });
const [positive, counts] = [Float64Array.of(1, 4, 2, 7, 3), Float64Array.of(0, 4, 2, 7, 0)];
const means = Float64Array.of(1.5, 3.2, 2.9, 5.5, 3.1);

const meanOf = (losses: LossSpec[], truths: Float64Array, thetas: (number | null)[] = losses.map(() => null)) => {
  const { loss: compared, notes } = comparedLoss(losses, thetas, truths);
  const { measures } = measureNumbers(means, truths, null, compared);
  const mean = measures.reduce((sum, value) => sum + value, 0) / measures.length;
  return { measure: compared.measure, mean, notes: notes.map(({ message }) => message) };
};

test("models of one loss are compared by it: scikit-learn 1.2.1's mean_absolute_error, mean_squared_error, mean_poisson_deviance, mean_gamma_deviance and mean_pinball_loss, statsmodels 0.13.5's NegativeBinomial deviance", () => {
  for (const [losses, truths, thetas, measure, wanted] of [
    [[loss("poisson_nll")], counts, [null], "poisson_deviance", 2.015032596044036],
    [[loss("gamma_nll"), loss("gamma_nll")], positive, [null, null], "gamma_deviance", 0.07692157060965758],
    [[loss("pinball", { quantile: 0.9 })], positive, [null], "pinball", 0.44399999999999995],
    [[loss("mean_absolute_error"), loss("mean_absolute_error")], positive, [null, null], "absolute_error", 0.76],
    [[loss("mean_absolute_error"), loss("pinball")], positive, [null, null], "absolute_error", 0.76],
    [[loss("huber"), loss("huber")], positive, [null, null], "squared_error", 0.792],
    [[loss("negative_binomial_nll")], counts, [2.5], "negative_binomial_deviance", 1.3451863117057072],
    [[loss("negative_binomial_nll")], counts, [null], "poisson_deviance", 2.015032596044036],
  ] as const) {
    const found = meanOf([...losses], truths, [...thetas]);
    expect(found).toMatchObject({ measure, notes: [] });
    expect(found.mean).toBeCloseTo(-wanted, 12);
  }
});

test("models of different losses are compared by one for all, and a note names it", () => {
  const pair = (a: LossSpec, b: LossSpec, truths = positive) => meanOf([a, b], truths);
  expect(pair(loss("poisson_nll"), loss("negative_binomial_nll"), counts)).toMatchObject({
    measure: "poisson_deviance",
    notes: [expect.stringContaining("Poisson deviance for all")],
  });
  const quantiles = [loss("pinball", { quantile: 0.1 }), loss("pinball", { quantile: 0.9 })] as const;
  for (const found of [
    pair(...quantiles),
    pair(quantiles[0], loss("mean_squared_error")),
    pair(loss("gamma_nll"), loss("huber")),
    pair(loss("mean_squared_error"), loss("mean_absolute_error")),
    pair(loss("huber"), loss("mean_squared_error")),
    pair(loss("mean_absolute_error"), loss("pinball", { quantile: 0.9 })),
  ])
    expect(found).toMatchObject({
      measure: "squared_error",
      notes: [expect.stringContaining("the measure is the squared error")],
    });
  // The same quantile, whatever interval stands about it.
  expect(pair(loss("pinball"), loss("pinball", { interval: 0.9 })).measure).toBe("pinball");
  const two = meanOf([loss("negative_binomial_nll"), loss("negative_binomial_nll")], counts, [2.5, 4]);
  expect(two).toMatchObject({ measure: "negative_binomial_deviance", notes: [expect.stringContaining("θ = 2.5")] });
  expect(two.mean).toBeCloseTo(-1.3451863117057072, 12);
  const one = meanOf([loss("negative_binomial_nll"), loss("negative_binomial_nll")], counts, [null, 2.5]);
  expect(one).toMatchObject({ measure: two.measure, mean: two.mean, notes: [expect.stringContaining("or none")] });
});

test("labels that a deviance is not of are compared by the squared error, and deviances are finite and never below 0", () => {
  expect(meanOf([loss("gamma_nll")], counts)).toMatchObject({
    measure: "squared_error",
    notes: [expect.stringContaining("a label of 0 or below")],
  });
  expect(meanOf([loss("poisson_nll")], Float64Array.of(-1, 1, 1, 1, 1)).measure).toBe("squared_error");
  for (const own of [loss("poisson_nll"), loss("gamma_nll"), loss("negative_binomial_nll")])
    for (const truth of [1e-300, 1, 1e15])
      for (const predicted of [0, 1e-320, truth, truth * (1 + 2 ** -52), 1e15]) {
        const { of } = comparedLoss([own], [3], [truth]).loss;
        const value = of(truth, predicted);
        expect(Number.isFinite(value) && value >= 0, `${own.type} ${truth} ${predicted}: ${value}`).toBe(true);
      }
});
