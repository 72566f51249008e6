import { Readable } from "node:stream";
import type { MultipartFile } from "@fastify/multipart";
import type { FastifyRequest } from "fastify";
import type { Dataset } from "../domain/datasets/dataset.ts";
import { limits } from "../domain/limits.ts";
import type { Caller } from "../usecases/admission/caller.ts";
import { withProgressLimit } from "../usecases/admission/progress-limit.ts";
import { deleteDataset } from "../usecases/datasets/delete-dataset.ts";
import { uploadDataset } from "../usecases/datasets/upload-dataset.ts";
import type { Deps } from "../usecases/deps.ts";
import { refuse } from "./errors.ts";

const requirePurpose = (purpose: unknown): void => {
  if (purpose !== "fine-tune") refuse("/purpose", 'must be "fine-tune": files are what jobs learn from');
};

/** Other tables are known by their first bytes. */
const formatOf = (filename: string) => {
  if (/\.(jsonl|ndjson)$/i.test(filename)) return "ndjson";
  return /\.(zip|tar|tgz|tar\.gz)$/i.test(filename) ? "images" : undefined;
};

const store = (deps: Deps, caller: Caller, { file, filename }: MultipartFile, gone: AbortSignal): Promise<Dataset> => {
  const body = Readable.from(
    withProgressLimit<Buffer>(file, ({ length }) => length),
    { objectMode: false },
  );
  return uploadDataset(deps, caller, {
    ...{ body, gone, name: filename.slice(0, limits.nameLength) },
    format: formatOf(filename),
  });
};

/** `POST /files`: a form with `file` and `purpose`, in either order; the file is a table (CSV, JSON Lines) or an archive of images. */
export const uploadFile = async (
  deps: Deps,
  caller: Caller,
  request: FastifyRequest,
  gone: AbortSignal,
): Promise<Dataset> => {
  let dataset: Dataset | null = null;
  let purpose: unknown;
  for await (const part of request.parts()) {
    if (part.type === "field") {
      if (part.fieldname === "purpose") purpose = part.value;
      continue;
    }
    if (part.fieldname !== "file" || dataset !== null) refuse(`/${part.fieldname}`, "send one file, as `file`");
    if (purpose !== undefined) requirePurpose(purpose);
    dataset = await store(deps, caller, part, gone);
  }
  if (dataset === null) return refuse("/file", "is missing: send the file in a form");
  try {
    requirePurpose(purpose);
  } catch (error) {
    await deleteDataset(deps, caller, { id: dataset.id });
    throw error;
  }
  return dataset;
};
