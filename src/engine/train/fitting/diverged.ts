import { TrainingError, type TrainingMeta, type TrainingPlan } from "../planning/training.ts";
import { viewOf } from "./memory.ts";

const allFinite = (values: Float32Array): boolean => values.every((value) => Number.isFinite(value));

/**
 * The layer where numbers most likely left the range of f32. The step has spread NaN over every layer behind it by the time the loss is seen, so the evidence is
 * the state before: the input itself, else the layer whose gradients were largest when they were last described.
 */
const suspect = (plan: TrainingPlan, memory: WebAssembly.Memory, meta: TrainingMeta): string => {
  // Those that come through a ring are made of pixels.
  if (!allFinite(viewOf(memory, plan.data.train.features) as Float32Array)) return "input";
  const worst = meta.watch.layers.toSorted((a, b) => b.gradientRms - a.gradientRms)[0];
  const last = plan.tensors.at(-1);
  return worst?.layer ?? last?.layer ?? "output";
};

/** The loss has become NaN or infinite: the job ends. */
export const divergedError = (
  plan: TrainingPlan,
  memory: WebAssembly.Memory,
  meta: TrainingMeta,
  learningRate: number,
  loss: number,
): TrainingError => {
  const layer = suspect(plan, memory, meta);
  const hint =
    layer === "input"
      ? "the inputs hold NaN or infinity: look at the preprocessing of the data"
      : `lower the learning rate (it was ${learningRate}), clip the gradient's norm, or standardise the inputs`;
  const message = `the loss became ${Number.isNaN(loss) ? "NaN" : "infinite"} at step ${meta.step + 1}, epoch ${meta.epoch + 1}; the layer ${layer} is the likely place`;
  return new TrainingError("diverged", message, hint, {
    step: meta.step + 1,
    epoch: meta.epoch + 1,
    layer,
    learningRate,
    loss: String(loss),
  });
};
