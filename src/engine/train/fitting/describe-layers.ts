import type { LayerStatistics } from "../../../domain/jobs/job.ts";
import type { TrainingPlan } from "../planning/training.ts";
import type { RowRunner } from "./row-runner.ts";

/** A job has thousands of points, and a network from a file any number of layers with names of its own. */
const mostLayers = 200;
const longestName = 100;

/** The state of the layers after a step: weights and last gradients of each, and its outputs on the first rows of the epoch. */
export type LayerDescriber = () => { readonly layers: LayerStatistics[]; readonly gradientNorm: number };

export const createLayerDescriber = (
  plan: TrainingPlan,
  memory: WebAssembly.Memory,
  runner: RowRunner,
): LayerDescriber => {
  const { statistics, cursorOffset } = plan.layout;
  const { identityOffset } = plan.layout;
  const rows = Math.min(plan.layout.evaluation.rows, plan.shape.trainRows);
  const firstRows = { split: "train", orderOffset: identityOffset, first: 0, rows, end: rows, epoch: null } as const;
  const doubles = new Float64Array(memory.buffer);
  const cursor = new Int32Array(memory.buffer, cursorOffset, 1);
  const at = (offset: number): number => doubles[offset / 8]!;

  const describeActivity = (layer: string): Partial<LayerStatistics> => {
    const own = statistics.activities.findLast((activity) => activity.layer === layer);
    if (!own) return {};
    const seen = new Int32Array(memory.buffer, own.seenOffset, own.units);
    const described = {
      activationMean: at(own.sumOffset) / own.elements,
      activationRms: Math.sqrt(at(own.squaresOffset) / own.elements),
    };
    if (!own.rectified) return described;
    return { ...described, deadShare: seen.reduce((dead, value) => dead + Number(value === 0), 0) / own.units };
  };

  return () => {
    cursor[0] = 0;
    runner.run(plan.programIndex.statistics, firstRows);
    let squares = 0;
    const layers = statistics.layers.flatMap((layer, index) => {
      const gradientSquares = layer.trainable > 0 ? at(layer.gradientSquaresOffset) : 0;
      squares += gradientSquares;
      if (index >= mostLayers) return [];
      return {
        layer: layer.layer.slice(0, longestName),
        gradientRms: Math.sqrt(gradientSquares / Math.max(1, layer.trainable)),
        weightRms: Math.sqrt(at(layer.weightSquaresOffset) / layer.parameters),
        ...describeActivity(layer.layer),
      };
    });
    return { layers, gradientNorm: Math.sqrt(squares) };
  };
};
