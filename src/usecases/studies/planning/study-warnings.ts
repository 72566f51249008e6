import { counted } from "../../../domain/counted.ts";
import { isObject } from "../../../domain/is-object.ts";
import { limits } from "../../../domain/limits.ts";
import { fromPointer } from "../../../domain/pointer.ts";
import { resultsOf } from "../../../domain/studies/objective-metric.ts";
import type { ResolvedStudySpec } from "../../../domain/studies/study-spec.ts";
import type { Dimension } from "../../../search/dimension.ts";
import { gridSize } from "../../../search/grid.ts";

/** A grid of which not every point is tried. */
const ofGrid = ({ sampler, trials, guesses }: ResolvedStudySpec, dimensions: readonly Dimension[]): string[] => {
  if (sampler.type !== "grid") return [];
  const size = gridSize(dimensions, sampler.points);
  const all = size + guesses.length;
  if (trials >= all) return [];
  const own = guesses.length === 0 ? "" : `, ${Math.min(trials, guesses.length)} of them guesses`;
  const remedy = all <= limits.studyTrials ? `set \`trials\` to ${all}, or take fewer points` : "take fewer points";
  return [
    `the grid has ${counted(size, "point")}, and the study ${counted(trials, "trial")}${own}: which points are tried is drawn by the seed; to try all of them, ${remedy}`,
  ];
};

/** A race that begins where it ends. */
const ofRace = (spec: ResolvedStudySpec): string[] => {
  const results = resultsOf(spec);
  if (spec.pruner.type !== "racing" || spec.pruner.first < results) return [];
  const remedy = results > 2 ? "set `pruner.first` to less, or take more of them" : "take more of them";
  return [
    `the race stops no trial: it begins after ${spec.pruner.first} of ${results} folds or seeds, when nothing is left to save; ${remedy}`,
  ];
};

const isStated = (job: unknown, pointer: string): boolean => {
  let part = job;
  for (const key of fromPointer(pointer) ?? []) {
    if (!isObject(part) || !Object.hasOwn(part, key)) return false;
    part = part[key];
  }
  return true;
};

/** What the template states and trials do not have. Who names a space knows what it replaces. */
const ofTemplate = ({ space, seeds }: ResolvedStudySpec, job: unknown, hasSpace: boolean): string[] => {
  const own = ["study", "trial", ...(seeds > 1 ? ["seed"] : [])].map((name) => `/labels/${name}`);
  const searched = hasSpace ? [] : Object.keys(space);
  return [
    ...(isStated(job, "/name")
      ? ["/job/name is not used: trials are named after the study; set the study's `name` instead"]
      : []),
    ...own
      .filter((pointer) => isStated(job, pointer))
      .map((pointer) => `/job${pointer} is not used: trials say there which they are; take another name`),
    ...searched
      .filter((pointer) => isStated(job, pointer))
      .map(
        (pointer) =>
          `/job${pointer} is not used: without a \`space\` of your own it is searched; to keep it, name a space without it`,
      ),
  ];
};

/**
 * What of a study is not what its text says at first sight.
 * @param asked the template as it was sent, and whether a space came with it
 */
export const studyWarnings = (
  spec: ResolvedStudySpec,
  dimensions: readonly Dimension[],
  asked: { job: unknown; hasSpace: boolean },
): string[] => [...ofGrid(spec, dimensions), ...ofRace(spec), ...ofTemplate(spec, asked.job, asked.hasSpace)];
