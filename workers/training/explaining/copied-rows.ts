import type { PreparedArrays } from "../../../src/data/preprocessing/prepare.ts";
import type { Split } from "../../../src/data/splits/split.ts";
import type { Preprocessing } from "../../../src/domain/models/model.ts";
import type { ReportNote } from "../../../src/domain/models/report.ts";
import { spreadRows } from "../../../src/engine/train/fitting/collect-answers.ts";
import {
  countDistinct,
  createHashSet,
  firstPrime,
  type HashSet,
  hashBasis,
  joinWords,
  secondPrime,
} from "../../../src/formats/hash-set.ts";
import { rowsWhere } from "../../../src/stats/order-of.ts";
import { type PickRows, pickedParts } from "./picked-rows.ts";

/** Fewer rows have the same by chance. */
const fewestRows = 20;
/** Rows that are measured on, of which copies are looked for, and numbers of training rows that are read for it, at most. */
const [mostHeld, mostNumbers] = [10_000, 20_000_000];
/** Training rows of which it is seen whether they are like others, at most. */
const mostLooked = 10_000;

/** A row's inputs, so many words from `from` on, and its label's two, to the bit, as a number. */
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

/** Some of the rows that are looked at, as they lie in an array. */
interface Part {
  readonly words: Int32Array;
  /** Words of a row, and where each row's begin. */
  readonly width: number;
  readonly starts: Int32Array;
  /** Of a row with its label. */
  readonly hashAt: (i: number) => number;
}

interface Rows {
  readonly preprocessing: Preprocessing;
  readonly arrays: PreparedArrays;
  readonly pick: PickRows;
}

function* partsOf({ preprocessing, arrays, pick }: Rows, split: Split, rows: Int32Array): Generator<Part, void, void> {
  const { labels } = arrays[split];
  const label = new Float64Array(1);
  const labelWords = new Int32Array(label.buffer);
  for (const { features, rows: places, first } of pickedParts(pick, split, rows)) {
    const words = new Int32Array(features.buffer, features.byteOffset, features.byteLength / 4);
    const width = (preprocessing.inputs * features.BYTES_PER_ELEMENT) / 4;
    const starts = places.map((place) => place * width);
    const hashAt = (i: number): number => {
      label[0] = labels![rows[first + i]!]!;
      return hashOf(words, starts[i]!, width, labelWords);
    };
    yield { words, width, starts, hashAt };
  }
}

/** So many words tell nearly all rows apart; those are chosen by so many rows. */
const [tellingWords, mostChosenBy] = [4, 1000];
/** Places of a sieve, of which the rows that are looked for take one in twenty-six at most. */
const sievePlaces = 2 ** 18;

/** Passes rows that may be among those that were added, by a few of their words, so that most rows need not be read. */
const createSieve = ({ words: some, width, starts }: Part) => {
  const seen = starts.subarray(0, mostChosenBy);
  const values = Array.from({ length: width }, (_, k) => new Set(seen.map((start) => some[start + k]!)).size);
  const chosen = Int32Array.from(values.keys())
    .sort((a, b) => values[b]! - values[a]! || a - b)
    .slice(0, tellingWords);
  const taken = new Uint8Array(sievePlaces);
  const placeOf = (words: Int32Array, start: number): number => {
    let hash = hashBasis;
    for (let k = 0; k < chosen.length; k++) {
      hash = Math.imul(hash ^ words[start + chosen[k]!]!, secondPrime);
      hash ^= hash >>> 15;
    }
    return hash & (sievePlaces - 1);
  };
  return {
    add: (words: Int32Array, start: number): void => {
      taken[placeOf(words, start)] = 1;
    },
    /** Which of them pass. */
    pass: (words: Int32Array, starts: Int32Array): Int32Array =>
      rowsWhere(starts.length, (i) => taken[placeOf(words, starts[i]!)] === 1),
  };
};

const markFound = (rows: Int32Array, hashAt: Part["hashAt"], known: HashSet, isFound: Uint8Array): void => {
  for (let i = 0; i < rows.length; i++) {
    const place = known.find(hashAt(rows[i]!));
    if (place >= 0) isFound[place] = 1;
  }
};

/** How many of the rows held out are training rows as well. Null: most training rows are like others, for of a few values rows are made up again and again. */
const countCopies = (all: Rows, split: Split, held: Int32Array, train: Int32Array): number | null => {
  const hashes: number[] = [];
  let sieve: ReturnType<typeof createSieve> | null = null;
  for (const part of partsOf(all, split, held)) {
    sieve ??= createSieve(part);
    for (let i = 0; i < part.starts.length; i++) {
      sieve.add(part.words, part.starts[i]!);
      hashes.push(part.hashAt(i));
    }
  }
  if (sieve === null) return 0;
  const known = createHashSet(held.length);
  for (const hash of hashes) known.add(hash);
  const isLearnt = new Uint8Array(known.places);
  const every = Math.ceil(train.length / mostLooked);
  const looked: number[] = [];
  let first = 0;
  for (const { words, starts, hashAt } of partsOf(all, "train", train)) {
    markFound(sieve.pass(words, starts), hashAt, known, isLearnt);
    for (let i = first % every === 0 ? 0 : every - (first % every); i < starts.length; i += every)
      looked.push(hashAt(i));
    first += starts.length;
  }
  if (2 * countDistinct(Float64Array.from(looked)) <= looked.length) return null;
  return hashes.filter((hash) => isLearnt[known.find(hash)] === 1).length;
};

/** Says how many of the rows that the report is about the model has learnt from as well, to the last cell. A table of pictures has none. */
export const noteCopies = (all: Rows, split: Split, notes: ReportNote[]): void => {
  const { inputs, features } = all.preprocessing;
  if (split === "train" || features.some(({ type }) => type === "image")) return;
  const trainRows = all.arrays.train.labels?.length ?? 0;
  const held = spreadRows(all.arrays[split].labels?.length ?? 0, 1, mostHeld);
  const train = spreadRows(trainRows, 1, Math.floor(mostNumbers / inputs));
  const copies = train.length < fewestRows ? null : countCopies(all, split, held, train);
  if (copies === null || copies === 0) return;
  const of = train.length < trainRows ? `one of ${train.length} of the ${trainRows} training rows` : "a training row";
  const message = `${copies} of the ${held.length} rows of the ${split} split ${copies === 1 ? "is" : "are"} the same as ${of} in every feature and the label: if they are copies and no observations of their own, the figures are too good; upload the table without them, or with a column of what belongs together, and name it in training.split.by`;
  notes.push({ code: "copied_rows", message });
};
