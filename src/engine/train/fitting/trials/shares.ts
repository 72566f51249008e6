import type { ModelSpec } from "../../../../domain/jobs/spec/model-spec.ts";
import { shareTensor } from "../../../nn/models.ts";
import type { Gains } from "../../planning/plan-search.ts";
import type { Split, TrainingPlan } from "../../planning/training.ts";
import { viewOf } from "../memory.ts";
import { countGains, safest } from "./gains.ts";
import { createRowLoss } from "./held-out-rows.ts";
import type { AskRows } from "./temperature.ts";

type Ensemble = Extract<ModelSpec, { type: "ensemble" }>;

/** The ensemble whose members' shares are chosen by held-out rows; null: the model is none. */
export const sharedEnsemble = (model: ModelSpec): Ensemble | null =>
  model.type === "ensemble" && model.shares === "held_out" ? model : null;

const normalised = (weights: readonly number[]): number[] => {
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
};

/** How much a member with an embedding may count where one without counts 1. */
const tilts = [1 / 3, 1, 3] as const;

/**
 * Shares that members may have: the first are those without an embedding alone, which are better on most small tables. Few candidates, so that few rows can tell.
 * One only, where all members have an embedding or none.
 */
export const shareCandidates = ({ members }: Pick<Ensemble, "members">): number[][] => {
  const embedded = members.map(({ embedding }) => Number(embedding !== undefined));
  if (!embedded.includes(0) || !embedded.includes(1)) return [normalised(members.map(() => 1))];
  const tilted = tilts.map((tilt) => embedded.map((own) => (own === 1 ? tilt : 1)));
  return [embedded.map((own) => 1 - own), ...tilted, embedded].map(normalised);
};

const viewOfShares = (plan: TrainingPlan, memory: WebAssembly.Memory): Float32Array => {
  const tensor = plan.tensors.find(({ name }) => name === shareTensor);
  if (tensor === undefined) throw new Error("an ensemble whose shares are chosen has a tensor of them");
  return viewOf(memory, tensor) as Float32Array;
};

/** What `measure` says while members have each of the shares that they may have. The shares are as before. */
export const underEachShares = <T>(
  plan: TrainingPlan,
  memory: WebAssembly.Memory,
  ensemble: Ensemble,
  measure: (candidate: number) => T,
): T[] => {
  const shares = viewOfShares(plan, memory);
  const kept = shares.slice();
  const measured = shareCandidates(ensemble).map((values, candidate) => {
    shares.set(values);
    return measure(candidate);
  });
  shares.set(kept);
  return measured;
};

/** What each candidate gains on the rows of the split that `ask` asks about, added to what is known of others. The shares are as before. */
export const measureShares = (
  plan: TrainingPlan,
  memory: WebAssembly.Memory,
  { ensemble, split, rows }: { ensemble: Ensemble; split: Split; rows: number },
  ask: AskRows,
  before?: Gains,
): Gains => {
  const lossOf = createRowLoss(plan, memory, rows, split);
  const [own, ...others] = underEachShares(plan, memory, ensemble, () => {
    const losses: number[] = [];
    ask((outputs, at, label, row) => losses.push(lossOf(outputs, at, label, row)));
    return losses;
  });
  const gains = countGains(1 + others.length, before);
  for (const [i, losses] of others.entries())
    for (const [row, loss] of losses.entries()) gains.add(i + 1, own![row]! - loss);
  return gains.after(own!.length);
};

export const setShares = (plan: TrainingPlan, memory: WebAssembly.Memory, shares: readonly number[]): void =>
  viewOfShares(plan, memory).set(shares);

/** Before any row has said more. */
export const setFirstShares = (plan: TrainingPlan, memory: WebAssembly.Memory): void => {
  const ensemble = sharedEnsemble(plan.spec.model);
  if (ensemble !== null) setShares(plan, memory, shareCandidates(ensemble)[0]!);
};

/** The shares that the rows prefer, their place among the candidates, and by how much of the loss a row; null where none is surely better. */
export const chooseShares = (
  ensemble: Ensemble,
  gains: Gains,
): { at: number; shares: number[]; gain: number } | null => {
  const best = safest(gains);
  return best && { ...best, shares: shareCandidates(ensemble)[best.at]! };
};

const shareMetric = (member: number): string => `memberShare${member}`;

/** An ensemble's chosen shares as metrics: `memberShare0`, …, what they gained of the loss a row, and on how many rows. */
export const shareMetrics = (shares: readonly number[], gain: number, rows: number): Record<string, number> => ({
  ...Object.fromEntries(shares.map((value, i) => [shareMetric(i), value])),
  memberShareGain: gain,
  memberShareRows: rows,
});

/** The chosen shares among a job's metrics; undefined: none were chosen. */
export const sharesOfMetrics = (metrics: Readonly<Record<string, number>>): number[] | undefined => {
  const shares: number[] = [];
  for (let own = metrics[shareMetric(0)]; own !== undefined; own = metrics[shareMetric(shares.length)])
    shares.push(own);
  return shares.length === 0 ? undefined : shares;
};
