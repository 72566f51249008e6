import type { Dataset } from "../../domain/datasets/dataset.ts";
import { assert } from "../../domain/errors.ts";
import { groupCounts } from "../../domain/jobs/spec/folds/check-cross-validation.ts";
import type { CrossValidation, HeldOut } from "../../domain/jobs/spec/folds/cross-validation-spec.ts";
import type { ResolvedJobSpec } from "../../domain/jobs/spec/job-spec.ts";
import { type SplitSizes, splitStrata, totalSizes } from "../../domain/jobs/spec/split-sizes.ts";
import { splitSizes } from "../../domain/jobs/spec/task-columns.ts";
import { permutation, seedWords } from "../../engine/kernels/philox.ts";

/** Philox purpose of groups' folds: "grup" in ASCII. */
const groupPurpose = 0x67727570;

/** What the folds of one job are drawn from. */
export interface FoldSource {
  readonly crossValidation: CrossValidation;
  readonly seed: number;
  readonly validation: number;
  /** As the whole job is split: its test rows are set aside from every fold. */
  readonly strata: readonly SplitSizes[];
  /** Rows of each group; null: rows are drawn one by one. */
  readonly groups: readonly number[] | null;
}

export const foldSource = (spec: ResolvedJobSpec, dataset: Dataset): FoldSource => {
  const { crossValidation, seed, split } = spec.training;
  assert(crossValidation !== undefined, "folds are of a cross-validation");
  const groups = groupCounts(crossValidation, dataset);
  return {
    ...{ crossValidation, seed, validation: split.validation },
    strata: splitSizes(spec.task, split, dataset),
    groups: groups?.map(({ count }) => count) ?? null,
  };
};

/** The fold of each group: in random order each goes to the fold with the fewest rows so far, the first of several. */
export const foldsOfGroups = (
  { crossValidation: { folds }, seed }: FoldSource,
  groups: readonly number[],
  repeat: number,
): Int32Array => {
  const rows = new Float64Array(folds);
  const foldOf = new Int32Array(groups.length);
  for (const group of permutation(groups.length, { ...seedWords(seed), purpose: groupPurpose, index: repeat })) {
    const fold = rows.indexOf(Math.min(...rows));
    rows[fold]! += groups[group]!;
    foldOf[group] = fold;
  }
  return foldOf;
};

/** Rows of each stratum that take part in the folds. */
export const partakingRows = ({ strata }: FoldSource): number[] =>
  strata.map(({ train, validation }) => train + validation);

/** Position i of a stratum's shuffled rows is in fold (start + i) mod folds: each stratum goes on where the one before ended, so that folds differ by one row. */
export const stratumStarts = (source: FoldSource): number[] => {
  let start = 0;
  return partakingRows(source).map((rows) => {
    const own = start;
    start = (start + rows) % source.crossValidation.folds;
    return own;
  });
};

/** Rows of each stratum that a fold holds out; one number under groups, which have no strata. */
export const heldOutRows = (source: FoldSource, { repeat, fold }: HeldOut): number[] => {
  const { folds } = source.crossValidation;
  if (source.groups !== null) {
    const foldOf = foldsOfGroups(source, source.groups, repeat);
    return [source.groups.reduce((sum, rows, group) => sum + (foldOf[group] === fold ? rows : 0), 0)];
  }
  const starts = stratumStarts(source);
  return partakingRows(source).map((rows, stratum) => {
    const first = (fold - starts[stratum]! + folds) % folds;
    return rows <= first ? 0 : Math.ceil((rows - first) / folds);
  });
};

/** How one fit of a cross-validation splits its rows: what it does not see is its test split, and of the rest some validate where the job asks for that. */
export const foldStrata = (source: FoldSource, heldOut: HeldOut): SplitSizes[] => {
  const held = heldOutRows(source, heldOut);
  const rows = partakingRows(source);
  const all = source.groups === null ? rows : [rows.reduce((sum, count) => sum + count, 0)];
  const left = all.map((count, stratum) => count - held[stratum]!);
  return splitStrata(left, { validation: source.validation, test: 0 }).map(({ train, validation }, stratum) => ({
    ...{ train, validation, test: held[stratum]! },
  }));
};

/** Rows of the three splits of a job, or of one fit of its cross-validation. */
export const rowsOfSplits = (spec: ResolvedJobSpec, dataset: Dataset): SplitSizes => {
  const { heldOut, split } = spec.training;
  return totalSizes(
    heldOut === undefined ? splitSizes(spec.task, split, dataset) : foldStrata(foldSource(spec, dataset), heldOut),
  );
};
