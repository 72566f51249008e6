import type { Readable } from "node:stream";
import type { ModelId, TenantId } from "../../domain/ids.ts";
import { limits } from "../../domain/limits.ts";
import { preprocessingFor } from "../../domain/models/image-presets.ts";
import {
  type ImportedModel,
  type ImportedNetwork,
  type ImportFormat,
  ImportParameters,
} from "../../domain/models/imported-model.ts";
import { artifactKeys } from "../../store/artifacts/artifact-store.ts";
import { encodeManifest } from "../../store/artifacts/manifest-file.ts";
import type { Caller } from "../admission/caller.ts";
import { parse } from "../admission/parse.ts";
import { openRoom, type Room, uploadFailure } from "../admission/room.ts";
import type { Deps } from "../deps.ts";
import { removeFiles } from "../upkeep/remove-files.ts";
import { readPreprocessing } from "./read-preprocessing.ts";

const statedAt = "/query/preprocessing";

/** What the user says of the file; unchecked. */
interface Stated {
  name?: string | undefined;
  architecture?: string | undefined;
  sizes?: string | undefined;
  preprocessing?: string | undefined;
  licence?: string | undefined;
  source?: string | undefined;
}

/**
 * Streams a network's file into the store, has it read in a thread, records it, then publishes the manifest: a model that is seen is whole.
 * On any failure nothing is left, but for what the sweep removes where Redis did not answer. `malformed`: the file is not what its format says. `unprocessable`: it holds what cannot be run here, by name.
 */
export const importModel = async (
  deps: Deps,
  caller: Caller,
  { body, gone, format, ...stated }: Stated & { format: ImportFormat; body: Readable; gone?: AbortSignal },
): Promise<ImportedModel> => {
  const given = parse(ImportParameters, stated, { base: "/query" });
  const preprocessing = given.preprocessing === undefined ? null : readPreprocessing(given.preprocessing, statedAt);
  await deps.jobs.ping();
  const id = deps.createId("mdl");
  const { tenant } = caller;
  const room = await openRoom(deps, caller, artifactKeys.model(tenant, id), gone);
  let reached: Reached = "file";
  try {
    const upload = artifactKeys.modelUpload(tenant, id);
    const { bytes, sha256 } = await deps.artifacts.write(upload, room.filled(body), { limitBytes: limits.modelBytes });
    const question = { model: id, format, architecture: given.architecture, sizes: given.sizes };
    const { producer, opset, ...read } = await readWithin(deps, caller, room, bytes, question);
    await deps.artifacts.remove(upload);
    room.give(bytes);
    const model: ImportedModel = {
      id,
      name: given.name,
      origin: "imported",
      job: null,
      dataset: null,
      base: null,
      metrics: {},
      ...read,
      image: preprocessing === null ? read.image : preprocessingFor(preprocessing, read.inputs[0], statedAt),
      licence: given.licence ?? null,
      source: given.source ?? null,
      file: { format, bytes, sha256, producer, opset },
      createdAt: deps.now().toISOString(),
    };
    // And its version, which it is given when it is recorded.
    await room.take(encodeManifest(model).length + 32);
    await room.secure();
    reached = "asked";
    const { version } = await deps.catalogue.addModel(tenant, model);
    reached = "recorded";
    const recorded = { ...model, version };
    await deps.artifacts.write(artifactKeys.modelManifest(tenant, id), encodeManifest(recorded));
    return recorded;
  } catch (error) {
    await withdraw(deps, tenant, id, reached).catch((cause: unknown) => {
      deps.log.error(
        { tenant, model: id, err: cause },
        "the rest of a failed import could not be removed; the sweep will",
      );
    });
    throw uploadFailure(error);
  } finally {
    await room.close();
  }
};

/** Weights take about as much as the file, unless that holds them in fewer bits or compressed: then it is read again, with room for them. */
const readWithin = async (
  { engine }: Deps,
  caller: Caller,
  room: Room,
  fileBytes: number,
  question: Omit<Parameters<Deps["engine"]["importNetwork"]>[1], "mostBytes">,
): Promise<ImportedNetwork> => {
  let mostBytes = room.unlimited ? Number.POSITIVE_INFINITY : Math.ceil(fileBytes * 1.05) + 4096;
  await room.take(mostBytes);
  for (;;) {
    const read = await engine.importNetwork(caller, { ...question, mostBytes });
    const needsBytes = "needsBytes" in read ? read.needsBytes : read.files.weights.bytes + read.files.network.bytes;
    room.give(mostBytes);
    await room.take(needsBytes);
    if (!("needsBytes" in read)) return read;
    mostBytes = needsBytes;
  }
};

/** How far an import came: its file is being read, Redis was asked to record it, Redis has recorded it. */
type Reached = "file" | "asked" | "recorded";

/** Takes back what a failed import left. What was asked of Redis may still come true, so its files stay until that is known. */
const withdraw = async (deps: Deps, tenant: TenantId, id: ModelId, reached: Reached): Promise<void> => {
  if (reached === "asked") return;
  if (reached === "recorded") await deps.catalogue.removeModel(tenant, id);
  await removeFiles(deps, tenant, artifactKeys.model(tenant, id));
};
