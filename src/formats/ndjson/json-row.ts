import { limits } from "../../domain/limits.ts";
import { quoteCell } from "../csv/csv-error.ts";
import { createJsonCursor, type JsonCursor } from "./json-cursor.ts";

/** What a value is in JSON. A number keeps its spelling: 9007199254740993 stays itself. */
export type JsonKind = "text" | "number" | "boolean" | "list" | "missing";

export type OnCell = (path: string, kind: JsonKind, text: string | null) => void;

const deepest = 32;
const literals = [
  ["true", "boolean"],
  ["false", "boolean"],
  ["null", "missing"],
] as const;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const codeLike = /^-?\d+[eE]\+?\d+$/;

/** 1e3 is a number for certain in JSON, so it is written as one; what a double does not hold stays as it is. */
const numberText = (text: string): string =>
  codeLike.test(text) && Number.isSafeInteger(Number(text)) ? String(Number(text)) : text;

const enter = ({ fail }: JsonCursor, depth: number): void => {
  if (depth > deepest) fail(`objects and lists are nested more than ${deepest} deep; flatten them`);
};

/** What stands between two entries: true where another follows. */
const goesOn = (cursor: JsonCursor, closing: "]" | "}"): boolean => {
  cursor.next();
  if (cursor.take(",")) return true;
  cursor.expect(closing, `a comma or "${closing}"`);
  return false;
};

const readList = (cursor: JsonCursor, depth: number): void => {
  enter(cursor, depth);
  cursor.expect("[", "a list");
  cursor.next();
  if (cursor.take("]")) return;
  do readValue(cursor, "", depth + 1, () => {});
  while (goesOn(cursor, "]"));
};

const readKey = (cursor: JsonCursor, path: string, seen: Set<string>): string => {
  cursor.next();
  const start = cursor.place();
  const key = cursor.readText();
  const name = path === "" ? key : `${path}.${key}`;
  if (seen.has(key)) cursor.fail(`the key ${quoteCell(key)} stands twice in one object`, start);
  if (key.trim() === "") cursor.fail("a key without a name would be a column without one", start);
  if (name.length > limits.nameLength)
    cursor.fail(`the column's name has more than ${limits.nameLength} characters`, start);
  seen.add(key);
  return name;
};

const readObject = (cursor: JsonCursor, path: string, depth: number, onCell: OnCell): void => {
  enter(cursor, depth);
  cursor.expect("{", "an object");
  const seen = new Set<string>();
  cursor.next();
  if (cursor.take("}")) {
    if (path !== "") onCell(path, "missing", null);
    return;
  }
  do {
    const name = readKey(cursor, path, seen);
    cursor.expect(":", "a colon");
    readValue(cursor, name, depth + 1, onCell);
  } while (goesOn(cursor, "}"));
};

const readScalar = (cursor: JsonCursor, path: string, onCell: OnCell): void => {
  const first = cursor.next();
  if (first === '"') {
    onCell(path, "text", cursor.readText());
    return;
  }
  const literal = literals.find(([word]) => cursor.take(word));
  if (literal !== undefined) {
    const [word, kind] = literal;
    onCell(path, kind, kind === "missing" ? null : word);
    return;
  }
  const found = cursor.takePattern(number);
  if (found !== undefined) onCell(path, "number", numberText(found));
  else
    cursor.fail(
      first === undefined ? "the line ends before a value" : `no value of JSON begins with ${quoteCell(first)}`,
    );
};

const readValue = (cursor: JsonCursor, path: string, depth: number, onCell: OnCell): void => {
  const first = cursor.next();
  if (first === "{") readObject(cursor, path, depth, onCell);
  else if (first === "[") {
    const start = cursor.place();
    readList(cursor, depth);
    onCell(path, "list", cursor.since(start));
  } else readScalar(cursor, path, onCell);
};

/** Reads one line of JSON Lines: an object of cells, nested ones by dotted names. Errors: `invalid_csv` with line and character. */
export const readJsonRow = (source: string, line: number, onCell: OnCell): void => {
  const cursor = createJsonCursor(source, line);
  readObject(cursor, "", 0, onCell);
  if (cursor.next() !== undefined) cursor.fail("something follows the line's object");
};
