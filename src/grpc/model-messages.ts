import type { Model, Prediction } from "../domain/models/model.ts";
import type * as wire from "./generated/descent/v1/models.ts";
import { toJobSpec, toStruct, toTask } from "./job-spec.ts";

export const toModel = (model: Model): wire.Model => ({
  id: model.id,
  name: model.name,
  job: model.job ?? undefined,
  dataset: model.dataset ?? undefined,
  base: model.base ?? undefined,
  task: toTask(model.task),
  spec: toJobSpec(model.spec),
  parameters: model.parameters,
  metrics: model.metrics,
  digest: model.digest,
  preprocessing: toStruct(model.preprocessing),
  createdAt: model.createdAt,
  files: model.files,
});

const toKind = (prediction: Prediction): NonNullable<wire.Prediction["kind"]> => {
  if ("label" in prediction) return { $case: "classification", value: prediction };
  if ("value" in prediction) return { $case: "regression", value: prediction };
  if ("distances" in prediction) return { $case: "cluster", value: prediction };
  if ("cluster" in prediction) return { $case: "mixture", value: prediction };
  if ("reconstruction" in prediction) return { $case: "reconstruction", value: prediction };
  return { $case: "density", value: prediction };
};

export const toPrediction = (prediction: Prediction): wire.Prediction => ({ kind: toKind(prediction) });
