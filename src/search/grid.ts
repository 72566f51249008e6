import { permutation, seedWords } from "../engine/kernels/philox.ts";
import { atStep, boundsOf, type Dimension, fromScale, type NumberDimension, type Point, stepsOf } from "./dimension.ts";
import { drawPurposes } from "./draws.ts";

/** The numbers of a dimension on the grid: all of its steps, but at most `points`, which then lie evenly in its scale. */
const numbersOf = (dimension: NumberDimension, points: number): number[] => {
  const { min, max, step } = dimension;
  if (min === max) return [min];
  if (step !== null) {
    const count = stepsOf({ min, max, step });
    if (count <= points) return Array.from({ length: count }, (_, i) => atStep(dimension, step, i));
  }
  const { low, high } = boundsOf(dimension);
  const ends = { ...dimension, step: null };
  const inner = boundsOf(ends);
  const [first, last] =
    step === null ? [inner.low, inner.high] : [Math.max(low, inner.low), Math.min(high, inner.high)];
  const places = Array.from({ length: points }, (_, i) =>
    points === 1 ? (first + last) / 2 : first + (i * (last - first)) / (points - 1),
  );
  return [...new Set(places.map((place) => fromScale(dimension, place)))];
};

const below = (dimensions: readonly Dimension[], name: string | null, choice: number): Dimension[] =>
  dimensions.filter(({ when }) => (name === null ? when === null : when?.name === name && when.choice === choice));

/** Points of the grid beneath some dimensions that hold together: products of what each has, choices summing over theirs. */
const countBelow = (dimensions: readonly Dimension[], here: readonly Dimension[], points: number): number =>
  here.reduce((product, dimension) => {
    if (dimension.type === "number") return product * numbersOf(dimension, points).length;
    let sum = 0;
    for (let choice = 0; choice < dimension.count; choice++)
      sum += countBelow(dimensions, below(dimensions, dimension.name, choice), points);
    return product * sum;
  }, 1);

export const gridSize = (dimensions: readonly Dimension[], points: number): number =>
  countBelow(dimensions, below(dimensions, null, 0), points);

/** Point `index` in the grid's own order: digits of a number whose places have as many values as the dimensions. */
const decode = (
  dimensions: readonly Dimension[],
  here: readonly Dimension[],
  points: number,
  index: number,
): Record<string, number> => {
  let rest = index;
  let point: Record<string, number> = {};
  for (const dimension of here) {
    const size = countBelow(dimensions, [dimension], points);
    let digit = rest % size;
    rest = Math.floor(rest / size);
    if (dimension.type === "number") {
      point[dimension.name] = numbersOf(dimension, points)[digit]!;
      continue;
    }
    for (let choice = 0; choice < dimension.count; choice++) {
      const inside = below(dimensions, dimension.name, choice);
      const count = countBelow(dimensions, inside, points);
      if (digit < count) {
        point = { ...point, [dimension.name]: choice, ...decode(dimensions, inside, points, digit) };
        break;
      }
      digit -= count;
    }
  }
  return point;
};

/** The grid's points in an order that the seed draws, so that a study that ends early has seen all of the space. */
export const gridPoint = (dimensions: readonly Dimension[], points: number, seed: number, number: number): Point => {
  const size = gridSize(dimensions, points);
  const order = permutation(size, { ...seedWords(seed), purpose: drawPurposes.grid, index: 0 });
  return decode(dimensions, below(dimensions, null, 0), points, order[number % size]!);
};
