import { type InputRows, readRows } from "./coefficients/input-rows.ts";

/** The prepared training rows of a classification or of counts. */
export interface LabelledRows {
  /** rows × inputs, row-major. */
  features: InputRows;
  inputs: number;
  labels: ArrayLike<number>;
}

/** Least and largest value of each input among the rows of one group. */
interface Extent {
  rows: number;
  least: Float64Array;
  largest: Float64Array;
}

/** More numbers than this are not kept for it. */
const mostNumbers = 10_000_000;

const extentsOf = (
  { features, inputs, labels }: LabelledRows,
  groups: number,
  groupOf: (label: number) => number,
): Extent[] => {
  const extents = Array.from({ length: groups }, () => ({
    rows: 0,
    least: new Float64Array(inputs).fill(Number.POSITIVE_INFINITY),
    largest: new Float64Array(inputs).fill(Number.NEGATIVE_INFINITY),
  }));
  const reader = readRows(features, inputs);
  for (let row = 0; row < labels.length; row++) {
    const extent = extents[groupOf(labels[row]!)]!;
    extent.rows += 1;
    const start = reader.seek(row);
    for (let j = 0; j < inputs; j++) {
      const value = reader.values[start + j]!;
      if (value < extent.least[j]!) extent.least[j] = value;
      if (value > extent.largest[j]!) extent.largest[j] = value;
    }
  }
  return extents;
};

/** The smallest of the others' values: of each group but one. */
const leastOfOthers = (values: readonly number[]): ((group: number) => number) => {
  let [first, second, at] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, -1];
  for (const [group, value] of values.entries()) {
    if (value < first) [first, second, at] = [value, first, group];
    else if (value < second) second = value;
  }
  return (group) => (group === at ? second : first);
};

/**
 * An input that alone tells a class from the others in every row, but for rows at the boundary (complete or quasi-complete separation, Albert & Anderson 1984):
 * the likelihood of a logistic or softmax regression then grows for ever with that input's coefficient. Null: no single input does.
 */
export const findSeparation = (rows: LabelledRows, classes: number): { input: number; class: number } | null => {
  if (classes * rows.inputs > mostNumbers) return null;
  const extents = extentsOf(rows, classes, (label) => label);
  const present = extents.map((extent, index) => ({ ...extent, index })).filter((extent) => extent.rows > 0);
  if (present.length < 2) return null;
  for (let input = 0; input < rows.inputs; input++) {
    const least = present.map((extent) => extent.least[input]!);
    const largest = present.map((extent) => extent.largest[input]!);
    if (Math.min(...least) === Math.max(...largest)) continue;
    const othersLeast = leastOfOthers(least);
    const othersLargest = leastOfOthers(largest.map((value) => -value));
    for (const [group, { index }] of present.entries()) {
      if (least[group]! >= -othersLargest(group) || largest[group]! <= othersLeast(group))
        return { input, class: index };
    }
  }
  return null;
};

/**
 * An input that is the same in every row with a count above 0, and differs only to one side of it where the count is 0: the rate of those rows goes to 0, the
 * coefficient to infinity (Santos Silva & Tenreyro 2010). Null: no single input does.
 */
export const findSeparatedZeros = (rows: LabelledRows): number | null => {
  const [zero, counted] = extentsOf(rows, 2, (label) => (label > 0 ? 1 : 0)) as [Extent, Extent];
  if (zero.rows === 0 || counted.rows === 0) return null;
  for (let input = 0; input < rows.inputs; input++) {
    const usual = counted.least[input]!;
    if (usual !== counted.largest[input]) continue;
    const [least, largest] = [zero.least[input]!, zero.largest[input]!];
    if (least < largest || least !== usual) if (least >= usual || largest <= usual) return input;
  }
  return null;
};
