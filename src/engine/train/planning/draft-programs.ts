import { createGraph } from "../../graph/graph.ts";
import { predictionValue } from "../../nn/losses.ts";
import type { TracedSpec } from "../../nn/models.ts";
import type { Draft } from "./draft.ts";
import { draftStep } from "./draft-steps.ts";
import { stagesOf } from "./freezing.ts";
import { type SearchPlan, type StepPrograms, sizeSearch } from "./plan-search.ts";
import { type Trunk, traceTrunk } from "./plan-trunk.ts";
import { activityValues, evaluationValues, type Traced, traceBatch } from "./programs.ts";
import { recordInitial, recordLayerSquares, recordShuffle } from "./record-update.ts";
import { type DataShape, type ProgramIndex, reportSplitOf, type Split, splits } from "./training.ts";

/** How an epoch is cut: full batches and one shorter last one. A single last row joins the batch before it, because one row has no variance to normalise by. */
export const cutEpoch = (spec: TracedSpec, rows: number) => {
  const batchRows = spec.training.batchSize === "full" ? rows : Math.min(rows, spec.training.batchSize);
  const rest = rows % batchRows;
  if (rest === 0) return { batchRows, lastBatchRows: batchRows, stepsPerEpoch: rows / batchRows };
  if (rest === 1) return { batchRows, lastBatchRows: batchRows + 1, stepsPerEpoch: Math.floor(rows / batchRows) };
  return { batchRows, lastBatchRows: rest, stepsPerEpoch: Math.ceil(rows / batchRows) };
};

const evaluationDraft = (spec: TracedSpec, shape: DataShape, split: Split, rows: number): Draft => {
  const traced = traceBatch(spec, shape, split, rows, { training: false });
  const { answers, squaredError } = evaluationValues(spec, traced);
  return {
    traced,
    wanted: [traced.loss],
    results: ({ layout: { evaluation } }) => {
      const results = [{ value: traced.loss, offset: evaluation.lossOffset }];
      if (answers) results.push({ value: answers, offset: evaluation.answersOffset });
      if (squaredError) results.push({ value: squaredError, offset: evaluation.squaredErrorOffset });
      // A study's trial is also asked about each of its validation rows, and a regression about training rows: how wide its errors are.
      if (split !== "train" || spec.task.type === "regression" || split === reportSplitOf(shape))
        results.push({ value: predictionValue(spec.loss, traced.output), offset: evaluation.outputsOffset });
      return results;
    },
  };
};

/** What the model says of rows that stand in `order`, behind those that a trial learns from. */
const judgeDraft = (spec: TracedSpec, shape: DataShape, rows: number): Draft => {
  const traced = traceBatch(spec, shape, "train", rows, { training: false, order: "order" });
  const answers = predictionValue(spec.loss, traced.output);
  return {
    traced,
    wanted: [answers],
    results: ({ layout }) => [{ value: answers, offset: layout.evaluation.outputsOffset }],
  };
};

const statisticsDraft = (spec: TracedSpec, shape: DataShape, rows: number): Draft => {
  const traced = traceBatch(spec, shape, "train", rows, { training: false });
  const described = activityValues(traced);
  return {
    traced,
    wanted: described.map(({ out }) => out),
    results: ({ layout }) =>
      described.flatMap(({ out, squares, seen }, index) => {
        const { sumOffset, squaresOffset, seenOffset } = layout.statistics.activities[index]!;
        return [
          { value: out, offset: sumOffset },
          { value: squares, offset: squaresOffset },
          { value: seen, offset: seenOffset },
        ];
      }),
    tail: (emit, placed, model) => recordLayerSquares(emit, model, placed),
  };
};

const trunkDraft = ({ network, rows }: Trunk, bare: Traced): Draft => {
  const { graph, scope, value } = traceTrunk(network, rows);
  return {
    traced: { ...bare, graph, scope },
    wanted: [value],
    results: ({ trunk }) => [{ value, offset: trunk!.output.offset }],
  };
};

/** Drafts of all programs, and where each will stand. */
export const draftPrograms = (
  spec: TracedSpec,
  shape: DataShape,
  cut: ReturnType<typeof cutEpoch>,
  evaluationRows: number,
  trunk: Trunk | null,
) => {
  const drafts: Draft[] = [];
  const push = (draft: Draft): number => drafts.push(draft) - 1;
  // Programs without a graph: only calls.
  const bare = {
    traced: { ...traceBatch(spec, shape, "train", 1, { training: false }), graph: createGraph() },
    wanted: [],
    results: () => [],
  };
  const initialise = push({ ...bare, tail: (emit, placed, model) => recordInitial(emit, model, placed) });
  const shuffle = push({ ...bare, tail: (emit, placed) => recordShuffle(emit, shape.trainRows, placed) });
  const stages = stagesOf(spec).afterEpochs.map((afterEpochs, stage) => {
    const draft = (batchRows: number) => draftStep(spec, shape, { batchRows, stage, bare: bare.traced, push });
    const step = draft(cut.batchRows);
    return { afterEpochs, step, lastStep: cut.lastBatchRows === cut.batchRows ? step : draft(cut.lastBatchRows) };
  });
  const statistics = push(statisticsDraft(spec, shape, Math.min(evaluationRows, shape.trainRows)));
  const evaluate: Partial<Record<Split, { full: number; rest: number }>> = {};
  for (const split of splits) {
    const rows = shape[`${split}Rows`];
    if (rows === 0) continue;
    const full = Math.min(rows, evaluationRows);
    const fullIndex = push(evaluationDraft(spec, shape, split, full));
    const rest = rows % full === 0 ? fullIndex : push(evaluationDraft(spec, shape, split, rows % full));
    evaluate[split] = { full: fullIndex, rest };
  }
  const trunkProgram = trunk === null ? null : push(trunkDraft(trunk, bare.traced));
  const index: ProgramIndex = { initialise, shuffle, stages, statistics, evaluate, trunk: trunkProgram };
  return { drafts, index, search: draftSearch(spec, shape, cut, evaluationRows, { index, bare: bare.traced, push }) };
};

/** The programs of the trials: a step for each penalty, and one that judges. */
const draftSearch = (
  spec: TracedSpec,
  shape: DataShape,
  cut: ReturnType<typeof cutEpoch>,
  evaluationRows: number,
  { index, bare, push }: { index: ProgramIndex; bare: Traced; push: (draft: Draft) => number },
): SearchPlan | null => {
  const size = sizeSearch(spec, shape, cut.batchRows);
  if (size === null) return null;
  const programs = size.l2s.map((l2, at): StepPrograms => {
    const own = index.stages[0]!;
    if (at === size.start) return { step: own.step, lastStep: own.lastStep };
    const penalised = { ...spec, training: { ...spec.training, l2 } };
    const draft = (batchRows: number) => draftStep(penalised, shape, { batchRows, stage: 0, bare, push });
    const step = draft(cut.batchRows);
    return { step, lastStep: own.lastStep === own.step ? step : draft(cut.lastBatchRows) };
  });
  const full = Math.min(size.holdOutRows, evaluationRows);
  const fullIndex = push(judgeDraft(spec, shape, full));
  const rest = size.holdOutRows % full;
  return {
    ...size,
    programs,
    judge: { full: fullIndex, rest: rest === 0 ? fullIndex : push(judgeDraft(spec, shape, rest)) },
  };
};
