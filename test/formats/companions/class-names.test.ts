import fc from "fast-check";
import { expect, test } from "vitest";
import { namesOfText } from "../../../src/formats/companions/class-names.ts";

/** As Python's repr writes a text: in double quotes only where it holds a single quote and no double one. */
const repr = (text: string): string => {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const inner = text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\r", "\\r").replaceAll("\t", "\\t");
  return `${quote}${quote === "'" ? inner.replaceAll("'", "\\'") : inner}${quote}`;
};

test("names are read as Python's str() and as JSON write a dict and a list of them, whatever they are", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "grapheme" }), { minLength: 1, maxLength: 12 }), (names) => {
      const entries = names.map((name, i) => [String(i), name] as const);
      expect(namesOfText(`{${names.map((name, i) => `${i}: ${repr(name)}`).join(", ")}}`)).toEqual(names);
      expect(namesOfText(`[${names.map(repr).join(", ")}]`)).toEqual(names);
      expect(namesOfText(JSON.stringify(names))).toEqual(names);
      expect(namesOfText(JSON.stringify(Object.fromEntries(entries.reverse())))).toEqual(names);
    }),
  );
});

test.each([
  [
    "lines",
    "tench\ngoldfish\r\ngreat white shark, white shark\n",
    ["tench", "goldfish", "great white shark, white shark"],
  ],
  ["names between commas", "cat, dog ,bird", ["cat", "dog", "bird"]],
  ["label2id", '{"dog": 1, "cat": 0}', ["cat", "dog"]],
  ["a dict in another order, with a comma at its end", "{1: 'b', 0: 'a',}", ["a", "b"]],
  ["escapes", "['caf\\xe9', 'it\\'s', '\\u00e9']", ["café", "it's", "é"]],
])("%s", (_name, text, names) => {
  expect(namesOfText(text)).toEqual(names);
});

test.each([
  ["a dict with a gap", "{0: 'a', 2: 'b'}"],
  ["a dict of numbers", "{0: 1}"],
  ["another language", "{0: 'a'; 1: 'b'}"],
  ["code", "__import__('os')", ["__import__('os')"]],
  ["a nested list", "[['a']]"],
  ["what is cut off", "{0: 'a', 1: 'b"],
  ["nothing", " "],
])("%s is no list of names", (_name, text, names: string[] | null = null) => {
  expect(namesOfText(text)).toEqual(names);
});
