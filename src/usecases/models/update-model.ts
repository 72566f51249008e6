import { assert, ServiceError } from "../../domain/errors.ts";
import { preprocessingFor } from "../../domain/models/image-presets.ts";
import { type ImportedModel, UpdateModelRequest } from "../../domain/models/imported-model.ts";
import { type AnyModel, isImported } from "../../domain/models/model.ts";
import { artifactKeys } from "../../store/artifacts/artifact-store.ts";
import { encodeManifest } from "../../store/artifacts/manifest-file.ts";
import { publishManifest } from "../../store/artifacts/publish-manifest.ts";
import type { Caller } from "../admission/caller.ts";
import { parse } from "../admission/parse.ts";
import { openRoom, secureGrowth } from "../admission/room.ts";
import type { Deps } from "../deps.ts";
import { getModel } from "./get-model.ts";

const invalid = (pointer: string, detail: string): ServiceError =>
  new ServiceError("invalid", pointer === "" ? detail : `${pointer}: ${detail}`, { errors: [{ pointer, detail }] });

const changed = (model: ImportedModel, stated: UpdateModelRequest): ImportedModel => {
  const { labels, preprocessing, licence, source } = stated;
  const columns = model.outputs[0]!.shape.slice(1).reduce((product, size) => product * size, 1);
  if (labels && labels.length !== columns) {
    const detail = `has ${labels.length} names, and the network's first output ${columns} columns; name each of them`;
    throw invalid("/labels", detail);
  }
  return {
    ...model,
    ...(labels === undefined ? {} : { labels }),
    ...(preprocessing === undefined
      ? {}
      : { image: preprocessingFor(preprocessing, model.inputs[0], "/preprocessing") }),
    ...(licence === undefined ? {} : { licence }),
    ...(source === undefined ? {} : { source }),
  };
};

/**
 * Changes what is known of an imported model's outputs and pictures. Its record first, then its manifest: should something come between, the
 * same request again writes both. `in_use` while an unfinished job needs the labels or the preprocessing as they are.
 */
export const updateModel = async (
  deps: Deps,
  caller: Caller,
  { id: name, body }: { id: string; body: unknown },
): Promise<ImportedModel> => {
  const stated = parse(UpdateModelRequest, body);
  if (Object.values(stated).every((value) => value === undefined))
    throw invalid("", "state what is to be changed: labels, preprocessing, licence or source");
  const { tenant } = caller;
  const found = await getModel(deps, caller, { id: name });
  if (!isImported(found))
    throw invalid("", `${found.id} was trained here: its labels and its preprocessing are those of its job`);
  const { id } = found;
  const files = artifactKeys.model(tenant, id);
  const room = await openRoom(deps, caller, files);
  try {
    const growth = encodeManifest(changed(found, stated)).length - encodeManifest(found).length;
    await secureGrowth(deps, room, files, growth);
    const change = (model: AnyModel): AnyModel => (isImported(model) ? changed(model, stated) : model);
    const unused = stated.labels !== undefined || stated.preprocessing !== undefined;
    const model = await deps.catalogue.changeModel(tenant, id, change, { unused });
    assert(isImported(model), "a model stays of its kind");
    await publishManifest(deps.artifacts, artifactKeys.modelManifest(tenant, id), model, () =>
      deps.catalogue.model(tenant, id),
    );
    return model;
  } finally {
    await room.close();
  }
};
