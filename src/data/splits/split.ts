import type { SplitSizes } from "../../domain/jobs/spec/split-sizes.ts";
import { seedWords, shuffle } from "../../engine/kernels/philox.ts";

export type Split = "train" | "validation" | "test";

/** Philox purpose of the split: "splt" in ASCII, far from the small numbers of the engine's purposes. */
const splitPurpose = 0x73706c74;

/** The split that a report is about: the rows that training saw least of. */
export const reportedSplit = (
  arrays: Readonly<Record<Split, { readonly features: ArrayLike<number>; readonly table?: { readonly rows: number } }>>,
): Split =>
  (["test", "validation", "train"] as const).find(
    (name) => (arrays[name].table?.rows ?? arrays[name].features.length) > 0,
  ) ?? "train";

export const splitOfCode: readonly Split[] = ["train", "validation", "test"];

/**
 * Tells rows, as they come in file order, which split they belong to. Each stratum is a random permutation keyed by (seed, "split", stratum), whose first rows
 * are tested on and whose next are validated on: the split depends on the seed and the strata's sizes, and on nothing else. One byte per row.
 */
export const createSplitAssigner = (strata: readonly SplitSizes[], seed: number) => {
  const codes = strata.map(({ train, validation, test }, index) => {
    const code = new Uint8Array(train + validation + test);
    code.fill(2, 0, test);
    code.fill(1, test, test + validation);
    return shuffle(code, { ...seedWords(seed), purpose: splitPurpose, index });
  });
  const next = new Array<number>(strata.length).fill(0);

  /** The split of the next row of a stratum; undefined when the stratum has no more rows, so the file is not the one that was profiled. */
  return (stratum: number): Split | undefined => {
    const position = next[stratum] ?? 0;
    next[stratum] = position + 1;
    const code = codes[stratum]?.[position];
    return code === undefined ? undefined : splitOfCode[code];
  };
};
