import { describe, expect, test } from "vitest";
import { refused } from "../faulty-files.ts";
import { tableOfJsonLines } from "../read-table.ts";

describe("JSON Lines", () => {
  test("become columns in the order in which they appear, nested ones by dotted names, absent keys missing", async () => {
    const lines = [
      '\ufeff{"id":1,"user":{"name":"Ada","home":{"city":"London"}},"tags":["a","b"]}',
      "",
      '{"user":null,"id":2,"late":true}\r',
      '{"id":3,"user":{"name":"says \\"hi\\",\\nand more"},"late":false}',
    ];
    const table = await tableOfJsonLines(lines.join("\n"));
    expect(table.names).toEqual(["id", "user.name", "user.home.city", "tags", "late"]);
    expect(table.rows).toEqual([
      ["1", "Ada", "London", '["a","b"]', ""],
      ["2", "", "", "", "true"],
      ["3", 'says "hi",\nand more', "", "", "false"],
    ]);
  });

  test("keep numbers as they are spelt, and tell texts from numbers", async () => {
    const table = await tableOfJsonLines(
      '{"big":9007199254740993,"tiny":1.50e-7,"thousand":1e3,"code":"00501","mixed":1}\n{"mixed":"2","code":"1e3"}',
    );
    expect(table.rows[0]).toEqual(["9007199254740993", "1.50e-7", "1000", "00501", "1"]);
    expect(table.texts).toEqual(["code"]);
  });

  test("take names that JavaScript has plans for", async () => {
    const table = await tableOfJsonLines('{"__proto__":1,"constructor":2,"toString":{"__proto__":3}}');
    expect(table).toMatchObject({ names: ["__proto__", "constructor", "toString.__proto__"], rows: [["1", "2", "3"]] });
  });

  test.each([
    ['{"a":1}\n[1,2]', /line 2: character 1: an object is expected/],
    ['{"a":1}\n\n{"a":}', /line 3: character 6: no value of JSON begins with "}"/],
    ['{"a":1,"a":2}', /line 1: character 8: the key "a" stands twice/],
    ['{"a":{"b":1},"a.b":2}', /line 1: "a.b" stands twice/],
    ['{"a":"x', /line 1: character 6: the text's opening quote is never closed/],
    ['{"a":1} {"a":2}', /line 1: character 9: something follows/],
    ['{"a":01}', /line 1: character 7: a comma or "}" is expected, not "1"/],
    ['{"a":NaN}', /no value of JSON begins with "N"/],
    ['{"":1}', /line 1: character 2: a key without a name/],
    ['{"a":"\\ud800"}', /half of a surrogate pair/],
    ['{"a":"\\x41"}', /a backslash begins no escape/],
    [`{"a":${"[".repeat(100)}${"]".repeat(100)}}`, /nested more than 32 deep/],
    ['{"messages":[{"role":"user"}]}', /conversations are for language models/],
    ["\n \n", /no row with a column/],
    [`{"a":"${"x".repeat(1024 ** 2)}"}`, /line 1: the line has more than 1048576 bytes/],
  ])("that are wrong are refused with their place: %#", async (text, detail) => {
    const error = await refused(() => tableOfJsonLines(text));
    expect(error.code).toBe("invalid_csv");
    expect(error.message).toMatch(detail);
  });

  test("that are no UTF-8 are refused with the line", async () => {
    const error = await refused(() => tableOfJsonLines(Buffer.from('{"a":1}\n{"a":"\xff"}', "latin1")));
    expect(error.message).toMatch(/line 2: the line is not valid UTF-8/);
  });
});
