import { ServiceError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";

const wrong = (line: number, detail: string): ServiceError => {
  const pointer = `/line/${line}`;
  return new ServiceError("invalid_csv", `line ${line}: ${detail}`, { errors: [{ pointer, detail }] });
};

const parseLine = (text: string, line: number): Record<string, unknown> => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw wrong(line, (error as Error).message.slice(0, 200));
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw wrong(line, "must be an object of columns");
};

const toCell = (value: unknown, name: string, line: number): string => {
  if (value === null || value === undefined) return "";
  if (typeof value === "object") {
    const chat = name === "messages" ? "; conversations are for language models" : "";
    throw wrong(line, `${JSON.stringify(name)} must be a text, a number or true or false${chat}`);
  }
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

const toRecord = (cells: readonly string[]): string =>
  `${cells.length === 1 && cells[0] === "" ? '""' : cells.join(",")}\n`;

/** The lines of a stream of bytes, without their ends; none is longer than a row may be. */
async function* linesOf(source: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, void> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  let line = 1;
  for await (const chunk of source) {
    text += decoder.decode(chunk, { stream: true });
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    if (text.length > limits.csvRowBytes)
      throw wrong(line + lines.length, `must not be longer than ${limits.csvRowBytes} bytes`);
    line += lines.length;
    yield* lines;
  }
  yield text + decoder.decode();
}

/** A table in JSON Lines as CSV: the first line's keys are the columns. */
export async function* rowsFromJsonLines(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, void, void> {
  let columns: string[] | null = null;
  let known = new Set<string>();
  let line = 0;
  for await (const text of linesOf(source)) {
    line += 1;
    if (text.trim() === "") continue;
    const row = parseLine(text, line);
    if (columns === null) {
      columns = Object.keys(row);
      known = new Set(columns);
      yield Buffer.from(toRecord(columns.map((name) => toCell(name, name, line))));
    }
    const stranger = Object.keys(row).find((name) => !known.has(name));
    if (stranger !== undefined) throw wrong(line, `${JSON.stringify(stranger)} is not a column of the first line`);
    yield Buffer.from(toRecord(columns.map((name) => toCell(row[name], name, line))));
  }
}
