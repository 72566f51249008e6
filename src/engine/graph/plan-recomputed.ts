import type { Node, Value } from "./graph.ts";
import { keepings, rootOf } from "./keepings.ts";
import { type ExecutionPlan, plan } from "./plan.ts";
import { flopsAgain, type Passes, passesOf, recompute } from "./recompute.ts";
import type { PlanRequest } from "./record.ts";

/** Ways are planned to the end where they may fit: forward tensors are most of an arena, and gradients lie where others were. */
const mayFit = 1.2;
/** And the smallest of those that do not, as many. */
const smallestTried = 3;

/** A way to compute some of the forward pass twice. */
interface Draft {
  readonly drops: (value: Value) => boolean;
  readonly flops: number;
  /** About what forward tensors take. */
  readonly bytes: number;
}

/** In order of their operations, those that take less than all with fewer. */
const worthTrying = (drafts: readonly Draft[]): Draft[] => {
  let least = Number.POSITIVE_INFINITY;
  return drafts
    .toSorted((a, b) => a.flops - b.flops || a.bytes - b.bytes)
    .filter(({ bytes }) => {
      const less = bytes < least;
      least = Math.min(least, bytes);
      return less;
    });
};

const draftsOf = (passes: Passes): Draft[] =>
  worthTrying(
    keepings(passes).map(({ dropped, bytes }) => {
      const drops = (value: Value): boolean => dropped.has(rootOf(value));
      return { drops, flops: flopsAgain(passes, drops), bytes };
    }),
  );

const planOf = (request: PlanRequest, passes: Passes, { drops, flops }: Draft): ExecutionPlan => {
  const { valueOf: movedTo, ...recomputed } = recompute(passes, drops);
  const results = request.results.map(({ value, offset }) => ({ value: movedTo(value), offset }));
  return { ...plan({ ...request, ...recomputed, results }), recomputedFlops: flops };
};

/**
 * The plan with the fewest operations done again whose arena has no more than `mostBytes`; if there is none, that with the smallest arena. Null: nothing can be gained.
 * @param forward the nodes whose values gradients read
 */
export const planRecomputed = (
  request: PlanRequest,
  forward: ReadonlySet<Node>,
  plain: ExecutionPlan,
  mostBytes: number,
): ExecutionPlan | null => {
  const values = request.results.map(({ value }) => value);
  const passes = passesOf(request.graph, forward, values);
  const drafts = draftsOf(passes);
  let best = plain;
  const tryOut = (draft: Draft): boolean => {
    const planned = planOf(request, passes, draft);
    const more = planned.arenaBytes - best.arenaBytes;
    if (more < 0 || (more === 0 && planned.flops < best.flops)) best = planned;
    return best.arenaBytes <= mostBytes;
  };
  const fitting = drafts.filter(({ bytes }) => bytes <= mostBytes * mayFit);
  const rest = drafts.slice(0, drafts.length - fitting.length).slice(-smallestTried);
  if (!fitting.some(tryOut)) rest.reverse().some(tryOut);
  return best === plain ? null : best;
};
