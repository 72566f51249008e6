import { describe, expect, it } from "vitest";
import { findDialect } from "../../../src/formats/csv/find-dialect.ts";
import { streamOf } from "../../data/csv-fixtures.ts";

const found = async (csv: string, stated: Parameters<typeof findDialect>[1] = {}, pieceBytes = 7) => {
  const { dialect, stream } = await findDialect(streamOf(csv, pieceBytes), stated);
  const pieces: Uint8Array[] = [];
  for await (const piece of stream) pieces.push(piece);
  expect(Buffer.concat(pieces).toString()).toBe(csv);
  return dialect.delimiter + dialect.decimal;
};

describe("how a file is written", () => {
  it.each([
    ["commas", "a,b\n1.5,2\n", ",."],
    ["one column", "a\n1\n2\n", ",."],
    ["semicolons", "a;b\n1.5;2\n", ";."],
    ["semicolons and decimal commas", "a;b\n1,5;x\n2;y\n", ";,"],
    ["… with a byte order mark and CRLF", "\ufeffa;b\r\n1,5;x\r\n2;y\r\n", ";,"],
    ["tabs and decimal commas", "a\tb\n1,5\tx\n", "\t,"],
    ["bars", "a|b\n1,5|x\n", "|."],
    ["names and texts with commas", "price, net;name\n1,5;Miller, Ann\n2,25;Smith\n", ";,"],
    ["delimiters in quotes", '"a;b";c\n"x;y;z";1\n', ";."],
    ["decimal commas in every row, whose halves make a table as well", "1,5;2,5\n2,5;3,1\n", ";,"],
    ["names with commas above such numbers", "Länge, cm;Breite, cm\n1,5;2,5\n2,5;3,1\n", ";,"],
    ["a line that says what separates", "sep=;\r\na,b;c\r\n1,5;2\r\n", ";,"],
    ["a missing number and a word for one", "a;b\n1,5;x\n;y\nNA;z\n", ";,"],
  ])("is found out: %s", async (_, csv, dialect) => {
    expect(await found(csv)).toBe(dialect);
  });

  it.each([
    ["a file of commas whose cells have semicolons", "a,b;c\n1,2;3\n4,5;6\n", ",."],
    ["a comma file with a row that is too long", "a,b,c\n1,2,3|4\n1,2,3,4\n", ",."],
    ["two delimiters that both make a table", "a;b|c\n1;2|3\n", ",."],
    ["rows that no delimiter makes even", "a;b\n1;2\n3\n", ",."],
    ["thousands, or decimals: nobody knows", "a;b\n1,234;x\n5,678;y\n", ";."],
    ["lists beside numbers with points", "a;b\n1,5;2.5\n2,5;3.5\n", ";."],
    ["a column of lists", "a;b\n1,5;x\n1,2,3;y\n", ";."],
    ["a header alone", "a;b\n", ",."],
    ["nothing", "", ",."],
  ])("stays as it is where that is not certain: %s", async (_, csv, dialect) => {
    expect(await found(csv)).toBe(dialect);
  });

  it("is what the user states, each by itself", async () => {
    const csv = "a;b\n1,5;x\n";
    expect(await found(csv, { delimiter: ";" })).toBe(";,");
    expect(await found(csv, { decimal: "." })).toBe(";.");
    expect(await found(csv, { delimiter: ";", decimal: "." })).toBe(";.");
    expect(await found(csv, { delimiter: "," })).toBe(",.");
  });

  it("is found out in a header of a megabyte, and in a file that is much longer than what is looked at", async () => {
    const wide = `${Array.from({ length: 8000 }, (_, i) => `column_${i}_`.padEnd(100, "x")).join(";")}\n`;
    expect(await found(`${wide}${"1,5;".repeat(7999)}1\n`, {}, 65_536)).toBe(";,");
    expect(await found(`a;b\n${"1,5;x\n".repeat(200_000)}`, {}, 65_536)).toBe(";,");
  });
});
