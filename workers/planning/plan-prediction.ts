import type { Model } from "../../src/domain/models/model.ts";
import { isClusteringModel } from "../../src/engine/cluster/plan-clustering.ts";
import { predictorBytes } from "../../src/engine/train/predictor.ts";

/** Clusterings answer outside of the shared memory; a job has a page of it all the same. */
const pageBytes = 65_536;

/** Bytes of the shared memory that a model answers in. */
export const planPrediction = ({ spec, preprocessing }: Pick<Model, "spec" | "preprocessing">): number =>
  isClusteringModel(spec.model) ? pageBytes : predictorBytes(spec, preprocessing.inputs, preprocessing.outputs);
