import type { PreparedArrays } from "../../../src/data/preprocessing/prepare.ts";
import type { Split } from "../../../src/data/splits/split.ts";
import type { Preprocessing } from "../../../src/domain/models/model.ts";
import type { ReportNote } from "../../../src/domain/models/report.ts";
import { spreadRows } from "../../../src/engine/train/fitting/collect-answers.ts";
import { copiedRowsNotes, createRowHash } from "../../../src/stats/copied-rows.ts";
import { type PickRows, pickedParts } from "./picked-rows.ts";

/** Rows that are measured on, of which copies are looked for, and numbers of training rows that are read for it, at most. */
const [mostHeld, mostNumbers] = [10_000, 20_000_000];

/** Says how many of the rows that the report is about the model has learnt from as well. A table of pictures has none. */
export const noteCopies = (
  { preprocessing, arrays, pick }: { preprocessing: Preprocessing; arrays: PreparedArrays; pick: PickRows },
  split: Split,
  notes: ReportNote[],
): void => {
  const { inputs, features } = preprocessing;
  if (split === "train" || features.some(({ type }) => type === "image")) return;
  const hashOf = createRowHash(inputs);
  const hashesOf = (of: Split, most: number): Float64Array => {
    const { labels } = arrays[of];
    const rows = spreadRows(labels?.length ?? 0, 1, most);
    const hashes = new Float64Array(rows.length);
    for (const part of pickedParts(pick, of, rows))
      for (let i = 0; i < part.rows.length; i++)
        hashes[part.first + i] = hashOf(part.features, part.rows[i]!, labels![rows[part.first + i]!]!);
    return hashes;
  };
  const trainRows = arrays.train.labels?.length ?? 0;
  const hashes = { held: hashesOf(split, mostHeld), train: hashesOf("train", Math.floor(mostNumbers / inputs)) };
  notes.push(...copiedRowsNotes(hashes, { split, trainRows }));
};
