import type { Node } from "../../graph/graph.ts";
import { type ExecutionPlan, plan } from "../../graph/plan.ts";
import { planRecomputed } from "../../graph/plan-recomputed.ts";
import type { PlanRequest } from "../../graph/record.ts";

/** Whether the activations of a step are computed again before their gradients: never, as far as it takes to fit, or to save all that can be saved. */
export type Recomputing = "never" | "to fit" | "always";

interface Program {
  readonly request: PlanRequest;
  /** Null: it has no gradients. */
  readonly forward: ReadonlySet<Node> | null;
}

const mostOf = (plans: readonly ExecutionPlan[]): number =>
  plans.reduce((most, { arenaBytes }) => Math.max(most, arenaBytes), 0);

/**
 * Plans all programs, which use one arena in turn: nothing is gained by a step that takes less than what another program takes anyway.
 * `keepingBytes` is the arena that they would take if all activations were kept.
 * @param mostBytes of the arena, where activations are computed again to fit into it
 */
export const planPrograms = (
  programs: readonly Program[],
  { recomputing, mostBytes }: { recomputing: Recomputing; mostBytes: number },
): { plans: ExecutionPlan[]; arenaBytes: number; keepingBytes: number } => {
  const plain = programs.map(({ request }) => plan(request));
  const keepingBytes = mostOf(plain);
  const others = mostOf(plain.filter((_, i) => programs[i]!.forward === null));
  const isVain = recomputing === "to fit" && others > mostBytes;
  if (recomputing === "never" || isVain) return { plans: plain, arenaBytes: keepingBytes, keepingBytes };
  const most = recomputing === "always" ? others : mostBytes;
  const plans = plain.map((own, i) => {
    const { request, forward } = programs[i]!;
    if (forward === null || own.arenaBytes <= most) return own;
    return planRecomputed(request, forward, own, most) ?? own;
  });
  return { plans, arenaBytes: mostOf(plans), keepingBytes };
};
