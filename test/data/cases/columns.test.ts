import { describe, expect, it } from "vitest";
import { profileCsv } from "../../../src/data/columns/profile-csv.ts";
import { readRows } from "../../../src/data/columns/read-rows.ts";
import type { ColumnType } from "../../../src/domain/datasets/dataset.ts";
import { openFile, prepareAll, streamOf } from "../csv-fixtures.ts";

/** After faults that users of other tools have met. */
const profileOf = async (file: string, types: Record<string, ColumnType> = {}) =>
  new Map((await profileCsv(openFile(`cases/${file}`), { types })).columns.map((column) => [column.name, column]));
const codesOf = (column?: { notes?: { code: string }[] | undefined }) => column?.notes?.map(({ code }) => code) ?? [];

describe("codes that look like numbers", () => {
  it("stay what they were, and it is said why", async () => {
    const columns = await profileOf("number-like-codes.csv");
    const read = (name: string) => [columns.get(name)?.type, codesOf(columns.get(name))];
    expect(read("sku")).toEqual(["category", ["exponent_codes"]]);
    expect(read("big_id")).toEqual(["category", ["large_integers"]]);
    expect(read("zip")).toEqual(["category", ["leading_zeros"]]);
    expect(read("serial")).toEqual(["category", ["mostly_numbers"]]);
    expect(read("y")).toEqual(["number", []]);
    const values = (name: string) =>
      columns
        .get(name)
        ?.categories?.map(({ value }) => value)
        .sort();
    expect(values("sku")).toEqual(["10e2", "1e3"]);
    expect(values("big_id")).toEqual(["9007199254740992", "9007199254740993"]);
    expect(values("zip")).toEqual(["00501", "501"]);
    for (const column of columns.values()) {
      for (const key of ["minimum", "maximum", "mean", "standardDeviation"] as const) {
        expect(column[key] === undefined || Number.isFinite(column[key])).toBe(true);
      }
    }
  });

  it("are numbers where the user says so, and it is said what is lost", async () => {
    const zip = (await profileOf("number-like-codes.csv", { zip: "number" })).get("zip");
    expect([zip?.type, zip?.distinct, codesOf(zip)]).toEqual(["number", 1, ["leading_zeros", "constant"]]);
  });

  it("are not decimals, exponents of measurements or a single zero", async () => {
    const csv = "a,b,c,d,e\n0.5,1.5e3,0,1e-5,5\n00.5,2e3,0,1e+5,1e3\n1,3,1,2,7\n";
    const { columns } = await profileCsv(streamOf(csv));
    expect(columns.map(({ type }) => type)).toEqual(["number", "number", "number", "number", "number"]);
  });
});

describe("a slip in a column of numbers", () => {
  it("is named with its line, as it turns the numbers into categories", async () => {
    const { columns } = await profileCsv(streamOf("a,b\n1,x\n2,y\ninf,1\n4,z\n"));
    expect(columns.map(({ type }) => type)).toEqual(["category", "category"]);
    expect(columns[0]?.notes).toEqual([
      {
        code: "mostly_numbers",
        message: expect.stringMatching(/^3 of 4 cells are numbers, but not "inf" in line 4, /),
      },
    ]);
    expect(columns[1]?.notes).toBeUndefined();
  });
});

describe("semicolons and decimal commas", () => {
  const dialect = { delimiter: ";", decimal: "," } as const;

  it("are found out, and the profile says so", async () => {
    const found = await profileCsv(openFile("cases/decimal-comma.csv"));
    const { columns, rows } = await profileCsv(openFile("cases/decimal-comma.csv"), { dialect });
    expect(found).toEqual({
      ...{ rows, columns, ...dialect },
      notes: [
        { code: "delimiter_found", message: expect.stringContaining("?delimiter=") },
        { code: "decimal_found", message: expect.stringContaining("?decimal=.") },
      ],
    });
  });

  it("are read when they are stated", async () => {
    const { rows, columns } = await profileCsv(openFile("cases/decimal-comma.csv"), { dialect });
    expect([rows, columns.map(({ name, type }) => [name, type])]).toEqual([
      11,
      [
        ["height", "number"],
        ["width", "number"],
        ["y", "number"],
      ],
    ]);
    expect(columns[0]?.mean).toBeCloseTo(1.75, 12);
    expect(columns[0]?.categories?.map(({ value }) => value)).toContain("1.55");
    const [first] = (await readRows(openFile("cases/decimal-comma.csv"), { limit: 1 }, { columns, ...dialect })).rows;
    expect(first).toEqual({ height: 1.5, width: 3.1, y: 6.1 });
  });

  it("are noticed where only the semicolons were stated", async () => {
    const { columns } = await profileCsv(openFile("cases/decimal-comma.csv"), {
      dialect: { delimiter: ";", decimal: "." },
    });
    expect(columns.map((column) => [column.type, codesOf(column)])).toEqual(
      Array(3).fill(["category", ["decimal_commas"]]),
    );
  });

  it("follow the rules of plain files: quotes, missing words, exponents; a point is then no decimal mark", async () => {
    const csv = 'a;b;c;d\n"1,5";NA;1,5e3;1.5\n-2;,5;2;2.5\n';
    const { columns } = await profileCsv(streamOf(csv), { dialect });
    expect(columns.map(({ type }) => type)).toEqual(["number", "number", "number", "category"]);
    expect(columns.slice(0, 3).map(({ minimum, maximum }) => [minimum, maximum])).toEqual([
      [-2, 1.5],
      [0.5, 0.5],
      [2, 1500],
    ]);
  });

  it("that are not there are said as well", async () => {
    await expect(profileCsv(streamOf("a,b\n1,2\n"), { dialect })).rejects.toThrow("?delimiter=,");
    const point = { delimiter: ",", decimal: "." } as const;
    await expect(profileCsv(streamOf("a\tb\n1\t2\n"), { dialect: point })).rejects.toThrow("?delimiter=tab");
  });
});

describe("a column of numbers below 0", () => {
  it("tells the line of the least, for whoever needs none below 0", async () => {
    const columns = await profileOf("poisson-negative.csv");
    expect(columns.get("count")).toMatchObject({ minimum: -1, minimumLine: 6 });
    const { columns: others } = await profileCsv(streamOf('a,b\n1,-2\n"0",-7\n0,-7\n'));
    expect(others.map(({ minimumLine }) => minimumLine)).toEqual([undefined, 3]);
  });
});

describe("columns that say nothing", () => {
  it("are named in the profile", async () => {
    const columns = await profileOf("constant-and-empty.csv");
    expect([codesOf(columns.get("a")), codesOf(columns.get("c")), codesOf(columns.get("e"))]).toEqual([
      [],
      ["constant"],
      ["empty"],
    ]);
    expect(columns.get("c")?.notes?.[0]?.message).toContain('"7"');
  });
});

describe("names that objects inherit", () => {
  it("are columns, categories and classes like any other", async () => {
    const open = () => openFile("cases/prototype-names.csv");
    const { preprocessing, arrays } = await prepareAll(open, {
      task: { type: "classification", label: "word" },
      training: { split: { validation: 0, test: 0 } },
    });
    expect(preprocessing.features.map(({ column }) => column)).toEqual(["constructor", "__proto__", "y"]);
    expect(preprocessing.label).toMatchObject({ classes: ["__proto__", "constructor", "toString"] });
    expect([...new Set(arrays.train.labels)].sort()).toEqual([0, 1, 2]);
    const types = JSON.parse('{"__proto__": "category"}');
    expect((await profileOf("prototype-names.csv", types)).get("__proto__")?.type).toBe("category");
  });
});
