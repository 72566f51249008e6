import { Buffer } from "node:buffer";
import { limits } from "../../domain/limits.ts";
import { createTurnTaker } from "../../domain/turn-taker.ts";
import { csvError, quoteCell } from "../csv/csv-error.ts";
import { csvRecord } from "../csv/write-csv.ts";
import type { ReadBytes, TableBytes } from "../table-bytes.ts";
import { type JsonKind, readJsonRow } from "./json-row.ts";

const newline = 10;
/** Between two looks at the clock. */
const linesAtOnce = 16;
/** Text that is handed on at once. */
const piece = 64 * 1024;

/** The lines with something in them, and their numbers. */
async function* linesOf(source: AsyncIterable<Uint8Array>): AsyncGenerator<{ text: string; line: number }, void, void> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const decode = (bytes: Uint8Array, line: number): string => {
    if (bytes.length > limits.csvRowBytes)
      throw csvError(
        { line },
        `the line has more than ${limits.csvRowBytes} bytes`,
        "write one JSON object on each line",
      );
    try {
      const text = decoder.decode(bytes);
      return line === 1 ? text.replace(/^\ufeff/, "") : text;
    } catch {
      throw csvError({ line }, "the line is not valid UTF-8", "save the file in UTF-8");
    }
  };
  let pieces: Uint8Array[] = [];
  let [held, line] = [0, 0];
  const take = (last: Uint8Array): string => {
    const bytes = pieces.length === 0 ? last : Buffer.concat([...pieces, last]);
    pieces = [];
    held = 0;
    line += 1;
    return decode(bytes, line);
  };
  const turn = createTurnTaker();
  for await (const chunk of source) {
    let from = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, from)) {
      const text = take(chunk.subarray(from, end));
      from = end + 1;
      if (/[^ \t\r]/.test(text)) yield { text, line };
      if (line % linesAtOnce === 0) await turn();
    }
    if (from < chunk.length) pieces.push(chunk.subarray(from));
    held += chunk.length - from;
    if (held > limits.csvRowBytes) take(new Uint8Array());
  }
  const text = take(new Uint8Array());
  if (/[^ \t\r]/.test(text)) yield { text, line };
}

interface JsonColumn {
  index: number;
  kinds: Set<JsonKind>;
}

/** All columns of the file, in the order in which they first appear. */
const findColumns = async (source: AsyncIterable<Uint8Array>): Promise<Map<string, JsonColumn>> => {
  const columns = new Map<string, JsonColumn>();
  for await (const { text, line } of linesOf(source)) {
    readJsonRow(text, line, (path, kind) => {
      const known = columns.get(path);
      if (known !== undefined) known.kinds.add(kind);
      else if (columns.size === limits.columns) {
        const problem = `with ${quoteCell(path)} the file has more than ${limits.columns} columns`;
        throw csvError({ line }, problem, "write lists where keys are values, or remove keys");
      } else columns.set(path, { index: columns.size, kinds: new Set([kind]) });
    });
  }
  return withoutEmptyParents(columns);
};

/** `{"a":null}` beside `{"a":{"b":1}}`: what is missing is all of `a.b`, and no column of its own. */
const withoutEmptyParents = (columns: Map<string, JsonColumn>): Map<string, JsonColumn> => {
  const parents = new Set<string>();
  for (const name of columns.keys())
    for (let dot = name.indexOf("."); dot !== -1; dot = name.indexOf(".", dot + 1)) parents.add(name.slice(0, dot));
  const kept = [...columns].filter(
    ([name, { kinds }]) => !(parents.has(name) && kinds.size === 1 && kinds.has("missing")),
  );
  return new Map(kept.map(([name, { kinds }], index) => [name, { index, kinds }]));
};

async function* toCsv(
  source: AsyncIterable<Uint8Array>,
  columns: ReadonlyMap<string, JsonColumn>,
): AsyncGenerator<Buffer, void, void> {
  let text = csvRecord([...columns.keys()]);
  for await (const { text: json, line } of linesOf(source)) {
    const cells = new Array<string | null>(columns.size).fill(null);
    const seen = new Set<string>();
    readJsonRow(json, line, (path, _kind, cell) => {
      const column = columns.get(path);
      if (column === undefined) return;
      if (seen.has(path)) {
        const problem = `${quoteCell(path)} stands twice, once as a name with a dot and once nested`;
        throw csvError({ line }, problem, "rename one of them");
      }
      seen.add(path);
      cells[column.index] = cell;
    });
    text += csvRecord(cells);
    if (text.length < piece) continue;
    yield Buffer.from(text);
    text = "";
  }
  if (text !== "") yield Buffer.from(text);
}

/**
 * A table in JSON Lines (NDJSON), read twice: every line is an object, whose keys are columns, nested ones by dotted names; a key that a line does not have is a
 * missing cell. Lists are texts, as they are written.
 * Errors: `invalid_csv` with line and character.
 */
export const readJsonLines = async (read: ReadBytes): Promise<TableBytes> => {
  const columns = await findColumns(await read());
  if (columns.size === 0) {
    throw csvError({ line: 1 }, "the file has no row with a column", "write one JSON object on each line");
  }
  if (columns.get("messages")?.kinds.has("list")) {
    throw csvError(
      { line: 1 },
      '"messages" holds a conversation, and conversations are for language models',
      "send rows of a table",
    );
  }
  const isText = ({ kinds }: JsonColumn): boolean => kinds.has("text") && !kinds.has("number");
  const texts = [...columns].filter(([, column]) => isText(column)).map(([name]) => name);
  const csv = async function* (): AsyncGenerator<Buffer, void, void> {
    yield* toCsv(await read(), columns);
  };
  return { csv: csv(), texts: new Set(texts), leftOut: [] };
};
