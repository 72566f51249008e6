import type { BinaryWriter } from "@bufbuild/protobuf/wire";
import { invalidAt } from "../domain/errors.ts";
import type { ImportedModel, ImportFormat } from "../domain/models/imported-model.ts";
import { type AnyModel, isImported, type Model } from "../domain/models/model.ts";
import type { Report } from "../domain/models/report.ts";
import type { Page } from "../domain/page.ts";
import { Encoded, fieldOf, writeParts } from "./encoded.ts";
import type { ImagePreprocessing, ImportedFile } from "./generated/descent/v1/model_parts.ts";
import * as wire from "./generated/descent/v1/models.ts";
import { inBothForms, toJobSpec, toTask } from "./job-spec.ts";
import { encodeTyped } from "./typed/encode.ts";
import { modelShapes } from "./typed/model-shapes.ts";

/** The domain's name of a file's format. */
export const fromFormat = (format: wire.ImportFormat): ImportFormat => {
  switch (format) {
    case wire.ImportFormat.IMPORT_FORMAT_ONNX:
      return "onnx";
    case wire.ImportFormat.IMPORT_FORMAT_ZIP:
      return "zip";
    case wire.ImportFormat.IMPORT_FORMAT_SAFETENSORS:
      return "safetensors";
    default: {
      const detail = "must be IMPORT_FORMAT_ONNX, IMPORT_FORMAT_ZIP or IMPORT_FORMAT_SAFETENSORS";
      throw invalidAt("/format", detail);
    }
  }
};

const toImported = (model: ImportedModel): wire.Model => {
  const { architecture, inputs, outputs, trainable, frozen, head, labels, image, warnings, licence, source, file } =
    model;
  const { found = [] } = model;
  return {
    id: model.id,
    name: model.name,
    parameters: model.parameters,
    metrics: model.metrics,
    digest: model.digest,
    createdAt: model.createdAt,
    files: model.files,
    version: model.version,
    imported: {
      ...{ inputs, outputs, trainable, frozen, warnings, found, labels: labels ?? [] },
      architecture: architecture ?? undefined,
      head: head ?? undefined,
      image: image === null ? undefined : inBothForms<ImagePreprocessing>(modelShapes.image, image),
      licence: licence ?? undefined,
      source: source ?? undefined,
      file: inBothForms<ImportedFile>(modelShapes.file, file),
    },
  };
};

const toModel = (model: AnyModel): wire.Model => (isImported(model) ? toImported(model) : toTrained(model));

/** All but the preprocessing. */
const toTrained = (model: Model): wire.Model => ({
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
  version: model.version,
  refit: model.refit,
  datasetVersion: model.datasetVersion,
});

async function* partsOf(model: AnyModel): AsyncGenerator<BinaryWriter, void, void> {
  yield wire.Model.encode(toModel(model));
  if (!isImported(model)) yield fieldOf(11, await encodeTyped(modelShapes.preprocessing, model.preprocessing));
}

export const encodeModel = async (model: AnyModel): Promise<Encoded<wire.Model>> =>
  new Encoded(await writeParts(partsOf(model)), model.id);

async function* partsOfPage({ items, nextPageToken }: Page<AnyModel>): AsyncGenerator<BinaryWriter, void, void> {
  for (const item of items) yield fieldOf(1, (await encodeModel(item)).bytes);
  yield wire.ListModelsResponse.encode({ items: [], nextPageToken: nextPageToken ?? undefined });
}

export const encodeModels = async (page: Page<AnyModel>): Promise<Encoded<wire.ListModelsResponse>> =>
  new Encoded(await writeParts(partsOfPage(page)));

export const encodeReport = async (report: Report): Promise<Encoded<wire.GetModelReportResponse>> =>
  new Encoded(fieldOf(1, await encodeTyped(modelShapes.report, report)).finish());
