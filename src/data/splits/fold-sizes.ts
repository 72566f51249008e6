import { assert } from "../../domain/errors.ts";
import type { CrossValidation, HeldOut } from "../../domain/jobs/spec/folds/cross-validation-spec.ts";
import type { ResolvedJobSpec } from "../../domain/jobs/spec/job-spec.ts";
import type { CountedDataset } from "../../domain/jobs/spec/rows/counted-rows.ts";
import { rowsSeed } from "../../domain/jobs/spec/rows/rows-seed.ts";
import { splitSizes } from "../../domain/jobs/spec/rows/sizes-of-splits.ts";
import { groupCounts, groupSplits, splitGroups } from "../../domain/jobs/spec/rows/split-groups.ts";
import { type SplitSizes, splitStrata, totalSizes } from "../../domain/jobs/spec/split-sizes.ts";
import { permutation, seedWords } from "../../engine/kernels/philox.ts";
import { rowsOfPart } from "./part-rows.ts";

/** Philox purpose of groups' folds: "grup" in ASCII. */
const groupPurpose = 0x67727570;

/** What the folds of one job are drawn from. */
export interface FoldSource {
  readonly crossValidation: CrossValidation;
  readonly seed: number;
  readonly validation: number;
  /** As the whole job is split: its test rows are set aside from every fold. */
  readonly strata: readonly SplitSizes[];
  /** Rows of each group, none of those that the split sets aside; null: rows are drawn one by one. */
  readonly groups: readonly number[] | null;
  /** The order in which a split by groups gives them out; null: the split is not by groups. */
  readonly order: readonly number[] | null;
}

export const foldSource = (spec: ResolvedJobSpec, dataset: CountedDataset): FoldSource => {
  const { crossValidation, split } = spec.training;
  assert(crossValidation !== undefined, "folds are of a cross-validation");
  const groups = groupCounts(crossValidation.by, dataset);
  const codes = split.by === undefined ? null : groupSplits(split, dataset).codes;
  return {
    ...{ crossValidation, seed: rowsSeed(spec.training), validation: split.validation },
    strata: splitSizes(spec.task, split, dataset),
    groups: groups?.map(({ count }, group) => (codes?.[group] === 2 ? 0 : count)) ?? null,
    order: codes === null ? null : (dataset.counted?.order ?? null),
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

/** What each group is to one fit where the split is by groups: 0 train, 1 validation, 2 held out, 3 set aside by the whole job. */
export const groupsOfFold = (
  source: FoldSource,
  order: readonly number[],
  { repeat, fold }: HeldOut,
): { codes: Uint8Array; sizes: SplitSizes } => {
  const groups = source.groups ?? [];
  const foldOf = foldsOfGroups(source, groups, repeat);
  const isHeld = (group: number): boolean => groups[group]! > 0 && foldOf[group] === fold;
  const left = groups.map((count, group) => (isHeld(group) ? 0 : count));
  const { codes, sizes } = splitGroups(left, order, { validation: source.validation, test: 0 });
  for (const [group, count] of groups.entries()) {
    if (count === 0) codes[group] = 3;
    else if (isHeld(group)) codes[group] = 2;
  }
  const test = groups.reduce((sum, count, group) => sum + (isHeld(group) ? count : 0), 0);
  return { codes, sizes: { ...sizes, test } };
};

/** How one fit of a cross-validation splits its rows: what it does not see is its test split, and of the rest some validate where the job asks for that. */
export const foldStrata = (source: FoldSource, heldOut: HeldOut): SplitSizes[] => {
  if (source.order !== null) return [groupsOfFold(source, source.order, heldOut).sizes];
  const held = heldOutRows(source, heldOut);
  const rows = partakingRows(source);
  const all = source.groups === null ? rows : [rows.reduce((sum, count) => sum + count, 0)];
  const left = all.map((count, stratum) => count - held[stratum]!);
  return splitStrata(left, { validation: source.validation, test: 0 }).map(({ train, validation }, stratum) => ({
    ...{ train, validation, test: held[stratum]! },
  }));
};

/** Rows of the three splits of a job, or of one of its fits. */
export const rowsOfSplits = (spec: ResolvedJobSpec, dataset: CountedDataset): SplitSizes => {
  const { heldOut, everyRow, part, split } = spec.training;
  const { train, validation, test } = totalSizes(
    heldOut === undefined ? splitSizes(spec.task, split, dataset) : foldStrata(foldSource(spec, dataset), heldOut),
  );
  if (part !== undefined) return { train: rowsOfPart(spec, dataset, part), validation, test };
  return everyRow === undefined
    ? { train, validation, test }
    : { train: train + validation + test, validation: 0, test: 0 };
};
