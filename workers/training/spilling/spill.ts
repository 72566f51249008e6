import type { RowSink } from "../../../src/data/preprocessing/prepare.ts";
import { storedWords } from "../../../src/engine/tensor/spill-format.ts";
import type { Split } from "../../../src/engine/train/planning/training.ts";
import { createNearReader, type SpillRows } from "../../reading/spilled/near-rows.ts";
import { createRowSinks } from "./row-sinks.ts";
import { makeScratchFile } from "./scratch-file.ts";

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

/** Makes the file, in a folder that this process may share with others. `too_large` where the disk has no room. */
export const makeSpill = (folder: string, plan: SpillRows): Spill => {
  const { inputs, spill } = plan;
  const file = makeScratchFile(folder, spill.bytes);
  const { sinks, finish } = createRowSinks(file, spill.rows, { rowWords: storedWords(inputs), float64: false });
  let near: ReturnType<typeof createNearReader> | null = null;

  return {
    ...{ path: file.path, sinks, finish, close: file.close },
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
  };
};
