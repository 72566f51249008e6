import type { PreparedArrays } from "../../../src/data/preprocessing/prepare.ts";
import type { Split } from "../../../src/data/splits/split.ts";
import { exp64 } from "../../../src/engine/kernels/math64.ts";

interface Asked {
  readonly rows: Int32Array;
  readonly outputs: Float32Array | Float64Array;
}

/** What a model said of rows, and what a report compares it with. */
interface Results {
  readonly arrays: PreparedArrays;
  readonly preprocessing: { readonly outputs: number };
  readonly answers: Asked & { readonly split: Split };
  readonly seen: Asked | null;
  readonly linear: { readonly outputs: Float64Array } | null;
}

/** Of the rows that were asked about; null: all count the same. */
export const weightsOf = ({ arrays, answers }: Pick<Results, "arrays" | "answers">): Float64Array | null => {
  const { weights } = arrays[answers.split];
  return weights === undefined ? null : Float64Array.from(answers.rows, (row) => weights[row]!);
};

/** What the counts of these rows are of; null: of one unit. */
export const exposuresOf = ({ offsets }: PreparedArrays["train"], rows: ArrayLike<number>): Float64Array | null =>
  offsets === undefined ? null : Float64Array.from(rows, (row) => exp64(offsets[row]!));

const onlyCounted = <T extends Asked>(asked: T, weights: Float64Array): T => {
  const kept = Array.from(asked.rows.keys()).filter((i) => weights[asked.rows[i]!]! > 0);
  if (kept.length === asked.rows.length) return asked;
  const width = asked.outputs.length / asked.rows.length;
  const single = asked.outputs instanceof Float32Array;
  const outputs = single ? new Float32Array(kept.length * width) : new Float64Array(kept.length * width);
  for (const [to, from] of kept.entries())
    outputs.set(asked.outputs.subarray(from * width, (from + 1) * width), to * width);
  return { ...asked, rows: Int32Array.from(kept, (i) => asked.rows[i]!), outputs };
};

/** Without the rows of weight 0, which do not count. */
export const countedRows = <T extends Results>(results: T): T => {
  const { arrays, answers, seen, linear } = results;
  const { weights } = arrays[answers.split];
  if (weights === undefined) return results;
  const seenWeights = arrays.train.weights;
  const compared = linear && onlyCounted({ rows: answers.rows, outputs: linear.outputs }, weights);
  return {
    ...results,
    answers: onlyCounted(answers, weights),
    seen: seen && seenWeights ? onlyCounted(seen, seenWeights) : seen,
    linear: linear && { ...linear, outputs: compared?.outputs },
  };
};
