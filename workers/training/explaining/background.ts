import { isStraight, type Preprocessing } from "../../../src/domain/models/model.ts";
import { spreadRows } from "../../../src/engine/train/fitting/collect-answers.ts";
import type { Tensor } from "../../../src/formats/safetensors/safetensors.ts";
import { columnInputs } from "../../../src/stats/explaining/correlated-columns.ts";
import { type PickRows, pickedParts } from "./picked-rows.ts";

/** Training rows that are kept with a model, and numbers of them, at most; of fewer rows than ten an average says little. */
const [mostRows, mostNumbers, leastRows] = [100, 500_000, 10];

/** What was done to a row's inputs before they lay in the arrays: undone, the inputs are as the model takes them. */
export interface InputsInArrays {
  /** Numbers stand in the data's units. */
  readonly ownUnits: boolean;
  readonly shifts: Float64Array | null;
}

/** By place in the row: from the arrays to the model's inputs. */
const encodersOf = (
  preprocessing: Preprocessing,
  { ownUnits, shifts }: InputsInArrays,
): ((value: number, input: number) => number) => {
  const numbers = new Map<number, { mean: number; scale: number }>();
  for (const [i, { first }] of columnInputs(preprocessing).entries()) {
    const feature = preprocessing.features[i]!;
    if (ownUnits && isStraight(feature)) numbers.set(first, feature);
  }
  return (value, input) => {
    const shifted = value + (shifts?.[input] ?? 0);
    const number = numbers.get(input);
    return number === undefined ? shifted : (shifted - number.mean) / number.scale;
  };
};

/**
 * What single predictions are explained against: training rows, evenly spread, and for linear models the mean of each input over all of them. Null: the model takes
 * pictures, or more inputs than rows of them could be kept.
 */
export const backgroundOf = (
  preprocessing: Preprocessing,
  { pick, total }: { pick: PickRows; total: number },
  inArrays: InputsInArrays,
  isLinear: boolean,
): Tensor[] | null => {
  const { inputs, features: transforms, label } = preprocessing;
  if (label.type === "none" || transforms.some(({ type }) => type === "image")) return null;
  const most = Math.min(mostRows, Math.floor(mostNumbers / inputs));
  if (total === 0 || most < leastRows) return null;
  const encode = encodersOf(preprocessing, inArrays);
  const places = spreadRows(total, 1, most);
  const rows = new Float32Array(places.length * inputs);
  const { features, rows: picked } = pick("train", places);
  for (const [i, row] of picked.entries())
    for (let input = 0; input < inputs; input++)
      rows[i * inputs + input] = encode(features[row * inputs + input]!, input);
  const tensors: Tensor[] = [{ name: "rows", dtype: "F32", shape: [places.length, inputs], data: rows }];
  if (!isLinear) return tensors;
  const means = new Float64Array(inputs);
  for (const part of pickedParts(pick, "train", total))
    for (const row of part.rows)
      for (let input = 0; input < inputs; input++) means[input]! += part.features[row * inputs + input]! / total;
  const data = means.map(encode);
  const count = Float64Array.of(total);
  return [
    ...tensors,
    { name: "means", dtype: "F64", shape: [inputs], data },
    { name: "count", dtype: "F64", shape: [1], data: count },
  ];
};
