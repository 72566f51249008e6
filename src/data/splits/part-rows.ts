import { assert } from "../../domain/errors.ts";
import type { ResolvedJobSpec } from "../../domain/jobs/spec/job-spec.ts";
import type { CountedDataset } from "../../domain/jobs/spec/rows/counted-rows.ts";
import { halved } from "../../domain/jobs/spec/rows/learning-curve.ts";
import { rowsSeed } from "../../domain/jobs/spec/rows/rows-seed.ts";
import { splitSizes } from "../../domain/jobs/spec/rows/sizes-of-splits.ts";
import { groupCounts, groupSplits } from "../../domain/jobs/spec/rows/split-groups.ts";
import { permutation, seedWords, shuffle } from "../../engine/kernels/philox.ts";

/** Philox purpose of the parts of a learning curve: "part" in ASCII. */
const partPurpose = 0x70617274;

/** Of each stratum's training rows in file order, 1 for those that stay. One permutation for all parts: they lie in each other. */
export const codesOfPart = (spec: ResolvedJobSpec, dataset: CountedDataset, halvings: number): Uint8Array[] => {
  const { split } = spec.training;
  return splitSizes(spec.task, split, dataset).map(({ train }, index) => {
    const code = new Uint8Array(train).fill(1, 0, halved(train, halvings));
    return shuffle(code, { ...seedWords(rowsSeed(spec.training)), purpose: partPurpose, index });
  });
};

/** Of a split by groups: in one random order for all parts, training's groups stay until they have the rows that a part is to have. 1 for those that stay. */
export const groupsOfPart = (
  { training }: Pick<ResolvedJobSpec, "training">,
  dataset: CountedDataset,
  halvings: number,
): { kept: Uint8Array; rows: number } => {
  const { split } = training;
  const groups = groupCounts(split.by, dataset);
  assert(groups !== null, "the groups of a split were counted");
  const { codes, sizes } = groupSplits(split, dataset);
  const wanted = halved(sizes.train, halvings);
  const kept = new Uint8Array(groups.length);
  let rows = 0;
  for (const group of permutation(groups.length, {
    ...seedWords(rowsSeed(training)),
    ...{ purpose: partPurpose, index: 0 },
  })) {
    if (rows >= wanted) break;
    if (codes[group] !== 0) continue;
    kept[group] = 1;
    rows += groups[group]!.count;
  }
  return { kept, rows };
};

/** Training rows that stay after so many halvings. */
export const rowsOfPart = (spec: ResolvedJobSpec, dataset: CountedDataset, halvings: number): number => {
  if (spec.training.split.by !== undefined) return groupsOfPart(spec, dataset, halvings).rows;
  const { split } = spec.training;
  return splitSizes(spec.task, split, dataset).reduce((sum, { train }) => sum + halved(train, halvings), 0);
};
