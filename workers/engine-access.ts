import { ServiceError } from "../src/domain/errors.ts";
import type { Plan } from "../src/domain/job.ts";
import { isClusteringModel, planClustering } from "../src/engine/cluster/plan-clustering.ts";
import { ModelShapeError } from "../src/engine/nn/errors.ts";
import { planTraining } from "../src/engine/train/plan-training.ts";
import type { EngineAccess } from "../src/usecases/deps.ts";
import type { Inference } from "./inference.ts";

/** One core on layers of ordinary size, and what a step costs whatever its size; seen on a Zen 5 core. A guide, not a promise. */
const flopsPerSecond = 12e9;
const secondsPerStep = 30e-6;

type Counted = Omit<Plan, "estimatedSeconds" | "warnings"> & { readonly warnings: readonly string[] };

const toPlan = (planned: Counted): Plan => {
  const { parameters, memoryBytes, flopsPerStep, stepsPerEpoch, steps, threads, warnings } = planned;
  const estimatedSeconds = steps * (flopsPerStep / (flopsPerSecond * threads) + secondsPerStep);
  return {
    parameters,
    memoryBytes,
    flopsPerStep,
    stepsPerEpoch,
    steps,
    threads,
    estimatedSeconds,
    warnings: [...warnings],
  };
};

const plan: EngineAccess["plan"] = (spec, shape) => {
  try {
    return toPlan(isClusteringModel(spec.model) ? planClustering(spec, shape) : planTraining(spec, shape));
  } catch (error) {
    if (!(error instanceof ModelShapeError)) throw error;
    throw new ServiceError("invalid", error.message, {
      errors: [{ pointer: error.pointer, detail: error.message }],
      cause: error,
    });
  }
};

/** The engine as the use cases see it: planning is arithmetic and done at once, computing is done in the inference thread. */
export const createEngineAccess = (inference: Inference): EngineAccess => ({
  plan,
  predict: inference.predict,
  forget: inference.forget,
});
