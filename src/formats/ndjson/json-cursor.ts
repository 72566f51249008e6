import { csvError, quoteCell } from "../csv/csv-error.ts";

const [quote, backslash, space, tab, carriageReturn] = [34, 92, 32, 9, 13];
const escapes = /["\\/bfnrt]/;
const remedy = "write one JSON object on each line";

/** Reads one line of JSON from left to right; what is wrong is told with its line and character. */
export const createJsonCursor = (source: string, line: number) => {
  let at = 0;

  const fail = (problem: string, place = at): never => {
    throw csvError({ line }, `character ${place + 1}: ${problem}`, remedy);
  };

  const skipSpace = (): void => {
    for (; at < source.length; at++) {
      const code = source.charCodeAt(at);
      if (code !== space && code !== tab && code !== carriageReturn) return;
    }
  };

  /** The next character that is no space, which stays. */
  const next = (): string | undefined => {
    skipSpace();
    return source[at];
  };

  const take = (text: string): boolean => {
    if (!source.startsWith(text, at)) return false;
    at += text.length;
    return true;
  };

  const expect = (character: string, what: string): void => {
    skipSpace();
    if (take(character)) return;
    fail(`${what} is expected, not ${at < source.length ? quoteCell(source[at]!) : "the line's end"}`);
  };

  const takePattern = (sticky: RegExp): string | undefined => {
    sticky.lastIndex = at;
    const found = sticky.exec(source)?.[0];
    at += found?.length ?? 0;
    return found;
  };

  const skipEscape = (): void => {
    at += 1;
    if (source[at] === "u" && /^[0-9a-fA-F]{4}$/.test(source.slice(at + 1, at + 5))) at += 4;
    else if (!escapes.test(source[at] ?? "")) fail("a backslash begins no escape that JSON has");
  };

  const readText = (): string => {
    expect('"', "a text in quotes");
    const start = at - 1;
    let escaped = false;
    for (; source.charCodeAt(at) !== quote; at++) {
      if (at >= source.length) fail("the text's opening quote is never closed", start);
      const code = source.charCodeAt(at);
      if (code < space) fail("a control character stands in a text; escape it");
      if (code === backslash) {
        escaped = true;
        skipEscape();
      }
    }
    at += 1;
    const text = escaped ? (JSON.parse(source.slice(start, at)) as string) : source.slice(start + 1, at - 1);
    if (/\p{Surrogate}/u.test(text)) fail("half of a surrogate pair is no character", start);
    return text;
  };

  return {
    fail,
    next,
    take,
    takePattern,
    expect,
    readText,
    place: () => at,
    since: (start: number) => source.slice(start, at),
  };
};

export type JsonCursor = ReturnType<typeof createJsonCursor>;
