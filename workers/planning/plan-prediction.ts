import type { Model } from "../../src/domain/models/model.ts";
import type { NetworkDescription } from "../../src/domain/models/network.ts";
import { isClusteringModel } from "../../src/engine/cluster/plan-clustering.ts";
import { pageBytes } from "../../src/engine/tensor/layout.ts";
import { predictorBytes } from "../../src/engine/train/predictor.ts";

/** Bytes of the shared memory that a model answers in. */
export const planPrediction = (
  { spec, preprocessing }: Pick<Model, "spec" | "preprocessing">,
  network: NetworkDescription | null = null,
): number => {
  // Clusterings answer outside of the shared memory; a job has a page of it all the same.
  if (isClusteringModel(spec.model)) return pageBytes;
  const traced = network === null ? spec : { ...spec, network };
  return predictorBytes(traced, preprocessing.inputs, preprocessing.outputs);
};
