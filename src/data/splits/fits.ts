import type { Dataset } from "../../domain/datasets/dataset.ts";
import type { HeldOut } from "../../domain/jobs/spec/folds/cross-validation-spec.ts";
import type { ResolvedJobSpec } from "../../domain/jobs/spec/job-spec.ts";
import { type BaseModel, type DataShape, dataShape } from "../preprocessing/data-shape.ts";

/** One model that a job fits: with the spec that it goes by, and the shape of its data. */
export interface Fit {
  readonly spec: ResolvedJobSpec;
  readonly shape: DataShape;
  /** Null: the job's own model, of all rows. */
  readonly heldOut: HeldOut | null;
}

const foldSpec = (spec: ResolvedJobSpec, heldOut: HeldOut, dataset: Dataset, base: BaseModel | null): Fit => {
  const own = { ...spec, training: { ...spec.training, heldOut } };
  const { trainRows } = dataShape(own, dataset, base);
  const { batchSize } = spec.training;
  // A batch larger than the rows of the fit is the whole of them.
  const training = { ...own.training, batchSize: batchSize === "full" ? batchSize : Math.min(batchSize, trainRows) };
  const fitted = { ...own, training };
  return { spec: fitted, shape: dataShape(fitted, dataset, base), heldOut };
};

/** The fits of a job in their order: one for each fold of each repeat, then the model of all rows. Without a cross-validation that model alone. */
export const fitsOf = (spec: ResolvedJobSpec, dataset: Dataset, base: BaseModel | null): Fit[] => {
  const { folds, repeats } = spec.training.crossValidation ?? { folds: 0, repeats: 0 };
  const held = Array.from({ length: folds * repeats }, (_, i) => ({ repeat: Math.floor(i / folds), fold: i % folds }));
  return [
    ...held.map((heldOut) => foldSpec(spec, heldOut, dataset, base)),
    { spec, shape: dataShape(spec, dataset, base), heldOut: null },
  ];
};
