import { limits } from "../../../limits.ts";
import type { ModelSpec } from "../model-spec.ts";
import { EnsembleMember } from "../parts/mlp-spec.ts";
import type { Effort } from "./effort-spec.ts";

/** Below so many rows wide networks are least wide, and from so many on all are widest. */
const [fewRows, manyRows] = [1000, 5000];

/**
 * FLOPs that training may take, by 6 for each weight, row and step: at 10 billion a second on one core, which most machines have, minutes. Stated as work and not
 * as time, so that a job has the same members on every machine.
 */
const budgets: Record<Exclude<Effort, "quick">, number> = { good: 1e12, best: 1e13 };
/** Members of each kind, with other initial weights. */
const copies: Record<Exclude<Effort, "quick">, number> = { good: 1, best: 3 };

/** Different networks err differently: the default, a wider one, one with dropout, a deeper one, and two that see steps of single inputs, which count where rows say so. Widths grow with the rows that can tell more units apart. */
const kindsFor = (rows: number): EnsembleMember[] => {
  const usual = rows < manyRows ? 1 : 2;
  const wide = rows < fewRows ? 2 : rows < manyRows ? 3 : 4;
  const kinds: Partial<EnsembleMember>[] = [
    { hidden: [64 * usual, 32 * usual] },
    { hidden: [64 * wide, 32 * wide] },
    { hidden: [64 * wide, 32 * wide], dropout: 0.1 },
    { hidden: [64 * usual, 64 * usual, 32 * usual], activation: "gelu" },
    { hidden: [64 * usual, 32 * usual], embedding: { units: 8, deviation: 2 } },
    { hidden: [64 * usual, 32 * usual], embedding: { units: 8, deviation: 4 }, dropout: 0.1 },
  ];
  return kinds.map((kind) => EnsembleMember.parse({ activation: "silu", ...kind }));
};

const weightsOf = ({ hidden, embedding }: EnsembleMember, inputs: number, outputs: number): number =>
  [...hidden, outputs].reduce(({ sum, before }, units) => ({ sum: sum + before * units, before: units }), {
    sum: 0,
    before: inputs * (1 + (embedding?.units ?? 0)),
  }).sum;

/** The ensemble of an effort: as many members as its budget has room for, at least two. */
export const ensembleOf = (
  effort: Exclude<Effort, "quick">,
  { rows, inputs, outputs, rowSteps }: { rows: number; inputs: number; outputs: number; rowSteps: number },
): Extract<ModelSpec, { type: "ensemble" }> => {
  const kinds = kindsFor(rows);
  const all = Array.from({ length: copies[effort] }, () => kinds)
    .flat()
    .slice(0, limits.members);
  let work = 0;
  const members = all.filter((member, i) => {
    work += 6 * weightsOf(member, inputs, outputs) * rowSteps;
    return i < 2 || work <= budgets[effort];
  });
  const differs = members.some(({ embedding }) => embedding !== undefined);
  return { type: "ensemble", members, ...(differs ? { shares: "held_out" } : {}) };
};
