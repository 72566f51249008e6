import type { RowSink } from "../../../src/data/preprocessing/prepare.ts";
import { checkOf, type RowCounts, spillStarts } from "../../../src/engine/tensor/spill-format.ts";
import { type Split, splits } from "../../../src/engine/train/planning/training.ts";
import type { SpillFile } from "../../reading/spilled/open-spill.ts";

/** Of each split's rows, before they are written. */
const blockBytes = 1024 ** 2;

export const rowsOfBlock = (rowWords: number): number => Math.max(1, Math.floor(blockBytes / (4 * rowWords)));

/** What writes rows of a job to a file, split by split, each with its check as the last of its words. */
export const createRowSinks = (
  file: SpillFile,
  rows: RowCounts,
  { rowWords, float64 }: { readonly rowWords: number; readonly float64: boolean },
) => {
  const most = rowsOfBlock(rowWords);
  const starts = spillStarts(rows, rowWords);
  const sinkOf = (split: Split) => {
    const words = new Int32Array(most * rowWords);
    const floats = float64 ? new Float64Array(words.buffer) : new Float32Array(words.buffer);
    const rowFloats = floats.length / most;
    let [written, held] = [0, 0];
    const flush = (): void => {
      for (let i = 0; i < held; i++) {
        const from = i * rowWords;
        words[from + rowWords - 1] = checkOf(words, from, rowWords - 1, written + i);
      }
      file.write(new Uint8Array(words.buffer, 0, 4 * held * rowWords), starts[split] + 4 * written * rowWords);
      written += held;
      held = 0;
    };
    const next = (): number => {
      if (held === most) flush();
      held += 1;
      return (held - 1) * rowFloats;
    };
    return { floats, next, flush };
  };
  const sinks = { train: sinkOf("train"), validation: sinkOf("validation"), test: sinkOf("test") };
  return {
    sinks: sinks as Readonly<Record<Split, RowSink>>,
    /** All rows have been given. */
    finish: (): void => {
      for (const split of splits) sinks[split].flush();
    },
  };
};
