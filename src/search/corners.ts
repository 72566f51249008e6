import { buildPoint, type Dimension, fromUnit, type Point } from "./dimension.ts";

/** Combinations of choices that are all tried; beyond that each choice once. */
const mostCombinations = 24;
const almostOne = 1 - 1e-9;

/** The point whose choices are these, as far as they hold, and whose numbers lie at `place` of their range; `alone` says otherwise for one of them. */
const pointAt = (
  dimensions: readonly Dimension[],
  choices: Point,
  place: number,
  alone?: { name: string; place: number },
): Point =>
  buildPoint(dimensions, (dimension) => {
    const { name } = dimension;
    if (dimension.type === "choice") return Math.min(choices[name] ?? 0, dimension.count - 1);
    return fromUnit(dimension, alone?.name === name ? alone.place : place);
  });

const combinations = (dimensions: readonly Dimension[]): Point[] => {
  const choices = dimensions.filter((dimension) => dimension.type === "choice");
  const size = choices.reduce((product, { count }) => product * count, 1);
  if (size <= mostCombinations) {
    return choices.reduce<Point[]>(
      (points, { name, count }) =>
        points.flatMap((point) => Array.from({ length: count }, (_, i) => ({ ...point, [name]: i }))),
      [{}],
    );
  }
  // A choice inside a choice is reached by making that one.
  const reaching = (dimension: Dimension): Record<string, number> => {
    if (dimension.when === null) return {};
    const { name, choice } = dimension.when;
    const parent = dimensions.find((each) => each.name === name);
    return { ...(parent === undefined ? {} : reaching(parent)), [name]: choice };
  };
  return choices.flatMap((dimension) =>
    Array.from({ length: dimension.count }, (_, i) => ({ ...reaching(dimension), [dimension.name]: i })),
  );
};

/**
 * The points by which a space is judged: for every combination of choices (each choice once where there are many) all numbers at their lowest and at their
 * highest, and each number alone at its ends, the others in the middle. Each point once.
 */
export const cornersOf = (dimensions: readonly Dimension[]): Point[] => {
  const points = combinations(dimensions).flatMap((choices) => [
    pointAt(dimensions, choices, 0),
    pointAt(dimensions, choices, almostOne),
  ]);
  for (const dimension of dimensions) {
    if (dimension.type !== "number") continue;
    const choices = dimension.when === null ? {} : { [dimension.when.name]: dimension.when.choice };
    for (const place of [0, almostOne]) points.push(pointAt(dimensions, choices, 0.5, { name: dimension.name, place }));
  }
  return [...new Map(points.map((point) => [JSON.stringify(point), point])).values()];
};
