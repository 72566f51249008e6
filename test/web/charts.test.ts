import { describe, expect, test } from "vitest";
import { toCsv, toFileName } from "../../src/web/page/charts/chart-data.ts";
import { middleWithin } from "../../src/web/page/charts/scale.ts";
import { toComponents } from "../../src/web/page/report/components.ts";
import { parseCsv, parseHeldOut, spread, wrongFirst } from "../../src/web/page/report/held-out.ts";

describe("a chart's data as CSV", () => {
  test("numbers are given in full, texts quoted where they must be, missing values left empty", () => {
    const rows = [
      ["a,b", 0.1 + 0.2, null],
      ['say "x"', 1e-9, undefined],
    ] as const;
    const csv = toCsv({ columns: ["name", "value", "lower"], rows });
    expect(csv).toBe('name,value,lower\r\n"a,b",0.30000000000000004,\r\n"say ""x""",1e-9,\r\n');
    expect(parseCsv(csv, 10)).toEqual([
      ["name", "value", "lower"],
      ["a,b", "0.30000000000000004", ""],
      ['say "x"', "1e-9", ""],
    ]);
  });

  test("a name that a spreadsheet would compute is a text, and a negative number stays one", () => {
    expect(toCsv({ columns: ["x"], rows: [["=1+1"], ["@sum"], ["-2"], [-2], ["-a"]] })).toBe(
      "x\r\n'=1+1\r\n'@sum\r\n-2\r\n-2\r\n'-a\r\n",
    );
  });

  test("the file is called as the chart is", () => {
    expect(toFileName('Effect of "age" / größe')).toBe("effect-of-age-größe.csv");
    expect(toFileName("…")).toBe("chart.csv");
  });
});

describe("held-out rows", () => {
  const file =
    "row,truth,prediction,probabilities.cat,probabilities.dog\n0,cat,cat,0.9,0.1\n3,dog,cat,0.6,0.4\n5,dog,dog,0.2,0.8\n7,cat,dog,0.1,0.9\n8,cat,cat,0.55,0.45\n";

  test("wrong answers come first, the surest of them at the top, then the least sure of those that are right", () => {
    const rows = parseHeldOut(file);
    expect(rows[1]).toEqual({ row: 3, truth: "dog", prediction: "cat", confidence: 0.6 });
    expect(wrongFirst(rows).map(({ row }) => row)).toEqual([7, 3, 8, 5, 0]);
  });

  test("numbers have no confidence, and another file gives no rows", () => {
    expect(parseHeldOut("row,truth,prediction\n7,63,133.8\n")).toEqual([
      { row: 7, truth: "63", prediction: "133.8", confidence: null },
    ]);
    expect(parseHeldOut("a,b\n1,2\n")).toEqual([]);
    expect(spread([1, 2, 3, 4, 5, 6], 3)).toEqual([1, 3, 5]);
  });
});

describe("principal components", () => {
  const feature = (column: string) => ({
    ...{ type: "number" as const, column, mean: 0, scale: 1, missingIndicator: false },
  });

  test("points on a line lie on the first, which has the whole variance but for what lies across", () => {
    const rows = Array.from({ length: 20 }, (_, i) => ({ a: i, b: 2 * i + (i % 2 === 0 ? 0.01 : -0.01) }));
    const found = toComponents(rows, [feature("a"), feature("b")]);
    expect(found?.shares[0]).toBeGreaterThan(0.9999);
    expect((found?.shares[0] ?? 0) + (found?.shares[1] ?? 0)).toBeCloseTo(1, 9);
    const first = found?.points.map(([x]) => x) ?? [];
    expect(first.toSorted((x, y) => x - y)).toEqual(first[0]! < first.at(-1)! ? first : first.toReversed());
  });

  test("bent numbers are bent as the model has them", () => {
    const rows = Array.from({ length: 20 }, (_, i) => ({ a: Math.exp(i) - 1, b: i % 3 }));
    const plain = rows.map(({ b }, i) => ({ a: i, b }));
    const shares = (on: typeof rows, bent: object) =>
      toComponents(on, [{ ...feature("a"), ...bent }, feature("b")])?.shares;
    expect(shares(rows, { logShift: 1 })![0]).toBeCloseTo(shares(plain, {})![0], 9);
    const quantiles = { values: [0, 10, 19], scores: [-1, 0, 3] };
    const scores = plain.map(({ a, b }) => ({ a: a <= 10 ? a / 10 - 1 : (a - 10) / 3, b }));
    expect(shares(plain, { quantiles })![0]).toBeCloseTo(shares(scores, {})![0], 9);
    const clipped = plain.map(({ a, b }) => ({ a: a / Math.sqrt(1 + (a / 3) ** 2), b }));
    expect(shares(plain, { smoothClip: 3 })![0]).toBeCloseTo(shares(clipped, {})![0], 9);
  });

  test("rows that do not spread in two directions have no picture", () => {
    expect(toComponents([{ a: 1 }, { a: 2 }, { a: 3 }], [feature("a")])).toBeNull();
    expect(
      toComponents(
        [
          { a: 1, b: 1 },
          { a: 1, b: 1 },
          { a: 1, b: 1 },
        ],
        [feature("a"), feature("b")],
      ),
    ).toBeNull();
  });
});

test("a text of a chart stands where it belongs, or as near as it is whole", () => {
  const long = "change of the linear answer for one unit of the column";
  expect(middleWithin("0.5", 180, 360)).toBe(180);
  const [early, late] = [middleWithin(long, 20, 360), middleWithin("[64,32]", 346, 360)];
  expect(early).toBeGreaterThan(20);
  expect(early).toBeLessThanOrEqual(180);
  expect(late).toBeLessThan(346);
  expect(late).toBeGreaterThan(320);
  expect(middleWithin("x".repeat(500), 10, 360)).toBe(180);
});
