import type { Floats } from "../data/preprocessing/encoders/floats.ts";
import type { ReportNote } from "../domain/models/report.ts";

/** Fewer rows have the same by chance. */
const fewestRows = 20;

/** Two words of FNV-1a, of different primes, as 53 bits: equal pairs of hashes of different rows are not met with. */
const [firstPrime, secondPrime] = [0x01000193, 0x85ebca6b | 0];
const basis = 0x811c9dc5 | 0;

/** A row's inputs and its label to the bit, as a number. */
export const createRowHash = (inputs: number): ((features: Floats, row: number, label: number) => number) => {
  const labels = new Float64Array(1);
  const labelWords = new Int32Array(labels.buffer);
  let seen: Floats | null = null;
  let words: Int32Array = labelWords;
  let width = 0;
  return (features, row, label) => {
    if (features !== seen) {
      seen = features;
      words = new Int32Array(features.buffer, features.byteOffset, features.byteLength / 4);
      width = (inputs * features.BYTES_PER_ELEMENT) / 4;
    }
    labels[0] = label;
    let a = Math.imul(basis ^ labelWords[0]!, firstPrime) ^ labelWords[1]!;
    let b = Math.imul(basis ^ labelWords[1]!, secondPrime) ^ labelWords[0]!;
    for (let at = row * width; at < (row + 1) * width; at++) {
      const word = words[at]!;
      a = Math.imul(a ^ word, firstPrime);
      b = Math.imul(b ^ word, secondPrime);
      // What a product carries goes up only.
      a ^= a >>> 15;
      b ^= b >>> 13;
    }
    return (a >>> 0) * 2 ** 21 + (b >>> 11);
  };
};

/**
 * How many of the rows that are measured on the model has learnt from as well, to the last cell. Nothing where most training rows are like others: of a few values rows are made up again and again.
 * @param held hashes of the rows that are measured on, `train` of those learnt from
 * @param split where the former are
 */
export const copiedRowsNotes = (
  { train, held }: { train: ArrayLike<number>; held: ArrayLike<number> },
  { split, trainRows }: { split: string; trainRows: number },
): ReportNote[] => {
  const known = new Set(Array.from(train));
  if (train.length < fewestRows || 2 * known.size <= train.length) return [];
  const copies = Array.from(held).filter((hash) => known.has(hash)).length;
  if (copies === 0) return [];
  const of = train.length < trainRows ? `${train.length} of the ${trainRows} training rows` : "a training row";
  const message = `${copies} of the ${held.length} rows of the ${split} split ${copies === 1 ? "is" : "are"} the same as ${of} in every feature and the label: if they are copies and no observations of their own, the figures are too good; upload the table without them, or with a column of what belongs together, and name it in training.split.by`;
  return [{ code: "copied_rows", message }];
};
