import { describe, expect, it } from "vitest";
import { profileCsv } from "../../../src/data/columns/profile-csv.ts";
import { streamOf } from "../csv-fixtures.ts";

const column = async (cells: string[]) =>
  (await profileCsv(streamOf(`x,y\n${cells.map((cell) => `${cell},1`).join("\n")}\n`))).columns[0]!;

describe("the notes of a column of numbers", () => {
  it("tells how such a number is to be written in this file, and keeps its sign", async () => {
    const remedyOf = async (decimal: "." | ",", ...cells: string[]) => {
      const text = `x;y\n${cells.map((cell) => `"${cell}";1`).join("\n")}\n`;
      const { columns } = await profileCsv(streamOf(text), { dialect: { delimiter: ";", decimal } });
      const [note] = columns[0]?.notes ?? [];
      return note?.code === "formatted_numbers" ? /write them without \((.*)\), and/.exec(note.message)?.[1] : note;
    };
    expect(await remedyOf(",", "5.759,45", "12")).toBe("5759,45");
    expect(await remedyOf(",", "1.049", "12")).toBe("1049");
    expect(await remedyOf(",", "1.234 €", "5.678.901,5 €")).toBe("5678901,5");
    expect(await remedyOf(".", "1,234.5", "12")).toBe("1234.5");
    expect(await remedyOf(".", "1.234", "1.234.567,5")).toBe("1234567.5");
    expect(await remedyOf(".", "$1,049", "$3")).toBe("1049");
    expect(await remedyOf(".", "0.125%", "7.125%")).toBe("0.125");
    expect(await remedyOf(".", "(71.00)", "5")).toBe("-71.00");
    expect(await remedyOf(".", "1 234", "(71.00)")).toBe("1234, -71.00");
    expect(await remedyOf(".", "\u22125", "4")).toBe("-5");
    expect(await remedyOf(".", "-$1,000.50", "4")).toBe("-1000.50");
  });

  it("tells of far values in small files too, and not of long tails", async () => {
    // Uniform numbers by the golden ratio, so that the same file is read each time; normal ones by Box and Muller.
    const uniform = (i: number, step = (Math.sqrt(5) - 1) / 2): number => ((i + 0.5) * step) % 1;
    const normal = (i: number): number =>
      Math.sqrt(-2 * Math.log(uniform(i))) * Math.cos(2 * Math.PI * uniform(i, Math.SQRT2 - 1));
    const isTold = async (rows: number, value: (i: number) => number, ...slips: number[]): Promise<boolean> => {
      const { notes = [] } = await column(Array.from({ length: rows }, (_, i) => String(slips[i] ?? value(i))));
      return notes.some(({ code }) => code === "far_values");
    };
    for (const rows of [30, 300]) {
      const usual = (i: number): number => 10 + 2 * normal(i);
      for (const slips of [[99_999], [-9999], [99_999, 99_999, 99_999], [1000]])
        expect([rows, slips, await isTold(rows, usual, ...slips)]).toEqual([rows, slips, true]);
      const count = (i: number): number => i % 9;
      expect(await isTold(rows, count, -9000)).toBe(true);
      expect(await isTold(rows, (i) => 1990 + (i % 30), 0)).toBe(true);
      const tails = {
        normal: usual,
        lognormal: (i: number) => Math.exp(normal(i)),
        "lognormal, σ = 3": (i: number) => Math.exp(3 * normal(i)),
        exponential: (i: number) => -Math.log(uniform(i)),
        "Pareto, α = 1": (i: number) => 1 / uniform(i),
        "mostly 0": (i: number) => (i % 5 === 0 ? 1000 : 0),
        "rarely 1": (i: number) => (i === 7 ? 1 : 0),
        "nearly 1": (i: number) => 1 / (1 + 1e-4 * Math.exp(2 * normal(i))),
        gains: (i: number) => Math.exp(1.5 * normal(i)) - 1,
      };
      for (const [name, value] of Object.entries(tails))
        expect([rows, name, await isTold(rows, value)]).toEqual([rows, name, false]);
    }
  });
});
