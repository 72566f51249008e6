import type { PreparedArrays } from "../../../src/data/preprocessing/prepare.ts";
import type { DataViews } from "../../../src/engine/train/fitting/memory.ts";
import type { TrainingPlan } from "../../../src/engine/train/planning/training.ts";
import { awaitReader, closeRing } from "../../../src/engine/train/ring/ring-lead.ts";
import { storedPlaces } from "../../reading/stored-places.ts";
import { type PickRows, pickFrom } from "../explaining/picked-rows.ts";
import type { TrainingRun } from "../training-run.ts";
import { makeSpill } from "./spill.ts";

/** Where a job's rows are. */
export interface RowStorage {
  readonly arrays: PreparedArrays;
  readonly reader: NonNullable<TrainingRun["reader"]>;
  readonly pick: PickRows;
  /** Whether picked rows are copies, which the model is to be given. */
  readonly isPicked: boolean;
  /** Lets the reader go, and waits until it has gone. */
  close(): void;
}

const inMemory = (plan: TrainingPlan, memory: WebAssembly.Memory, views: DataViews): PreparedArrays => {
  const { train, validation, test } = views;
  const { feed, ring, shape } = plan;
  if (ring !== null && ring.stored !== null) {
    const places = storedPlaces({ ...ring, stored: ring.stored }, memory);
    return {
      train: { ...train, stored: places.train },
      validation: { ...validation, stored: places.validation },
      test: { ...test, stored: places.test },
    };
  }
  if (feed === null) return { train, validation, test };
  const pixels = new Uint8Array(memory.buffer, feed.pixelsOffset, shape.trainRows * feed.imageBytes);
  return { train: { ...train, pixels }, validation, test };
};

/**
 * Where prepared rows go: into the memory, with the stored images where training changes them; only their places in the file where they come through a ring; or, encoded, into a file of the trainer's.
 * @param goOn asked while the reader is waited for: whether the memory is used again
 */
export const storeRows = (
  plan: TrainingPlan,
  memory: WebAssembly.Memory,
  views: DataViews,
  { scratchFolder, goOn }: { scratchFolder: string; goOn: () => boolean },
): RowStorage => {
  const { ring, spec } = plan;
  const { augment = null, seed } = spec.training;
  const arrays = inMemory(plan, memory, views);
  const spill = ring === null || ring.spill === null ? null : makeSpill(scratchFolder, { ...ring, spill: ring.spill });
  if (spill !== null)
    for (const split of ["train", "validation", "test"] as const) arrays[split].sink = spill.sinks[split];
  let isRead = false;
  return {
    arrays,
    reader: (preprocessing) => {
      spill?.finish();
      isRead = ring !== null;
      return ring && { memory, ring, preprocessing, augment, seed, spill: spill?.path ?? null };
    },
    pick:
      spill === null
        ? pickFrom(arrays)
        : (split, places) => ({ features: spill.rowsOf(split, places), rows: Int32Array.from(places.keys()) }),
    isPicked: spill !== null,
    close: () => {
      if (ring !== null) closeRing(ring, memory);
      if (ring !== null && isRead) awaitReader(ring, memory, goOn);
      spill?.close();
    },
  };
};
