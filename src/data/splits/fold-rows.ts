import type { Dataset } from "../../domain/datasets/dataset.ts";
import type { HeldOut } from "../../domain/jobs/spec/folds/cross-validation-spec.ts";
import type { ResolvedJobSpec } from "../../domain/jobs/spec/job-spec.ts";
import { seedWords, shuffle } from "../../engine/kernels/philox.ts";
import type { CsvRecord } from "../../formats/csv/csv-record.ts";
import {
  type FoldSource,
  foldSource,
  foldStrata,
  foldsOfGroups,
  groupsOfFold,
  partakingRows,
  stratumStarts,
} from "./fold-sizes.ts";
import { createGroupReader, createRowSplitter, type PlaceRow } from "./place-rows.ts";
import { splitOfCode } from "./split.ts";

/** Philox purposes: "fold" and "fval" in ASCII. */
const foldPurpose = 0x666f6c64;
const validationPurpose = 0x6676616c;

/** Counts the rows of each stratum as they come, and tells of each what stands at its position; undefined beyond the end. */
const createDealer = (codes: readonly Uint8Array[]) => {
  const next = new Array<number>(codes.length).fill(0);
  return (stratum: number): number | undefined => {
    const position = next[stratum] ?? 0;
    next[stratum] = position + 1;
    return codes[stratum]?.[position];
  };
};

const foldCodes = (source: FoldSource, repeat: number): Uint8Array[] => {
  const starts = stratumStarts(source);
  const rows = partakingRows(source);
  return rows.map((count, stratum) => {
    const code = Uint8Array.from({ length: count }, (_, i) => (starts[stratum]! + i) % source.crossValidation.folds);
    const index = repeat * rows.length + stratum;
    return shuffle(code, { ...seedWords(source.seed), purpose: foldPurpose, index });
  });
};

const validationCodes = (source: FoldSource, { repeat, fold }: HeldOut): Uint8Array[] => {
  const strata = foldStrata(source, { repeat, fold });
  const fit = repeat * source.crossValidation.folds + fold;
  return strata.map(({ train, validation }, stratum) => {
    const code = new Uint8Array(train + validation).fill(1, 0, validation);
    const index = fit * strata.length + stratum;
    return shuffle(code, { ...seedWords(source.seed), purpose: validationPurpose, index });
  });
};

/** Reads in which fold of one division a row is held out, from 0; `aside`: in none, as the whole job tests on it. Undefined: the file is not the one that was profiled. */
export const createFoldReader = (
  spec: ResolvedJobSpec,
  dataset: Dataset,
  repeat: number,
): ((record: CsvRecord, stratum: number) => number | "aside" | undefined) => {
  const source = foldSource(spec, dataset);
  const { by } = source.crossValidation;
  if (source.groups !== null && by !== undefined) {
    const { groups } = source;
    const foldOf = foldsOfGroups(source, groups, repeat);
    const groupOf = createGroupReader(dataset, by);
    return (record) => {
      const group = groupOf(record);
      if (group === undefined) return undefined;
      return groups[group] === 0 ? "aside" : foldOf[group];
    };
  }
  const splitOf = createRowSplitter(spec, dataset);
  const foldOf = createDealer(foldCodes(source, repeat));
  return (record, stratum) => {
    const split = splitOf(record, stratum);
    return split === undefined ? undefined : split === "test" ? "aside" : foldOf(stratum);
  };
};

/**
 * Tells rows, as they come in file order, what they are to one fit of a cross-validation. A fold is a random part of each stratum, keyed by (seed, "fold",
 * repeat, stratum), or whole groups; the job's own test rows are in no fit.
 */
export const createFoldAssigner = (spec: ResolvedJobSpec, dataset: Dataset, heldOut: HeldOut): PlaceRow => {
  const source = foldSource(spec, dataset);
  const { by } = source.crossValidation;
  if (source.order !== null && by !== undefined) {
    const { codes } = groupsOfFold(source, source.order, heldOut);
    const groupOf = createGroupReader(dataset, by);
    return (record) => {
      const group = groupOf(record);
      return group === undefined ? undefined : (splitOfCode[codes[group]!] ?? "aside");
    };
  }
  const validates = createDealer(validationCodes(source, heldOut));
  const foldOf = createFoldReader(spec, dataset, heldOut.repeat);
  return (record, stratum) => {
    const fold = foldOf(record, stratum);
    if (typeof fold !== "number") return fold;
    if (fold === heldOut.fold) return "test";
    const code = validates(source.groups === null ? stratum : 0);
    return code === undefined ? undefined : code === 1 ? "validation" : "train";
  };
};
