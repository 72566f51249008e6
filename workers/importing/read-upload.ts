import { invalidAt, ServiceError } from "../../src/domain/errors.ts";
import { limits } from "../../src/domain/limits.ts";
import type { ImportFormat } from "../../src/domain/models/imported-model.ts";
import { familyNames, graphOfFamily } from "../../src/formats/architectures/families.ts";
import { badArchive } from "../../src/formats/archives/archive-file.ts";
import { zipFiles } from "../../src/formats/archives/zip-files.ts";
import type { Companions } from "../../src/formats/companions/find-labels.ts";
import { networkOfGraph, type ReadNetwork, readOnnxNetwork } from "../../src/formats/onnx/read-network.ts";
import { readForeignTensors } from "../../src/formats/safetensors/foreign-tensors.ts";
import type { ImportQuestion } from "./importer.ts";
import { networkOfSpec } from "./network-of-spec.ts";

/** What an upload holds: a network, and what says more of it. */
export interface ReadUpload {
  readonly network: ReadNetwork;
  readonly companions: Companions;
}

const alone = (network: ReadNetwork): ReadUpload => ({
  network,
  companions: { metadata: network.metadata, files: new Map(), folder: "" },
});

const zipLimits = { entries: 1000, entryBytes: limits.modelBytes, totalBytes: limits.modelBytes };

/** The files of a zip archive by their paths. One that cannot be had spoils the whole: the network may lie in it. */
const filesOf = async (archive: Uint8Array): Promise<Map<string, Uint8Array>> => {
  const read = async (range?: { start: number; end: number }) =>
    (async function* () {
      yield archive.subarray(range?.start, range?.end);
    })();
  const files = new Map<string, Uint8Array>();
  for await (const file of zipFiles(read, archive.byteLength, zipLimits)) {
    if ("problem" in file) throw badArchive(`${JSON.stringify(file.path.slice(0, 200))}: ${file.problem}`);
    files.set(file.path, file.bytes);
  }
  return files;
};

const readArchive = async (bytes: Uint8Array, sizes: readonly number[] | undefined): Promise<ReadUpload> => {
  const files = await filesOf(bytes);
  const models = [...files.keys()].filter((path) => path.endsWith(".onnx"));
  const [path] = models;
  if (path === undefined || models.length > 1) {
    throw new ServiceError("unprocessable", `the archive must hold one .onnx file, it holds ${models.length}`);
  }
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  const beside = (location: string) => files.get(`${folder}${location.replace(/^\.\//, "")}`);
  const network = readOnnxNetwork(files.get(path)!, beside, sizes);
  return { network, companions: { metadata: network.metadata, files, folder } };
};

const readWeights = (bytes: Uint8Array, architecture: string | undefined): ReadUpload => {
  if (architecture === undefined) {
    const detail = `a safetensors file has no network in it: say which it is of, a model's spec as JSON, or one of ${familyNames.join(", ")}`;
    throw invalidAt("/query/architecture", detail);
  }
  const tensors = readForeignTensors(bytes);
  const isSpec = architecture.trimStart().startsWith("{");
  const network = isSpec ? networkOfSpec(architecture, tensors) : networkOfGraph(graphOfFamily(architecture, tensors));
  return alone(network);
};

/** Reads an uploaded file of any of the formats. */
export const readUpload = async (
  bytes: Uint8Array,
  format: ImportFormat,
  { architecture, sizes }: Pick<ImportQuestion, "architecture" | "sizes"> = {},
): Promise<ReadUpload> => {
  switch (format) {
    case "onnx":
      return alone(readOnnxNetwork(bytes, undefined, sizes));
    case "zip":
      return readArchive(bytes, sizes);
    case "safetensors":
      if (sizes !== undefined) throw invalidAt("/query/sizes", "is for ONNX files; leave it out");
      return readWeights(bytes, architecture);
  }
};
