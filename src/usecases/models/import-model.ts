import type { Readable } from "node:stream";
import { limits } from "../../domain/limits.ts";
import { presetFor } from "../../domain/models/image-presets.ts";
import { type ImportedModel, type ImportFormat, ImportParameters } from "../../domain/models/imported-model.ts";
import { artifactKeys } from "../../store/artifacts/artifact-store.ts";
import type { Caller } from "../admission/caller.ts";
import { parse } from "../admission/parse.ts";
import { incompleteUpload, roomFor, uploadFailure } from "../admission/room.ts";
import type { Deps } from "../deps.ts";

/** What the user says of the file; unchecked. */
interface Stated {
  name?: string | undefined;
  architecture?: string | undefined;
  preprocessing?: string | undefined;
  licence?: string | undefined;
  source?: string | undefined;
}

/**
 * Streams a network's file into the store, has it read in a thread, and publishes the manifest, then the index entry: a model that is seen is whole.
 * On any failure nothing is left. `malformed`: the file is not what its format says. `unprocessable`: it holds what cannot be run here, by name.
 */
export const importModel = async (
  deps: Deps,
  caller: Caller,
  { body, gone, format, ...stated }: Stated & { format: ImportFormat; body: Readable; gone?: AbortSignal },
): Promise<ImportedModel> => {
  const given = parse(ImportParameters, stated, { base: "/query" });
  await deps.jobs.ping();
  const room = await roomFor(deps, caller.tenant, limits.modelBytes);
  const id = deps.createId("mdl");
  const { tenant } = caller;
  try {
    const upload = artifactKeys.modelUpload(tenant, id);
    const { bytes, sha256 } = await deps.artifacts.write(upload, body, { limitBytes: room.limitBytes });
    if (gone?.aborted === true) throw incompleteUpload();
    const { producer, opset, ...read } = await deps.engine.importNetwork({
      tenant,
      model: id,
      format,
      architecture: given.architecture,
    });
    await deps.artifacts.remove(upload);
    const model: ImportedModel = {
      id,
      name: given.name,
      origin: "imported",
      job: null,
      dataset: null,
      base: null,
      metrics: {},
      ...read,
      image: presetFor(given.preprocessing ?? "none", read.inputs[0]),
      licence: given.licence ?? null,
      source: given.source ?? null,
      file: { format, bytes, sha256, producer, opset },
      createdAt: deps.now().toISOString(),
    };
    await deps.artifacts.write(artifactKeys.modelManifest(tenant, id), Buffer.from(JSON.stringify(model)));
    await deps.catalogue.addModel(tenant, model);
    return model;
  } catch (error) {
    await deps.artifacts.remove(artifactKeys.model(tenant, id)).catch((cause: unknown) => {
      deps.log.error({ tenant, model: id, err: cause }, "the rest of a failed import could not be removed");
    });
    throw uploadFailure(error, room, deps);
  }
};
