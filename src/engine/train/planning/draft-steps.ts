import { add } from "../../graph/ops/elementwise.ts";
import type { TracedSpec } from "../../nn/models.ts";
import type { Draft } from "./draft.ts";
import type { ModelPlacement } from "./place-model.ts";
import type { StepPart } from "./plan-search.ts";
import { parameterGradients, type Traced, traceBatch } from "./programs.ts";
import { recordUpdate, updateFlops } from "./record-update.ts";
import type { DataShape } from "./training.ts";

/** The leaf of a gradient, where parts of a batch add up. */
export const gradientLeaf = (name: string): string => `gradient:${name}`;
export const lossLeaf = "state.loss";

const placesOf = (model: ModelPlacement): Map<string, number> =>
  new Map(model.places.map(({ declaration, start }) => [declaration.name, start]));

/** Gradients of some rows of a batch: `adds` them to those of the rows before, and if it `updates` ends the step. */
const partDraft = (
  spec: TracedSpec,
  shape: DataShape,
  rows: number,
  options: { batchRows: number; stage: number; adds: boolean; updates: boolean },
): Draft => {
  const { batchRows, stage, adds, updates } = options;
  const traced = traceBatch(spec, shape, "train", rows, { training: true, stage, batchRows });
  const { graph } = traced;
  const forward = new Set(graph.nodes);
  const slopes = [...parameterGradients(traced)].map(([name, value]) => ({
    name,
    value: adds ? add({ a: graph.leaf(gradientLeaf(name), value.shape), b: value }, {}).out : value,
  }));
  const loss = adds ? add({ a: graph.leaf(lossLeaf, []), b: traced.loss }, {}).out : traced.loss;
  return {
    ...{ traced, forward },
    wanted: [loss, ...slopes.map(({ value }) => value)],
    results: ({ layout }, model) => {
      const startOf = placesOf(model);
      const placed = slopes.map(({ name, value }) => ({
        value,
        offset: layout.gradients.offset + 4 * startOf.get(name)!,
      }));
      return [{ value: loss, offset: layout.lossOffset }, ...placed];
    },
    ...(updates
      ? {
          tail: (emit, placed, model) => recordUpdate(emit, spec, model, placed, stage),
          tailFlops: (model) => updateFlops(spec, model),
        }
      : {}),
  };
};

/** The programs of one step on `batchRows` rows, in parts of the spec's micro-batch where it states one. */
export const draftStep = (
  spec: TracedSpec,
  shape: DataShape,
  { batchRows, stage, bare, push }: { batchRows: number; stage: number; bare: Traced; push: (draft: Draft) => number },
): StepPart[] => {
  const micro = spec.training.microBatch ?? batchRows;
  const draft = (rows: number, adds: boolean, updates: boolean): StepPart => ({
    program: push(partDraft(spec, shape, rows, { batchRows, stage, adds, updates })),
    rows,
  });
  if (micro >= batchRows) return [draft(batchRows, false, true)];
  const whole = Math.floor(batchRows / micro);
  const rest = batchRows % micro;
  const first = draft(micro, false, false);
  const next = whole > 1 ? draft(micro, true, false) : first;
  const parts = [first, ...new Array<StepPart>(whole - 1).fill(next)];
  if (rest > 0) parts.push(draft(rest, true, false));
  const update: Draft = {
    traced: bare,
    wanted: [],
    results: () => [],
    tail: (emit, placed, model) => recordUpdate(emit, spec, model, placed, stage),
    tailFlops: (model) => updateFlops(spec, model),
  };
  return [...parts, { program: push(update), rows: 0 }];
};
