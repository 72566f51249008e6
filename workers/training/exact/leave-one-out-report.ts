import type { LeaveOneOutIntervals } from "../../../src/domain/models/conformal.ts";
import { leaveOneOut, leaveOneOutIntervals } from "../../../src/stats/conformal/leave-one-out.ts";
import type { ExactResults } from "./exact-results.ts";
import { rowsOf } from "./exact-rows.ts";
import { forNetwork, weightsFrom } from "./linear-weights.ts";

/** Numbers that a report holds of it at most: rows × (inputs and one). */
const mostNumbers = 40_000;

/** Inputs that are the same up to scale and place whichever rows they are fitted to: then the fit without a row is what it would be without that row in the file. */
const plainTypes: ReadonlySet<string> = new Set(["number", "category", "datetime"]);

/**
 * Of least squares that was fitted to all rows, none held out: the residual of each by the fit without it, and what that fit says of others. Null where another model, a penalty, weights, rows that
 * belong together, a preprocessing that learns from the rows, columns that depend on each other, or too many numbers stand against it.
 */
export const leaveOneOutReport = ({
  spec,
  model,
  fit,
  columns,
  arrays: { train },
  preprocessing,
  shifts,
}: ExactResults): LeaveOneOutIntervals | null => {
  const { covariance, indeterminate, coefficients } = fit;
  const { labels, weights, offsets } = train;
  const { inputs } = preprocessing;
  if (model !== "linear" || spec.training.l2 > 0 || covariance === null || indeterminate.length > 0) return null;
  if (labels === null || weights !== undefined || offsets !== undefined) return null;
  const { split, crossValidation, clusterBy } = spec.training;
  // Rows that belong together are not left out one by one: a new one comes without its like.
  if ((split.by ?? split.time ?? crossValidation?.by ?? clusterBy) !== undefined) return null;
  if (preprocessing.features.some(({ type }) => !plainTypes.has(type))) return null;
  if (labels.length * (inputs + 1) > mostNumbers) return null;
  const left = leaveOneOut({ features: rowsOf(train, inputs), labels, inputs, columns, coefficients, covariance });
  const plain = { ...preprocessing, label: { type: "none" as const } };
  const influences = left.map(({ change }) => {
    const own = weightsFrom(change, columns, { inputs, outputs: 1 });
    const { weight, bias } = forNetwork(own, plain, { standardised: false, shifts });
    return [bias[0]!, ...weight];
  });
  // Of columns about 1e-160 and below the covariance is beyond numbers.
  if (!influences.flat().every(Number.isFinite)) return null;
  return leaveOneOutIntervals(labels, left, influences);
};
