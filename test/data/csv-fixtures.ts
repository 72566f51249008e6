import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { profileCsv } from "../../src/data/columns/profile-csv.ts";
import { type DataShape, dataShape } from "../../src/data/preprocessing/data-shape.ts";
import { type PreparedArrays, prepare } from "../../src/data/preprocessing/prepare.ts";
import type { ColumnType, Dataset } from "../../src/domain/datasets/dataset.ts";
import { resolveSpec } from "../../src/domain/jobs/spec/defaults.ts";
import { JobSpec, type JobSpecInput } from "../../src/domain/jobs/spec/job-spec.ts";

export const datasetId = "ds_01JD0000000000000000000000";

/** A stream of text or bytes in pieces of a given size. */
export const streamOf = (content: string | Uint8Array, pieceBytes = 7): Readable => {
  const bytes = typeof content === "string" ? Buffer.from(content) : Buffer.from(content);
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) pieces.push(bytes.subarray(at, at + pieceBytes));
  return Readable.from(pieces);
};

/** One of the files beside this one. */
export const openFile = (name: string): Readable => createReadStream(new URL(`./${name}`, import.meta.url));

/** The manifest of a file. */
export const datasetOf = async (
  open: () => Readable,
  name = "data",
  types: Record<string, ColumnType> = {},
): Promise<Dataset> => ({
  id: datasetId,
  name,
  format: "csv",
  bytes: 0,
  sha256: "",
  createdAt: "2026-11-24T00:00:00Z",
  ...(await profileCsv(open(), { types })),
});

/** A job spec with the schema's defaults. */
export const jobSpec = (spec: Omit<JobSpecInput, "dataset">): JobSpec => JobSpec.parse({ dataset: datasetId, ...spec });

export const createArrays = (shape: DataShape, labels: "classes" | "number" | "none"): PreparedArrays => {
  const split = (rows: number) => ({
    features: new Float32Array(rows * shape.inputs).fill(Number.NaN),
    labels:
      labels === "none"
        ? null
        : labels === "classes"
          ? new Int32Array(rows).fill(-1)
          : new Float32Array(rows).fill(Number.NaN),
  });
  return { train: split(shape.trainRows), validation: split(shape.validationRows), test: split(shape.testRows) };
};

/** Resolves a spec and prepares its data, from file to arrays. */
export const prepareAll = async (open: () => Readable, input: Omit<JobSpecInput, "dataset">) => {
  const dataset = await datasetOf(open);
  const spec = resolveSpec(jobSpec(input), dataset);
  const shape = dataShape(spec, dataset);
  const kind = spec.task.type === "classification" ? "classes" : spec.task.type === "regression" ? "number" : "none";
  const arrays = createArrays(shape, kind);
  const preprocessing = await prepare(spec, dataset, open, arrays);
  return { dataset, spec, shape, arrays, preprocessing };
};
