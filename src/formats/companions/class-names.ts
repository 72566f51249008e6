/** A text that tells names of classes; longer ones are none. */
const longestText = 8 * 1024 ** 2;

const inOrder = (byIndex: ReadonlyMap<number, string>): string[] | null => {
  const names = Array.from({ length: byIndex.size }, (_, i) => byIndex.get(i));
  return names.every((name) => name !== undefined) ? names : null;
};

/** A list of names, or an object: index → name, or name → index. */
export const namesOfValue = (value: unknown): string[] | null => {
  if (Array.isArray(value)) return value.every((name) => typeof name === "string") ? value : null;
  if (typeof value !== "object" || value === null) return null;
  const entries = Object.entries(value);
  if (entries.every(([key, name]) => /^\d{1,9}$/.test(key) && typeof name === "string"))
    return inOrder(new Map(entries.map(([key, name]) => [Number(key), name as string])));
  if (entries.every(([, index]) => Number.isInteger(index)))
    return inOrder(new Map(entries.map(([name, index]) => [index as number, name])));
  return null;
};

const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };

const unescaped = (text: string): string =>
  text.replace(/\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))/gs, (_, byte, unit, other) =>
    other === undefined ? String.fromCharCode(Number.parseInt(byte ?? unit, 16)) : (escapes[other] ?? other),
  );

type Token = { readonly text: string } | { readonly index: number } | { readonly mark: string };

/** Strings, whole numbers and marks; null where there is anything else. */
const tokensOf = (text: string): Token[] | null => {
  const pattern = /\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(\d{1,9})|([{}[\](),:]))/gsy;
  const tokens: Token[] = [];
  const end = text.trimEnd().length;
  while (pattern.lastIndex < end) {
    const match = pattern.exec(text);
    if (match === null) return null;
    const [, single, double, digits, mark] = match;
    const quoted = single ?? double;
    if (quoted !== undefined) tokens.push({ text: unescaped(quoted) });
    else if (digits !== undefined) tokens.push({ index: Number(digits) });
    else tokens.push({ mark: mark! });
  }
  return tokens;
};

const isMark = (token: Token | undefined, mark: string): boolean =>
  token !== undefined && "mark" in token && token.mark === mark;

/** What Python writes of a dict {0: 'cat'} or a list ['cat', "dog's"]: exporters put str() of it into a file. */
const namesOfPython = (text: string): string[] | null => {
  const tokens = tokensOf(text);
  const [first] = tokens ?? [];
  if (tokens === null || first === undefined || !("mark" in first)) return null;
  const closing = { "{": "}", "[": "]", "(": ")" }[first.mark];
  if (closing === undefined || !isMark(tokens.at(-1), closing)) return null;
  const byIndex = new Map<number, string>();
  for (let at = 1; at < tokens.length - 1; at++) {
    let index = byIndex.size;
    if (closing === "}") {
      const key = tokens[at++];
      if (key === undefined || !("index" in key) || !isMark(tokens[at++], ":")) return null;
      index = key.index;
    }
    const name = tokens[at++];
    if (name === undefined || !("text" in name)) return null;
    byIndex.set(index, name.text);
    if (at < tokens.length - 1 && !isMark(tokens[at], ",")) return null;
  }
  return inOrder(byIndex);
};

export const namesOfLines = (text: string): string[] =>
  text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "");

/**
 * Names of classes as a file's metadata has them: JSON (a list, or an object of index → name or name → index), a Python dict or list,
 * lines, or names between commas. Null where it is none of these.
 */
export const namesOfText = (text: string): string[] | null => {
  if (text.length > longestText || text.trim() === "") return null;
  if (/^\s*[[{(]/.test(text)) {
    try {
      return namesOfValue(JSON.parse(text));
    } catch {
      return namesOfPython(text);
    }
  }
  const lines = namesOfLines(text);
  return lines.length > 1 ? lines : text.split(",").map((name) => name.trim());
};
