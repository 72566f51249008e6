import type { Dataset } from "../../domain/datasets/dataset.ts";
import { type HeldOut, isFoldEnsemble } from "../../domain/jobs/spec/folds/cross-validation-spec.ts";
import type { ResolvedJobSpec } from "../../domain/jobs/spec/job-spec.ts";
import { trainingOfPart } from "../../domain/jobs/spec/rows/learning-curve.ts";
import { cosTurns64 } from "../../engine/kernels/math64.ts";
import { type BaseModel, type DataShape, dataShape } from "../preprocessing/data-shape.ts";

/** One model that a job fits: with the spec that it goes by, and the shape of its data. */
export interface Fit {
  readonly spec: ResolvedJobSpec;
  readonly shape: DataShape;
  /** Null: the job's own model, of all rows. */
  readonly heldOut: HeldOut | null;
  /** It learns from a part of the training rows, for a learning curve: its model is measured and not kept. */
  readonly isPart?: true;
}

/**
 * The epochs of a fit that goes on to where early stopping found the best. The rate was high there yet and the weights jittered, so that the best epoch was a lucky one,
 * and the same one of more rows is not. The cosine therefore ends with the fit, which is as long as its rates need to have the same sum.
 */
const settled = ({ optimizer, training }: ResolvedJobSpec, lastEpoch: number) => {
  const { epochs, earlyStopping } = training;
  if (!earlyStopping || optimizer.schedule.type !== "cosine") return { epochs, lastEpoch };
  const sine = cosTurns64(lastEpoch / epochs / 2 - 1 / 4);
  const own = Math.min(epochs, Math.max(1, Math.round(lastEpoch + (epochs / Math.PI) * sine)));
  return { epochs: own, lastEpoch: own };
};

/**
 * The fit on every row, after one that was measured: what was found then is stated, and nothing is held out any more. l2 · training rows stays what it was, as
 * the penalty is that of a prior, whose pull fades as rows grow.
 * @param found of the measured fit, `lastEpoch` its best; for planning what it may come to
 */
export const refitOf = (
  spec: ResolvedJobSpec,
  dataset: Dataset,
  base: BaseModel | null,
  found: { lastEpoch: number; l2: number; temperature: number; shares?: readonly number[] | undefined },
): Fit => {
  const { temperature, shares } = found;
  const { epochs, lastEpoch } = settled(spec, found.lastEpoch);
  const held = {
    ...spec.training,
    epochs,
    everyRow: { lastEpoch, temperature, ...(shares === undefined ? {} : { shares }) },
    earlyStopping: false,
    penaltySearch: false,
  } as const;
  const own = { ...spec, training: held };
  const shape = dataShape(own, dataset, base);
  const l2 = (found.l2 * dataShape(spec, dataset, base).trainRows) / shape.trainRows;
  return { spec: { ...own, training: { ...held, l2 } }, shape, heldOut: null };
};

const foldSpec = (spec: ResolvedJobSpec, heldOut: HeldOut, dataset: Dataset, base: BaseModel | null): Fit => {
  const own = { ...spec, training: { ...spec.training, heldOut } };
  const { trainRows } = dataShape(own, dataset, base);
  const { batchSize } = spec.training;
  // A batch larger than the rows of the fit is the whole of them.
  const training = { ...own.training, batchSize: batchSize === "full" ? batchSize : Math.min(batchSize, trainRows) };
  const fitted = { ...own, training };
  return { spec: fitted, shape: dataShape(fitted, dataset, base), heldOut };
};

/** The same model on a part of the training rows. */
const partFit = (spec: ResolvedJobSpec, part: number, dataset: Dataset, base: BaseModel | null): Fit => {
  const own = { ...spec, training: { ...spec.training, part } };
  const rows = { part: dataShape(own, dataset, base).trainRows, all: dataShape(spec, dataset, base).trainRows };
  const fitted = { ...spec, training: { ...trainingOfPart(spec, rows), part } };
  return { spec: fitted, shape: dataShape(fitted, dataset, base), heldOut: null, isPart: true };
};

/** The fits of a job in their order: those of a learning curve, the smallest first; one for each fold of each repeat, then, unless they are the model together, that of all rows; or the measured one and that of every row; or the job's own model alone. */
export const fitsOf = (spec: ResolvedJobSpec, dataset: Dataset, base: BaseModel | null): Fit[] => {
  const { folds, repeats } = spec.training.crossValidation ?? { folds: 0, repeats: 0 };
  const held = Array.from({ length: folds * repeats }, (_, i) => ({ repeat: Math.floor(i / folds), fold: i % folds }));
  const { refit, epochs, l2, learningCurve } = spec.training;
  const halvings = learningCurve?.halvings ?? 0;
  return [
    ...Array.from({ length: halvings }, (_, i) => partFit(spec, halvings - i, dataset, base)),
    ...held.map((heldOut) => foldSpec(spec, heldOut, dataset, base)),
    ...(isFoldEnsemble(spec) ? [] : [{ spec, shape: dataShape(spec, dataset, base), heldOut: null }]),
    ...(refit === true ? [refitOf(spec, dataset, base, { lastEpoch: epochs, l2, temperature: 1 })] : []),
  ];
};
