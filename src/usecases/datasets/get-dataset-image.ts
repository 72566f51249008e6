import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { showImage } from "../../data/columns/read-rows.ts";
import { scanRows } from "../../data/columns/scan-rows.ts";
import type { Dataset, ImageShape } from "../../domain/datasets/dataset.ts";
import { orNull, ServiceError } from "../../domain/errors.ts";
import { artifactKeys } from "../../store/artifacts/artifact-store.ts";
import type { Caller } from "../admission/caller.ts";
import type { Deps } from "../deps.ts";
import { unlessDeleted } from "../models/unless-deleted.ts";
import { getDataset } from "./get-dataset.ts";

/** The image of the record that a stream begins with, or of a later one. */
const readPixels = async (
  stream: AsyncIterable<Uint8Array>,
  dataset: Dataset,
  { place, skip, from }: { place: number; skip: number; from?: number },
): Promise<Buffer | null> => {
  let left = skip;
  let pixels: Buffer | null = null;
  const names = dataset.columns.map(({ name }) => name);
  const handlers = {
    header: () => {},
    record: ({ bytes, starts, ends }: { bytes: Buffer; starts: Int32Array; ends: Int32Array }): boolean => {
      if (left-- > 0) return true;
      pixels = Buffer.from(bytes.subarray(starts[place], ends[place]));
      return false;
    },
  };
  await scanRows(stream, handlers, dataset, from === undefined ? undefined : { names, offset: from });
  return pixels;
};

const invalidRow = (detail: string): ServiceError =>
  new ServiceError("not_found", detail, { errors: [{ pointer: "/row", detail }] });

const imageOf = ({ columns, rows }: Dataset, row: number): { place: number; image: ImageShape } => {
  const place = columns.findIndex(({ type }) => type === "image");
  const image = columns[place]?.image;
  if (image === undefined) throw invalidRow("the data set is a table: its rows have no image");
  if (!(Number.isInteger(row) && row >= 0 && row < rows))
    throw invalidRow(`the data set has no such row; they are counted from 0 to ${rows - 1}`);
  return { place, image };
};

/** Where a row begins, by the list beside the file; null: data sets of earlier versions have none. */
const startOf = async ({ artifacts }: Deps, { tenant }: Caller, id: string, row: number): Promise<number | null> => {
  const entry = await orNull(
    artifacts.read(artifactKeys.datasetIndex(tenant, id), { start: 8 * row, end: 8 * row + 8 }),
  );
  return entry && Number((await buffer(entry)).readBigUInt64LE());
};

/** The image of one row, counted from 0, as a PNG file without loss. `not_found`: there is no such row, or no image in it. */
export const getDatasetImage = async (
  deps: Deps,
  caller: Caller,
  request: { id: string; row: number },
): Promise<{ dataset: Dataset; png: Buffer }> => {
  const dataset = await getDataset(deps, caller, request);
  const { place, image } = imageOf(dataset, request.row);
  const key = artifactKeys.datasetFile(caller.tenant, dataset.id, dataset.format);
  const read = async (): Promise<Buffer | null> => {
    const from = await startOf(deps, caller, dataset.id, request.row);
    if (from === null) return readPixels(await deps.artifacts.read(key), dataset, { place, skip: request.row });
    const row = await deps.artifacts.read(key, { start: from, end: dataset.bytes });
    return readPixels(Readable.from(row, { objectMode: false }), dataset, { place, skip: 0, from });
  };
  return unlessDeleted(
    () => getDataset(deps, caller, request),
    async () => {
      const pixels = await read();
      const size = image.height * image.width * image.channels;
      if (pixels?.length !== size) {
        const detail = `the file of ${dataset.id} is not what was written; restore it from a backup, or upload it again`;
        throw new ServiceError("corrupt", detail);
      }
      return { dataset, png: await showImage(pixels, image) };
    },
  );
};
