import { closeSync, mkdirSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";
import type { RowSink } from "../../../src/data/preprocessing/prepare.ts";
import { ServiceError } from "../../../src/domain/errors.ts";
import { type Split, splits } from "../../../src/engine/train/planning/training.ts";
import { checkOf, spillStarts, storedWords } from "../../../src/engine/train/ring/spill-format.ts";
import { temporaryName } from "../../../src/store/artifacts/temporary-files.ts";
import { createNearReader, type SpillRows } from "../../reading/spilled/near-rows.ts";
import { createSpill } from "../../reading/spilled/open-spill.ts";

/** Of each split's rows, before they are written. */
const blockBytes = 1024 ** 2;

/** A job's encoded rows on the trainer's disk. */
export interface Spill {
  readonly path: string;
  readonly sinks: Readonly<Record<Split, RowSink>>;
  /** All rows have been given. */
  finish(): void;
  /** The inputs of rows of a split, by growing places: rows × inputs. */
  rowsOf(split: Split, places: Int32Array): Float32Array;
  /** Removes it. */
  close(): void;
}

const grouped = (value: number): string => value.toLocaleString("en-US");

const requireRoom = (folder: string, bytes: number): void => {
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize >= bytes) return;
  throw new ServiceError(
    "too_large",
    `the rows do not fit into the job's memory, and on the trainer's disk they take ${grouped(bytes)} bytes, of which ${grouped(bavail * bsize)} are free: free space there, or raise resources.memoryBytes`,
  );
};

/** Makes the file, in a folder that this process may share with others. `too_large` where the disk has no room. */
export const makeSpill = (folder: string, plan: SpillRows): Spill => {
  const { inputs, spill } = plan;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  requireRoom(folder, spill.bytes);
  const path = join(folder, temporaryName());
  const file = createSpill(path);
  const rowWords = storedWords(inputs);
  const rowsOfBlock = Math.max(1, Math.floor(blockBytes / (4 * rowWords)));
  const starts = spillStarts(spill.rows, inputs);

  const sinkOf = (split: Split) => {
    const floats = new Float32Array(rowsOfBlock * rowWords);
    const words = new Int32Array(floats.buffer);
    let [written, held] = [0, 0];
    const flush = (): void => {
      for (let i = 0; i < held; i++) words[i * rowWords + inputs] = checkOf(words, i * rowWords, inputs, written + i);
      file.write(new Uint8Array(floats.buffer, 0, 4 * held * rowWords), starts[split] + 4 * written * rowWords);
      written += held;
      held = 0;
    };
    const next = (): number => {
      if (held === rowsOfBlock) flush();
      held += 1;
      return (held - 1) * rowWords;
    };
    return { floats, next, flush };
  };
  const sinks = { train: sinkOf("train"), validation: sinkOf("validation"), test: sinkOf("test") };
  let near: ReturnType<typeof createNearReader> | null = null;

  return {
    path,
    sinks,
    finish: () => {
      for (const split of splits) sinks[split].flush();
    },
    rowsOf: (split, places) => {
      near ??= createNearReader(file, plan);
      const { words } = near;
      const rows = new Float32Array(places.length * inputs);
      const into = new Int32Array(rows.buffer);
      const isGood = near.read(split, places, (row, from) =>
        into.set(words.subarray(from, from + inputs), row * inputs),
      );
      if (!isGood) throw file.damaged();
      return rows;
    },
    close: () => {
      closeSync(file.descriptor);
      rmSync(path, { force: true });
    },
  };
};
