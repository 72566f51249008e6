import type { Against } from "../domain/models/parts/against.ts";
import { estimateMean } from "./estimate.ts";
import { differences } from "./order-of.ts";
import type { Sampling } from "./sampling.ts";

/** What each row says of a model, larger is better: ln p of its label, or the squared error with a minus. */
export interface RowMeasures {
  readonly measure: Against["measure"];
  readonly own: Float64Array;
  readonly null: Float64Array;
  /** Null: there is none to compare with. */
  readonly linear: ({ readonly values: Float64Array } & Omit<NonNullable<Against["linear"]>, "difference">) | null;
}

/** Paired differences on the same rows, with Student's intervals of their means. */
export const compareWithSimpler = (rows: RowMeasures, sampling: Sampling | null = null): Against => {
  const { measure, own, linear } = rows;
  const differenceFrom = (other: Float64Array) => estimateMean(differences(own, other), { eitherSide: true }, sampling);
  return {
    ...{ measure, rows: own.length },
    null: { difference: differenceFrom(rows.null) },
    linear: linear && {
      ...{ model: linear.model, l2: linear.l2, trainRows: linear.trainRows },
      difference: differenceFrom(linear.values),
    },
  };
};
