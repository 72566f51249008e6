import type { BinaryWriter } from "@bufbuild/protobuf/wire";
import type { Model, Prediction } from "../domain/models/model.ts";
import type { Report } from "../domain/models/report.ts";
import type { Page } from "../domain/page.ts";
import { Encoded, encodeStruct, fieldOf, writeParts } from "./encoded.ts";
import * as wire from "./generated/descent/v1/models.ts";
import { toJobSpec, toTask } from "./job-spec.ts";

/** All but the preprocessing. */
const toModel = (model: Model): wire.Model => ({
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
  preprocessing: undefined,
  createdAt: model.createdAt,
  files: model.files,
});

async function* partsOf(model: Model): AsyncGenerator<BinaryWriter, void, void> {
  yield wire.Model.encode(toModel(model));
  yield fieldOf(11, await encodeStruct(model.preprocessing));
}

export const encodeModel = async (model: Model): Promise<Encoded<wire.Model>> =>
  new Encoded(await writeParts(partsOf(model)), model.id);

async function* partsOfPage({ items, nextPageToken }: Page<Model>): AsyncGenerator<BinaryWriter, void, void> {
  for (const item of items) yield fieldOf(1, (await encodeModel(item)).bytes);
  yield wire.ListModelsResponse.encode({ items: [], nextPageToken: nextPageToken ?? undefined });
}

export const encodeModels = async (page: Page<Model>): Promise<Encoded<wire.ListModelsResponse>> =>
  new Encoded(await writeParts(partsOfPage(page)));

export const encodeReport = async (report: Report): Promise<Encoded<wire.GetModelReportResponse>> =>
  new Encoded(fieldOf(1, await encodeStruct(report)).finish());

const toKind = (prediction: Prediction): NonNullable<wire.Prediction["kind"]> => {
  if ("label" in prediction) return { $case: "classification", value: prediction };
  if ("value" in prediction) return { $case: "regression", value: prediction };
  if ("distances" in prediction) return { $case: "cluster", value: prediction };
  if ("cluster" in prediction) return { $case: "mixture", value: prediction };
  if ("reconstruction" in prediction) return { $case: "reconstruction", value: prediction };
  return { $case: "density", value: prediction };
};

export const toPrediction = (prediction: Prediction): wire.Prediction => ({ kind: toKind(prediction) });
