import type { PreparedArrays } from "../../../src/data/preprocessing/prepare.ts";
import type { Split } from "../../../src/data/splits/split.ts";
import type { Preprocessing } from "../../../src/domain/models/model.ts";
import type { ResidualsByFeature } from "../../../src/domain/models/parts/residuals-by-feature.ts";
import { spreadRows } from "../../../src/engine/train/fitting/collect-answers.ts";
import type { UnitsOf } from "../../../src/stats/explaining/dependence-grid.ts";
import { residualsByFeature } from "../../../src/stats/explaining/residuals-by-feature.ts";
import { gather } from "../../../src/stats/order-of.ts";
import { type Sampling, samplingOf } from "../../../src/stats/sampling.ts";
import { type PickRows, pickFrom } from "./picked-rows.ts";

/** A model's answers to rows of a split, and the data beside them. */
interface Answered {
  readonly preprocessing: Preprocessing;
  readonly arrays: PreparedArrays;
  readonly answers: { readonly split: Split; readonly rows: Int32Array };
  readonly pick?: PickRows;
  /** From inputs to the data; left out: nothing is told. */
  readonly unitsOf?: UnitsOf;
}

/** Rows whose errors are looked at, and numbers of them, at most. */
const [mostRows, mostNumbers] = [10_000, 4_000_000];

/**
 * Where the model errs.
 * @param residuals prediction − truth of the rows that were answered
 */
export const residualsOf = (
  { arrays, answers, preprocessing, unitsOf, pick = pickFrom(arrays) }: Answered,
  residuals: Float64Array,
  sampling: Sampling | null,
): ResidualsByFeature | null => {
  if (unitsOf === undefined || preprocessing.features.some(({ type }) => type === "image")) return null;
  const most = Math.min(mostRows, Math.floor(mostNumbers / preprocessing.inputs));
  const asked = spreadRows(residuals.length, 1, most);
  const picked = pick(
    answers.split,
    asked.map((i) => answers.rows[i]!),
  );
  return residualsByFeature({
    ...{ preprocessing, ...picked, unitsOf, sampling: sampling && samplingOf(sampling, asked) },
    residuals: gather(residuals, asked),
  });
};
