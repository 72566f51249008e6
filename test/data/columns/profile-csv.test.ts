import { describe, expect, it } from "vitest";
import { profileCsv } from "../../../src/data/columns/profile-csv.ts";
import { readRows } from "../../../src/data/columns/read-rows.ts";
import type { ColumnType } from "../../../src/domain/datasets/dataset.ts";
import { limits } from "../../../src/domain/limits.ts";
import { openFile, streamOf } from "../csv-fixtures.ts";

const profile = (csv: string, types: Record<string, ColumnType> = {}) => profileCsv(streamOf(csv, 1000), { types });
const column = async (cells: string[], types: Record<string, ColumnType> = {}) =>
  (await profile(`x,y\n${cells.map((cell) => `${cell},1`).join("\n")}\n`, types)).columns[0]!;

describe("the profile of a file", () => {
  it("describes iris: number columns with statistics, the label with its classes", async () => {
    const { rows, columns } = await profileCsv(openFile("iris.csv"));
    expect(rows).toBe(150);
    expect(columns.map(({ name, type }) => [name, type])).toEqual([
      ["sepal_length", "number"],
      ["sepal_width", "number"],
      ["petal_length", "number"],
      ["petal_width", "number"],
      ["species", "category"],
    ]);
    expect(columns[0]).toMatchObject({ missing: 0, distinct: 35, minimum: 4.3, maximum: 7.9 });
    expect(columns[0]!.mean).toBeCloseTo(5.843333333333334, 12);
    expect(columns[0]!.standardDeviation).toBeCloseTo(0.8280661279778629, 12);
    expect(columns[4]).toEqual({
      name: "species",
      type: "category",
      missing: 0,
      distinct: 3,
      categories: [
        { value: "setosa", count: 50 },
        { value: "versicolor", count: 50 },
        { value: "virginica", count: 50 },
      ],
    });
  });

  it("tells of rows and columns that come again, unless all rows are made of a few values", async () => {
    const rows = Array.from({ length: 100 }, (_, i) => `${i * 3},${i % 7},t${i * 3},${i * 3}`);
    const { columns, notes } = await profile(`a,b,text,again\n${[...rows, ...rows.slice(10, 15)].join("\n")}\n`);
    expect(notes?.map(({ code, message }) => [code, message.split(" are")[0]])).toEqual([
      ["repeated_rows", "5 of 105 rows"],
    ]);
    expect(columns.map((each) => each.notes?.map(({ code }) => code))).toEqual([
      undefined,
      undefined,
      undefined,
      ["same_column"],
    ]);
    expect(columns[3]!.notes![0]!.message).toContain('the same as in "a"');
    expect((await profile(`a,b,text,again\n${rows.join("\n")}\n`)).notes).toBeUndefined();
    const few = Array.from({ length: 100 }, (_, i) => `${i % 4},${i % 3}`);
    expect((await profile(`a,b\n${few.join("\n")}\n`)).notes).toBeUndefined();
    // The same bytes in other cells are other rows.
    const shifted = Array.from({ length: 60 }, (_, i) => (i % 2 === 0 ? `${i}1,2` : `${i - 1},12`));
    expect((await profile(`a,b\n${shifted.join("\n")}\n`)).notes).toBeUndefined();
    // Pairs of columns that part from the others late, and one that parts from all in the last row.
    const parting = Array.from({ length: 60 }, (_, i) => [i, i < 40 ? i : -i, i, i < 40 ? i : -i, i < 59 ? i : 7]);
    const parted = await profile(`a,b,c,d,e\n${parting.map((cells) => cells.join(",")).join("\n")}\n`);
    const same = parted.columns.map(({ notes: each }) => each?.find(({ code }) => code === "same_column")?.message);
    expect(same.map((message) => /as in "(.)"/.exec(message ?? "")?.[1])).toEqual([
      ...[undefined, undefined, "a", "b", undefined],
    ]);
  });

  it("tells of columns whose values go with each other's one to one, where they come often enough", async () => {
    const saidOf = async (row: (i: number) => string, count = 60) => {
      const { columns } = await profile(`a,b,c\n${Array.from({ length: count }, (_, i) => row(i)).join("\n")}\n`);
      return columns.map(({ saysAs, notes }) => [saysAs, notes?.at(-1)?.code]);
    };
    const none = [undefined, undefined];
    expect(await saidOf((i) => `${i % 3},${"xyz"[i % 3]},${i % 2}`)).toEqual([none, ["a", "one_to_one"], none]);
    expect(await saidOf((i) => `${i % 3},k${i % 3},k${i % 3}`)).toEqual([
      ...[none, ["a", "one_to_one"], ["b", "same_column"]],
    ]);
    // One row that differs, one way alone, values that come once or twice, constants, and more texts than are kept.
    expect(await saidOf((i) => `${i % 3},${i === 59 ? "x" : "xyz"[i % 3]},${i % 2}`)).toEqual([none, none, none]);
    expect(await saidOf((i) => `${i % 4},${i % 2 ? "p" : "q"},${i % 3}`)).toEqual([none, none, none]);
    expect(await saidOf((i) => `${i < 4 ? 1 : 0},${i < 4 ? "x" : "y"},${i % 3}`)).toEqual([none, none, none]);
    expect((await saidOf((i) => `c,d,${i % 3}`)).map(([saysAs]) => saysAs)).toEqual([undefined, undefined, undefined]);
    expect(await saidOf((i) => `a${i % 101},b${i % 101},${i % 7}`, 1010)).toEqual([none, none, none]);
    expect((await saidOf((i) => `a${i % 100},b${i % 100},${i % 7}`, 1000))[1]).toEqual(["a", "one_to_one"]);
  });

  it("keeps the counts of a number column with few different values, however they are written", async () => {
    const digits = (await profileCsv(openFile("digits.csv"))).columns.at(-1)!;
    expect(digits).toMatchObject({ type: "number", distinct: 10 });
    expect(digits.categories!.map(({ count }) => count).reduce((a, b) => a + b)).toBe(1797);
    expect((await column(["1", "1.0", "01", "0"], { x: "number" })).categories).toEqual([
      { value: "1", count: 3 },
      { value: "0", count: 1 },
    ]);
    const progression = (await profileCsv(openFile("diabetes.csv"))).columns.at(-1)!;
    expect(progression).toMatchObject({ type: "number", distinct: 214 });
    expect(progression.categories).toBeUndefined();
  });

  it("counts empty cells as missing in every column, and NA, NaN and null in number columns only", async () => {
    expect(await column(["1", "", " ", "NA", "nan", "null", "3"])).toMatchObject({
      type: "number",
      missing: 5,
      mean: 2,
    });
    expect(await column(["1", "", "NA", "NA", "red"])).toMatchObject({
      type: "category",
      missing: 1,
      distinct: 3,
      categories: [{ value: "NA", count: 2 }, { value: "1" }, { value: "red" }],
    });
  });

  it("infers a category column from one text, even on the last row, without losing the values before", async () => {
    const cells = [...Array.from({ length: 300 }, (_, i) => String(i)), "x"];
    expect(await column(cells)).toMatchObject({ type: "category", distinct: 301 });
    expect(await column(["0x10", "1"])).toMatchObject({ type: "category" });
  });

  it("takes a column without any cell for a category column without categories", async () => {
    expect(await column(["", ""])).toMatchObject({
      name: "x",
      type: "category",
      missing: 2,
      distinct: 0,
      categories: [],
    });
  });

  it("says neither count nor values of free text", async () => {
    const many = Array.from({ length: limits.categoriesPerColumn + 1 }, (_, i) => `t${i}`);
    const { notes, ...rest } = await column(many);
    expect(rest).toEqual({ name: "x", type: "category", missing: 0, distinct: null });
    expect(notes?.map(({ code }) => code)).toEqual(["many_texts"]);
    expect((await column(many.slice(1))).distinct).toBe(limits.categoriesPerColumn);
    expect((await column(["long ".repeat(100)])).distinct).toBeNull();
  });

  it("tells of texts that look like numbers with thousands marks or signs, and of nothing else", async () => {
    const told = async (...cells: string[]) => (await column(cells.map((cell) => `"${cell}"`))).notes ?? [];
    for (const cells of [
      ["1,234.5", "12"],
      ["1,000", "12,345"],
      ["3", "1.234.567,5"],
      ["12%", "3.5 %"],
      ["$3.50", "-$1"],
      ["\u22125", "4"],
      ["(12.50)", "1"],
      ["1 234", "12 345"],
      ["7 €", "8,50 €"],
    ])
      expect(await told(...cells)).toEqual([
        { code: "formatted_numbers", message: expect.stringMatching(/ such as ".+".*write them without/) },
      ]);
    for (const cells of [
      ["00501", "10001"],
      ["12", "x"],
      ["1.2.3", "1.2.4"],
      ["12 34", "5"],
      ["1e3", "2e3"],
    ])
      expect((await told(...cells)).map(({ code }) => code)).not.toContain("formatted_numbers");
    // Commas before three digits alone may be either, and each reading has its remedy.
    const either =
      /if they part thousands, write them without \(1049\), .* if they are decimal marks, upload the file with \?decimal=,$/;
    expect((await told("1,049", "12,345", "7"))[0]?.message).toMatch(either);
    const beside = await profileCsv(streamOf("a;b\n1,049;1.5\n2,033;2.25\n"));
    expect(beside).toMatchObject({ decimal: ".", columns: [{ type: "category" }, { type: "number" }] });
    expect(beside.columns[0]?.notes).toEqual([{ code: "formatted_numbers", message: expect.stringMatching(either) }]);
    // A comma that parts no thousands says what the others are.
    expect((await told("1,000", "1,5")).map(({ code }) => code)).toEqual(["decimal_commas"]);
  });

  it("tells what is odd about the values of a column", async () => {
    const of = async (cell: (i: number) => string) =>
      ((await column(Array.from({ length: 60 }, (_, i) => cell(i)))).notes ?? []).map(({ code }) => code);
    expect(await of((i) => `k${i}`)).toEqual(["id_like"]);
    expect(await of((i) => String(i + 7))).toEqual(["id_like"]);
    expect(await of((i) => (i % 3 === 0 ? String(i % 4) : ""))).toEqual(["mostly_missing"]);
    expect(await of((i) => String(Math.exp((i % 20) / 2).toFixed(3)))).toEqual([]);
    expect(await of((i) => (i === 0 ? "900" : String(i % 9)))).toEqual(["skewed"]);
    expect(await of((i) => String(i % 9))).toEqual([]);
    const far = Array.from({ length: 600 }, (_, i) => (i === 0 ? "-9000" : String(i % 9)));
    expect((await column(far)).notes?.map(({ code }) => code)).toEqual(["far_values"]);
  });

  it("infers truth values from a pair of words in one way of writing, and takes those that are stated", async () => {
    for (const pair of [
      ["true", "false"],
      ["TRUE", "FALSE"],
      ["Yes", "No"],
      ["n", "y"],
      ["f", "t"],
    ])
      expect(await column([...pair, "", pair[0]!])).toMatchObject({
        ...{ type: "boolean", missing: 1, distinct: 2 },
        categories: [{ value: pair[0], count: 2 }, { value: pair[1] }],
      });
    // One value alone, two ways of writing, another word, or numbers may be something else.
    for (const cells of [
      ["yes", "yes"],
      ["yes", "no", "Yes"],
      ["yes", "no", "NA"],
      ["yes", "false"],
      ["on", "off"],
      ["m", "f"],
    ])
      expect((await column(cells)).type).toBe("category");
    expect((await column(["1", "0"])).type).toBe("number");
    for (const cells of [
      ["1", "0"],
      ["on", "off"],
      ["yes", "yes"],
    ])
      expect(await column(cells, { x: "boolean" })).toMatchObject({ type: "boolean", distinct: new Set(cells).size });
    expect(await column(["true", "false"], { x: "category" })).toMatchObject({ type: "category" });
    await expect(column(["1", "2"], { x: "boolean" })).rejects.toThrow(
      /line 3.*"2" is no truth value.*true, false, yes/,
    );
    await expect(column(["no", "yes", "Yes"], { x: "boolean" })).rejects.toThrow(
      /line 4.*"Yes" is written "yes" before/,
    );
  });

  it("follows the types that the user states", async () => {
    const category = await column(["10", "9", "10"], { x: "category" });
    expect(category).toMatchObject({ type: "category", categories: [{ value: "10", count: 2 }, { value: "9" }] });
    expect(await column(["", "NA"], { x: "number" })).toMatchObject({ type: "number", missing: 2 });
  });

  it("refuses a text in a stated number column, with line and column", async () => {
    await expect(profile('a,b\n1,2\n"x\ny",2\n', { b: "number", a: "number" })).rejects.toMatchObject({
      code: "invalid_csv",
      errors: [{ pointer: "/line/3/column/1" }],
      message: expect.stringContaining('line 3, column 1 ("a"): "x\\ny" is not a finite number') as unknown,
    });
  });

  it("refuses stated types of columns that are not there, naming near ones", async () => {
    await expect(profile("weight,height\n1,2\n", { wieght: "number" })).rejects.toMatchObject({
      code: "invalid",
      errors: [
        {
          pointer: "/query/types/wieght",
          detail: 'the file has no column "wieght"; did you mean "weight" or "height"?',
        },
      ],
    });
  });

  it("keeps statistics out of the manifest that would not be finite", async () => {
    const huge = await column(["1e308", "-1e308"]);
    expect(huge).toMatchObject({ type: "number", minimum: -1e308, maximum: 1e308 });
    expect(huge.standardDeviation).toBeUndefined();
  });
});

describe("the first rows of a file", () => {
  it("are read as a prediction takes them", async () => {
    const csv = "age,name,__proto__\n5,x,1\n NA,,2\n7,y,3\n";
    const { columns } = await profile(csv);
    const rows = (await readRows(streamOf(csv), { limit: 2 }, { columns })).rows;
    expect(rows.map((row) => Object.entries(row))).toEqual([
      [
        ["age", 5],
        ["name", "x"],
        ["__proto__", 1],
      ],
      [
        ["age", null],
        ["name", null],
        ["__proto__", 2],
      ],
    ]);
    expect((await readRows(streamOf(csv), { limit: 0 }, { columns })).rows).toEqual([]);
    expect((await readRows(streamOf(csv), { limit: 99 }, { columns })).rows.length).toBe(3);
  });
});
