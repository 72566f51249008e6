import type { TracedSpec } from "../../nn/models.ts";
import type { TensorDeclaration } from "../../nn/scope.ts";
import { ruleOf } from "../../optim/rules.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { covers, stagesOf } from "./freezing.ts";

/** A tensor's place among the model's floats. */
export interface ModelPlace {
  readonly declaration: TensorDeclaration;
  readonly frozen: boolean;
  /** First float, a multiple of 4. */
  readonly start: number;
  readonly count: number;
}

/** Consecutive trainable floats that are updated in one pass. */
export interface UpdateRange {
  readonly start: number;
  readonly count: number;
  /** Index into the groups. */
  readonly group: number;
  readonly penalised: boolean;
}

/** Weights that learn at one rate, from one stage on. */
export interface UpdateGroup {
  readonly factor: number;
  readonly stage: number;
}

export interface ModelPlacement {
  /** In the model's fixed order. */
  readonly places: readonly ModelPlace[];
  readonly ranges: readonly UpdateRange[];
  readonly groups: readonly UpdateGroup[];
  /** Floats of trainable weights, of all weights, and of weights and running averages. */
  readonly trainableCount: number;
  readonly count: number;
}

/** The learning-rate factor of a tensor: that of the longest prefix which covers it, 1 if none does. */
const factorOf = (factors: Readonly<Record<string, number>>, name: string): number => {
  const prefixes = Object.keys(factors).filter((prefix) => covers(prefix, name));
  const longest = prefixes.sort((a, b) => b.length - a.length)[0];
  return longest === undefined ? 1 : factors[longest]!;
};

const padded = (count: number): number => Math.ceil(count / 4) * 4;

/**
 * Lays the model's tensors side by side: trainable weights first, those of one learning rate and one penalty together, then frozen weights, then running
 * averages; each tensor begins at a multiple of 16 bytes.
 */
export const placeModel = (spec: TracedSpec, declarations: readonly TensorDeclaration[]): ModelPlacement => {
  const stages = stagesOf(spec);
  const separates = spec.training.l1 > 0 || spec.training.l2 > 0 || ruleOf(spec.optimizer).decay(spec.optimizer) > 0;
  const groups: UpdateGroup[] = [];
  const groupOf = (factor: number, stage: number): number => {
    const known = groups.findIndex((group) => group.factor === factor && group.stage === stage);
    return known >= 0 ? known : groups.push({ factor, stage }) - 1;
  };
  const described = declarations.map((declaration, order) => {
    const stage = declaration.fixed === true ? null : stages.firstOf(declaration.name);
    const frozen = stage === null;
    const factor = factorOf(spec.optimizer.layerFactors, declaration.name);
    const trainable = declaration.kind === "parameter" && !frozen;
    const section = declaration.kind === "statistic" ? 2 : frozen ? 1 : 0;
    const penalised = separates && declaration.penalised;
    return { declaration, frozen, section, group: trainable ? groupOf(factor, stage ?? 0) : 0, penalised, order };
  });
  const placed = described.toSorted(
    (a, b) =>
      a.section - b.section || a.group - b.group || Number(b.penalised) - Number(a.penalised) || a.order - b.order,
  );
  let start = 0;
  let trainableCount = 0;
  const places: (ModelPlace & { order: number })[] = [];
  const ranges: { start: number; count: number; group: number; penalised: boolean }[] = [];
  for (const { declaration, frozen, section, group, penalised, order } of placed) {
    const count = sizeOf(declaration.shape);
    places.push({ declaration, frozen, start, count, order });
    const last = ranges.at(-1);
    if (section === 0) {
      if (last && last.group === group && last.penalised === penalised) last.count = start + padded(count) - last.start;
      else ranges.push({ start, count: padded(count), group, penalised });
      trainableCount = start + padded(count);
    }
    start += padded(count);
  }
  return {
    places: places.sort((a, b) => a.order - b.order),
    ranges,
    groups: groups.length > 0 ? groups : [{ factor: 1, stage: 0 }],
    trainableCount,
    count: start,
  };
};
