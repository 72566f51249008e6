import type { ResolvedJobSpec } from "../../domain/jobs/spec/job-spec.ts";
import { alignUp, createLayout, type Layout, pageBytes, reservedBytes } from "../tensor/layout.ts";
import { heldOrSpilled, type TableSpill } from "../tensor/spill-format.ts";
import { rowWorkDoubles } from "./quantile/row-work.ts";
import { square } from "./square.ts";
import { triangleDoubles } from "./triangle.ts";

/** The models that are solved, each with its own likelihood. */
export type ExactModel = "linear" | "logistic" | "softmax" | "poisson" | "gamma" | "negative_binomial" | "quantile";

export type ExactMethod =
  /** One pass: Householder QR. */
  | "qr"
  /** Newton's method; for one linear predictor it is iteratively reweighted least squares by QR. */
  | "newton"
  | "lbfgs"
  /** From vertex to vertex of a linear program. */
  | "simplex";

interface Rows {
  readonly rows: number;
  readonly featuresOffset: number;
  readonly labelsOffset: number;
}

/** A job that is solved, known before it is queued. */
export interface ExactPlan {
  readonly kind: "exact";
  readonly model: ExactModel;
  readonly method: ExactMethod;
  /** Inputs of a row, and the columns of the predictor at most: the inputs and ones. */
  readonly inputs: number;
  readonly outputs: number;
  readonly mostIterations: number;
  readonly parameters: number;
  readonly memoryBytes: number;
  readonly flopsPerStep: number;
  readonly stepsPerEpoch: number;
  readonly steps: number;
  readonly threads: number;
  readonly warnings: readonly string[];
  readonly data: {
    readonly train: Rows & { readonly placesOffset: number; readonly clustersOffset: number };
    readonly validation: Rows;
    readonly test: Rows;
  };
  /** The rows do not fit: they are kept in a file of the trainer's, and the arrays of features are empty. */
  readonly spill: TableSpill | null;
  /** Doubles of the method's matrix. */
  readonly work: { readonly offset: number; readonly doubles: number };
  /** Of a quantile: doubles of what its rows take beside. */
  readonly rowWork: { readonly offset: number; readonly doubles: number };
}

interface ExactShape {
  readonly trainRows: number;
  readonly validationRows: number;
  readonly testRows: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly spills?: boolean;
}

/** Operations of one pass with a matrix that are not too many: some minutes on one core. */
const mostQrFlops = 4e11;
const mostNewtonFlops = 2e10;
/** Columns of a matrix that is kept whole. */
const mostColumns = 2500;

/** Pivots of a linear program, about, for each of its columns, each a pass over the rows. */
const pivotsPerColumn = 10;

/** @param programs linear programs: one for each quantile */
const methodOf = (
  model: ExactModel,
  rows: number,
  size: number,
  programs: number,
): { method: ExactMethod; flops: number } => {
  if (model === "quantile") return { method: "simplex", flops: 4 * rows * square(size) * pivotsPerColumn * programs };
  const matrix = model === "softmax" ? rows * square(size) : 2 * rows * square(size);
  const method = model === "linear" ? "qr" : "newton";
  // The dispersion of a negative binomial is found at every step of Newton's method, whatever that costs.
  const isSmall = size <= mostColumns && matrix <= (model === "linear" ? mostQrFlops : mostNewtonFlops);
  if (isSmall || model === "negative_binomial") return { method, flops: matrix };
  return { method: "lbfgs", flops: 4 * rows * size };
};

/** @param held inputs that lie in the memory */
const placeRows = (layout: Layout, rows: number, held: number): Rows => ({
  rows,
  featuresOffset: layout.place(8 * rows * held),
  labelsOffset: layout.place(8 * rows),
});

export const isExact = ({ training }: ResolvedJobSpec): boolean => training.solver === "exact";

/**
 * Plans a linear model that is solved rather than trained: where its data lie, in float64, and by which method. Where they do not fit, all but a quantile's, which goes from row to row in no order, are
 * gone through from disk.
 */
export const planExact = (spec: ResolvedJobSpec, shape: ExactShape): ExactPlan => {
  const { memoryBytes } = spec.resources;
  const placed = (spill: TableSpill | null) => planPlaced(spec, shape, spill);
  return spec.model.type === "quantile" ? placed(null) : heldOrSpilled(placed, shape, { memoryBytes, float64: true });
};

const planPlaced = (spec: ResolvedJobSpec, shape: ExactShape, spill: TableSpill | null): ExactPlan => {
  const model = spec.model.type as ExactModel;
  const { trainRows, validationRows, testRows, inputs, outputs } = shape;
  const contrasts = model === "softmax" ? outputs - (spec.training.l2 > 0 ? 0 : 1) : 1;
  const size = contrasts * (inputs + 1);
  const { method, flops } = methodOf(model, trainRows, size, outputs);
  const layout = createLayout(reservedBytes);
  const held = spill === null ? inputs : 0;
  const data = {
    train: {
      ...placeRows(layout, trainRows, held),
      placesOffset: layout.place(4 * trainRows),
      clustersOffset: layout.place(4 * trainRows),
    },
    validation: placeRows(layout, validationRows, held),
    test: placeRows(layout, testRows, held),
  };
  const doubles = method === "lbfgs" ? 0 : model === "softmax" ? square(size) : triangleDoubles(size);
  const work = { offset: layout.place(8 * doubles), doubles };
  const ofRows = method === "simplex" ? rowWorkDoubles(trainRows) : 0;
  const rowWork = { offset: layout.place(8 * ofRows), doubles: ofRows };
  const steps = method === "qr" || method === "simplex" ? 1 : spec.training.epochs;
  return {
    ...{ kind: "exact", model, method, inputs, outputs, data, spill, work, rowWork },
    mostIterations: spec.training.epochs,
    parameters: outputs * (inputs + 1),
    memoryBytes: alignUp(layout.end(), pageBytes),
    flopsPerStep: flops,
    stepsPerEpoch: 1,
    steps,
    threads: 1,
    warnings:
      trainRows <= inputs && spec.training.l2 === 0
        ? [
            `${trainRows} training rows do not determine ${inputs + 1} coefficients of each output: give /training/l2, leave features out, or add rows`,
          ]
        : [],
  };
};
