import { createImageWriter, type ImageWriter } from "../../src/data/images/feed-images.ts";
import { digestOfRow, rowDigestBytes, type StoredPlaces } from "../../src/data/streamed/stored-places.ts";
import type { Dataset } from "../../src/domain/datasets/dataset.ts";
import { ServiceError } from "../../src/domain/errors.ts";
import type { TenantId } from "../../src/domain/ids.ts";
import type { AugmentSpec } from "../../src/domain/jobs/spec/parts/augment-spec.ts";
import type { Preprocessing } from "../../src/domain/models/model.ts";
import { purposes } from "../../src/engine/nn/purposes.ts";
import type { RingPlan } from "../../src/engine/train/planning/row-sources.ts";
import { createRingReader, type RingReader, type RowsToRead } from "../../src/engine/train/ring/ring-reader.ts";
import { type ArtifactFile, type ArtifactStore, artifactKeys } from "../../src/store/artifacts/artifact-store.ts";
import type { CacheOptions } from "../../src/store/artifacts/cached-artifact-store.ts";
import { checkFile, corrupt, openByPlace, requireIntact } from "../../src/store/artifacts/verified.ts";
import { patiently } from "../training/store-retry.ts";
import { readSpilled } from "./spilled/read-spilled.ts";
import { type StoredRing, storedPlaces } from "./stored-places.ts";

/** Everything that the reader of a job's rows must know; it opens the store by itself. */
export interface ReadOrder {
  tenant: TenantId;
  dataset: Dataset;
  artifactUrl: string;
  artifactCache: CacheOptions | null;
  memory: WebAssembly.Memory;
  ring: RingPlan;
  preprocessing: Preprocessing;
  /** How training rows are changed from epoch to epoch; null: they are not. */
  augment: AugmentSpec | null;
  seed: number;
  /** The file of encoded rows; null: they are read from the data set's file. */
  spill: string | null;
}

/** So many rows are asked for at once: a store that is far away takes its time for each. */
const rowsAtOnce = 8;

interface Source {
  /** The bytes of a row, as they were when the data set was prepared. */
  bytesOf(split: RowsToRead["split"], place: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** Rows of the data set's file, each held against its digest. `corrupt` where one is not what it was; `unavailable` when the store is away for too long. */
const openSource = async (
  artifacts: ArtifactStore,
  { tenant, dataset }: Pick<ReadOrder, "tenant" | "dataset">,
  places: Record<RowsToRead["split"], StoredPlaces>,
): Promise<Source> => {
  const key = artifactKeys.datasetFile(tenant, dataset.id, dataset.format);
  const what = `the file of ${dataset.id}`;
  const open = (): Promise<ArtifactFile> => patiently(() => openByPlace(artifacts, key, what));
  let file = await open();

  const readRow = async ({ positions, lengths, digests }: StoredPlaces, row: number): Promise<Uint8Array | null> => {
    const bytes = new Uint8Array(lengths[row]!);
    await patiently(() => file.read(bytes, positions[row]!));
    const digest = digests.subarray(row * rowDigestBytes, (row + 1) * rowDigestBytes);
    return sameBytes(digestOfRow(bytes), digest) ? bytes : null;
  };
  return {
    bytesOf: async (split, row) => {
      const bytes = await readRow(places[split], row);
      if (bytes !== null) return bytes;
      // Damage of the store's file ends the job; that of a copy on this machine is mended by looking at the whole of it.
      await patiently(() => requireIntact(artifacts, key, checkFile(dataset), what));
      await file.close();
      file = await open();
      const again = await readRow(places[split], row);
      if (again === null) throw corrupt(what, "is not what it was when the job began");
      return again;
    },
    close: () => file.close(),
  };
};

const fill = async (source: Source, ring: RingReader, writer: ImageWriter, wanted: RowsToRead): Promise<void> => {
  const { split, epoch, places, slots } = wanted;
  const read = await Promise.all(places.map((place) => source.bytesOf(split, place)));
  for (const [i, bytes] of read.entries()) {
    if (epoch === null) writer.plain(bytes, ring.floats, slots[i]!);
    else writer.ofEpoch(bytes, epoch, places[i]!, ring.floats, slots[i]!);
    ring.ready(1);
  }
};

/**
 * Reads a job's rows into its ring, in whatever order its lead asks for, until the ring is closed. What the world does to the store is told to the lead, which
 * ends with it; other errors are mistakes of ours and end this thread.
 */
export const readRows = async (order: ReadOrder, openStore: () => Promise<ArtifactStore>): Promise<void> => {
  const ring = createRingReader(order.ring, order.memory);
  try {
    const { stored, spill } = order.ring;
    if (stored !== null) await readStored({ ...order.ring, stored }, ring, order, openStore);
    else if (spill !== null && order.spill !== null) readSpilled({ ...order.ring, spill }, ring, order.spill);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    ring.fail(error.code, `the rows could not be read: ${error.message}`);
  } finally {
    ring.leave();
  }
};

const readStored = async (
  plan: StoredRing,
  ring: RingReader,
  order: ReadOrder,
  openStore: () => Promise<ArtifactStore>,
): Promise<void> => {
  const { augment, seed, preprocessing, memory } = order;
  const augmentation =
    augment === null ? null : { augment, seed, purpose: purposes.augment, trainRows: plan.stored.train.rows };
  const writer = createImageWriter(preprocessing, augmentation);
  const artifacts = await patiently(openStore);
  const source = await openSource(artifacts, order, storedPlaces(plan, memory));
  try {
    for (let wanted = ring.next(rowsAtOnce); wanted !== null; wanted = ring.next(rowsAtOnce))
      await fill(source, ring, writer, wanted);
  } finally {
    await source.close().catch(() => undefined); // it was only read
  }
};
