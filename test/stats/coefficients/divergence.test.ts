import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Preprocessing } from "../../../src/domain/models/model.ts";
import { findDivergence, type RegressionRows } from "../../../src/stats/coefficients/divergence.ts";

type Point = readonly number[];

const rowsOf = (
  model: RegressionRows["model"],
  points: readonly Point[],
  labels: readonly number[],
): RegressionRows => {
  const inputs = points[0]!.length;
  const features = Array.from({ length: inputs }, (_, i) => ({
    ...{ type: "number", column: `x${i}`, mean: 0, scale: 1, missingIndicator: false },
  }));
  const preprocessing = { features, label: { type: "classes", column: "y" }, inputs, outputs: 1 };
  return {
    model,
    preprocessing: preprocessing as unknown as Preprocessing,
    features: Float32Array.from(points.flat()),
    labels,
  };
};

/** Every place of a grid, so that no input alone says anything for certain. */
const grid: Point[] = [-2, -1, 0, 1, 2].flatMap((a) => [-2, -1, 0, 1, 2].map((b) => [a, b]));
const side = ([a, b]: Point): number => Math.sign(a! + b!);

describe("separation by several features together", () => {
  it("is noticed where only the boundary is shared, and names them", () => {
    const labels = grid.map((point, i) => (side(point) === 0 ? i % 2 : Number(side(point) > 0)));
    expect(findDivergence(rowsOf("logistic", grid, labels))?.sort()).toEqual(["x0", "x1"]);
    const third = grid.map(([a, b], i) => [a!, b!, ((i * 7) % 5) - 2]);
    expect(findDivergence(rowsOf("logistic", third, labels))?.sort()).toEqual(["x0", "x1"]);
  });

  it("is noticed of one class among several", () => {
    const labels = grid.map((point, i) => (side(point) > 0 ? 2 : i % 2));
    expect(findDivergence(rowsOf("softmax", grid, labels))?.sort()).toEqual(["x0", "x1"]);
  });

  it("is noticed of counts that are 0 on one side, and the same on the other", () => {
    const labels = grid.map((point, i) => (side(point) > 0 ? 0 : side(point) === 0 ? 1 + (i % 3) : 0));
    const touching = grid.filter((point) => side(point) >= 0);
    const own = labels.filter((_, i) => side(grid[i]!) >= 0);
    expect(findDivergence(rowsOf("poisson", touching, own))?.sort()).toEqual(["x0", "x1"]);
  });

  it("is not seen where one row is on the wrong side, nor where a class is merely likely", () => {
    const labels = grid.map((point) => Number(side(point) > 0));
    labels[0] = 1;
    expect(findDivergence(rowsOf("logistic", grid, labels))).toBeNull();
    expect(
      findDivergence(
        rowsOf(
          "softmax",
          grid,
          labels.map((label, i) => (i % 4 === 0 ? 2 : label)),
        ),
      ),
    ).toBeNull();
    expect(
      findDivergence(
        rowsOf(
          "poisson",
          grid,
          grid.map((_, i) => (i * 5) % 4),
        ),
      ),
    ).toBeNull();
    // A thousand rows on each side and one of either on the wrong one: rare, and yet finite.
    const steep = Array.from({ length: 2002 }, (_, i): Point => [i < 1001 ? -1 : 1, ((i * 37) % 11) / 5 - 1]);
    const rare = steep.map(([a], i) => (i === 0 || i === 2001 ? Number(a! < 0) : Number(a! > 0)));
    expect(findDivergence(rowsOf("logistic", steep, rare))).toBeNull();
  });

  it("is seen exactly where a line has the classes on its sides: against every line through two of the points", () => {
    const coordinate = fc.integer({ min: -2, max: 2 });
    const rows = fc.array(fc.tuple(coordinate, coordinate, fc.integer({ min: 0, max: 1 })), {
      ...{ minLength: 5, maxLength: 14 },
    });
    const separable = (all: readonly (readonly [number, number, number])[]): boolean =>
      all.some(([ax, ay]) =>
        all.some(([bx, by]) => {
          const [nx, ny] = [by - ay, ax - bx];
          if (nx === 0 && ny === 0) return false;
          const sides = all.map(([x, y, label]) => (nx * (x - ax) + ny * (y - ay)) * (label === 1 ? 1 : -1));
          const some = sides.some((value) => value !== 0);
          return some && (sides.every((value) => value >= 0) || sides.every((value) => value <= 0));
        }),
      );
    const spans = (all: readonly (readonly [number, number, number])[]): boolean =>
      all.some(([ax, ay]) =>
        all.some(([bx, by]) => all.some(([cx, cy]) => (bx - ax) * (cy - ay) !== (by - ay) * (cx - ax))),
      );
    fc.assert(
      fc.property(rows, (all) => {
        fc.pre(new Set(all.map(([, , label]) => label)).size === 2 && spans(all));
        const found = findDivergence(
          rowsOf(
            "logistic",
            all.map(([x, y]) => [x, y]),
            all.map(([, , label]) => label),
          ),
        );
        expect(found !== null).toBe(separable(all));
      }),
      { numRuns: 500 },
    );
  });
});
