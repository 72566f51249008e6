import { buildPoint, type Dimension, fromUnit, type Point } from "./dimension.ts";
import { createDraws, drawPurposes } from "./draws.ts";
import { byGoodness, type Outcome } from "./outcome.ts";
import { createParzenEstimator } from "./parzen.ts";

const startTrials = 10;
const candidates = 24;

/** How many trials count as good. */
export const goodCount = (finished: number): number => Math.min(Math.ceil(finished / 10), 25);

export const randomPoint = (dimensions: readonly Dimension[], seed: number, number: number): Point => {
  const draws = createDraws(seed, drawPurposes.random, number);
  return buildPoint(dimensions, (dimension) => fromUnit(dimension, draws.unit()));
};

/** Dimensions that hold together: those that always hold, and those of each choice. */
const groupsOf = (dimensions: readonly Dimension[]): Dimension[][] => {
  const groups = new Map<string, Dimension[]>();
  for (const dimension of dimensions) {
    const key = dimension.when === null ? "" : `${dimension.when.name}=${dimension.when.choice}`;
    const group = groups.get(key);
    if (group) group.push(dimension);
    else groups.set(key, [dimension]);
  }
  return [...groups.values()];
};

/**
 * The tree-structured Parzen estimator, multivariate: of 24 points drawn from the density of the good trials the one where it most exceeds that of the others.
 * Running trials are among the others (constant liar), so that several at once do not try the same.
 * @param outcomes in the order of their numbers
 */
export const tpePoint = (
  dimensions: readonly Dimension[],
  outcomes: readonly Outcome[],
  seed: number,
  number: number,
): Point => {
  const finished = outcomes.filter(({ state, value }) => state !== "running" && value !== null);
  if (finished.length < startTrials) return randomPoint(dimensions, seed, number);
  const goodNumbers = new Set(
    byGoodness(finished)
      .slice(0, goodCount(finished.length))
      .map((outcome) => outcome.number),
  );
  const known = outcomes.filter(({ state, value }) => state === "running" || value !== null);
  let point: Point = {};
  for (const [index, group] of groupsOf(dimensions).entries()) {
    const { when } = group[0]!;
    if (when !== null && point[when.name] !== when.choice) continue;
    const has = known.filter((outcome) => group.every(({ name }) => Object.hasOwn(outcome.point, name)));
    const [good, others] = [true, false].map((wanted) =>
      createParzenEstimator(
        group,
        has.filter((outcome) => goodNumbers.has(outcome.number) === wanted).map((outcome) => outcome.point),
      ),
    ) as [ReturnType<typeof createParzenEstimator>, ReturnType<typeof createParzenEstimator>];
    const draws = createDraws(seed, drawPurposes.tpe + index, number);
    let best: { sample: Point; gain: number } | null = null;
    for (let i = 0; i < candidates; i++) {
      const sample = good.sample(draws);
      const gain = good.logDensity(sample) - others.logDensity(sample);
      if (best === null || gain > best.gain) best = { sample, gain };
    }
    point = { ...point, ...best?.sample };
  }
  return point;
};
