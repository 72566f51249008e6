import type { PreparedArrays } from "../../../src/data/preprocessing/prepare.ts";
import type { Split } from "../../../src/data/splits/split.ts";
import type { Preprocessing } from "../../../src/domain/models/model.ts";
import type { ReportNote } from "../../../src/domain/models/report.ts";
import { spreadRows } from "../../../src/engine/train/fitting/collect-answers.ts";
import {
  countDistinct,
  createHashSet,
  firstPrime,
  hashBasis,
  joinWords,
  secondPrime,
} from "../../../src/formats/hash-set.ts";
import { type PickRows, pickedParts } from "./picked-rows.ts";

/** Fewer rows have the same by chance. */
const fewestRows = 20;

/** A row's inputs, so many words from `from`, and its label's two, to the bit, as a number. */
const hashOf = (words: Int32Array, from: number, width: number, label: Int32Array): number => {
  let a = Math.imul(hashBasis ^ label[0]!, firstPrime) ^ label[1]!;
  let b = Math.imul(hashBasis ^ label[1]!, secondPrime) ^ label[0]!;
  for (let at = from; at < from + width; at++) {
    const word = words[at]!;
    a = Math.imul(a ^ word, firstPrime);
    b = Math.imul(b ^ word, secondPrime);
    // What a product carries goes up only.
    a ^= a >>> 15;
    b ^= b >>> 13;
  }
  return joinWords(a, b);
};

/** Training rows of which it is seen whether they are like others, at most. */
const mostLooked = 10_000;

/**
 * How many of the rows that are measured on the model has learnt from as well, to the last cell. Nothing where most training rows are like others: of a few values rows are made up again and again.
 * @param held hashes of the rows that are measured on, `train` of those learnt from
 * @param split where the former are
 */
const copiedRowsNotes = (
  { train, held }: { train: Float64Array; held: Float64Array },
  { split, trainRows }: { split: string; trainRows: number },
): ReportNote[] => {
  const looked = train.filter((_, i) => i % Math.ceil(train.length / mostLooked) === 0);
  if (train.length < fewestRows || 2 * countDistinct(looked) <= looked.length) return [];
  const known = createHashSet(held.length);
  for (const hash of held) known.add(hash);
  const isLearnt = new Uint8Array(known.places);
  for (let i = 0; i < train.length; i++) {
    const at = known.find(train[i]!);
    if (at >= 0) isLearnt[at] = 1;
  }
  const copies = held.filter((hash) => isLearnt[known.find(hash)] === 1).length;
  if (copies === 0) return [];
  const of = train.length < trainRows ? `one of ${train.length} of the ${trainRows} training rows` : "a training row";
  const message = `${copies} of the ${held.length} rows of the ${split} split ${copies === 1 ? "is" : "are"} the same as ${of} in every feature and the label: if they are copies and no observations of their own, the figures are too good; upload the table without them, or with a column of what belongs together, and name it in training.split.by`;
  return [{ code: "copied_rows", message }];
};

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
  const label = new Float64Array(1);
  const labelWords = new Int32Array(label.buffer);
  const hashesOf = (of: Split, most: number): Float64Array => {
    const { labels } = arrays[of];
    const rows = spreadRows(labels?.length ?? 0, 1, most);
    const hashes = new Float64Array(rows.length);
    for (const { features: numbers, rows: places, first } of pickedParts(pick, of, rows)) {
      const words = new Int32Array(numbers.buffer, numbers.byteOffset, numbers.byteLength / 4);
      const width = (inputs * numbers.BYTES_PER_ELEMENT) / 4;
      for (const [i, place] of places.entries()) {
        label[0] = labels![rows[first + i]!]!;
        hashes[first + i] = hashOf(words, place * width, width, labelWords);
      }
    }
    return hashes;
  };
  const trainRows = arrays.train.labels?.length ?? 0;
  const hashes = { held: hashesOf(split, mostHeld), train: hashesOf("train", Math.floor(mostNumbers / inputs)) };
  notes.push(...copiedRowsNotes(hashes, { split, trainRows }));
};
