import { expect, it } from "vitest";
import { profileCsv } from "../../../src/data/columns/profile-csv.ts";
import { fitValues, keepRoom } from "../../../src/data/columns/value-room.ts";
import type { Column } from "../../../src/domain/datasets/dataset.ts";
import { limits } from "../../../src/domain/limits.ts";
import { streamOf } from "../csv-fixtures.ts";

const column = (name: string, type: Column["type"], values: number, length: number): Column => ({
  ...{ name, type, missing: 0, distinct: values },
  categories: Array.from({ length: values }, (_, i) => ({ value: String(i).padStart(length, "v"), count: 1 })),
});
const withValues = (columns: readonly Column[]) => columns.filter(({ categories }) => categories !== undefined);

it("a record that has room for all values keeps all", () => {
  const columns = [column("a", "category", 1000, 20), column("b", "number", 100, 5)];
  expect(fitValues(columns)).toEqual(columns);
});

it("where values are too many, the columns that take most lose theirs; number columns keep a quarter of the room at most", () => {
  const columns = [
    ...[column("large", "category", 100, 50), column("small", "category", 10, 5)],
    ...[column("numbers", "number", 100, 5), column("label", "number", 2, 1)],
  ];
  const names = (room: number) => withValues(fitValues(columns, room)).map(({ name }) => name);
  expect(names(12_000)).toEqual(["large", "small", "numbers", "label"]);
  expect(names(9000)).toEqual(["large", "small", "label"]);
  expect(names(1000)).toEqual(["small", "label"]);
  expect(fitValues(columns, 1000)[0]).toEqual({ name: "large", type: "category", missing: 0, distinct: null });
  expect(fitValues(columns, 1000)[2]).toEqual({ name: "numbers", type: "number", missing: 0, distinct: 100 });
});

it("while a file is read, values are forgotten until there is room again", () => {
  const held = [10, 900, 300];
  const columns = held.map((_, i) => ({
    isNumber: i === 2,
    values: {
      bytes: () => held[i]!,
      forget: () => {
        held[i] = 0;
      },
    },
  }));
  keepRoom(columns, 1000);
  expect(held).toEqual([10, 900, 0]);
  keepRoom(columns, 800);
  expect(held).toEqual([10, 0, 0]);
});

it("the record of a table that is all long texts is bounded, and the same each time", async () => {
  const names = Array.from({ length: 300 }, (_, i) => `column_${i}`);
  const row = (n: number) => names.map((_, i) => `${n}_${i}_`.padEnd(250, "x")).join(",");
  const csv = `${names.join(",")},label\n${Array.from({ length: 100 }, (_, n) => `${row(n)},${n % 2}`).join("\n")}\n`;
  const { columns } = await profileCsv(streamOf(csv, 65_536));
  expect(JSON.stringify(columns).length).toBeLessThan(limits.manifestValueBytes + 300 * columns.length);
  expect(withValues(columns).length).toBeGreaterThan(60);
  expect(columns.at(-1)?.categories).toHaveLength(2);
  expect((await profileCsv(streamOf(csv, 1000))).columns).toEqual(columns);
});
