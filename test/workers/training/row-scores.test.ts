import { expect, test } from "vitest";
import type { ResolvedJobSpec } from "../../../src/domain/jobs/spec/job-spec.ts";
import type { Preprocessing } from "../../../src/domain/models/model.ts";
import { scoreRows } from "../../../workers/training/trials/row-scores.ts";

const two: Preprocessing = {
  ...{ features: [], inputs: 0, outputs: 2 },
  label: { type: "classes", column: "y", classes: ["a", "b"] },
};
const specOf = (type: "cross_entropy" | "binary_cross_entropy"): ResolvedJobSpec =>
  ({ loss: { type, labelSmoothing: 0 } }) as ResolvedJobSpec;

const lossesOf = (
  type: "cross_entropy" | "binary_cross_entropy",
  outputs: number[],
  meanLoss: number,
): { losses: number[]; mean: number } => {
  const labels = Int32Array.of(0, 1, 0, 1);
  const answers = { rows: Int32Array.of(0, 1, 2, 3), outputs: Float32Array.from(outputs) };
  const preprocessing = type === "cross_entropy" ? two : { ...two, outputs: 1 };
  const scores = scoreRows({ spec: specOf(type), preprocessing, labels, answers, meanLoss });
  const losses = Array.from(scores!.find(({ name }) => name === "loss")!.data as Float32Array);
  return { losses, mean: losses.reduce((sum, loss) => sum + loss, 0) / losses.length };
};

test("rows whose probability underflowed lose what the measured loss says: the mean of a trial's rows is its objective", () => {
  // e^-400 is no float: the third row's loss is 400.
  const [own, wrong] = [[0.5, 0.5, 0.25, 0.75], -Math.log(0.5) - Math.log(0.75)];
  const meanLoss = (wrong - Math.log(0.5) + 400) / 4;
  const { losses, mean } = lossesOf("cross_entropy", [...own, 0, 1, 0.5, 0.5], meanLoss);
  expect(mean).toBeCloseTo(meanLoss, 4);
  expect(losses[2]).toBeCloseTo(400, 3);
  expect(losses[1]).toBeCloseTo(-Math.log(0.75), 6);
  // Of a single output the probability of the other class is lost much earlier.
  const single = lossesOf("binary_cross_entropy", [0.5, 0.75, 1, 0.5], meanLoss);
  expect(single.mean).toBeCloseTo(meanLoss, 4);
  expect(single.losses[2]).toBeCloseTo(400, 3);
});
