import { type CsvCell, csvRecord } from "../../formats/csv/write-csv.ts";

/** What is nested has names with dots: `probabilities.setosa`, `distances.0`. */
const flatten = (value: unknown, path: string, cells: [string, CsvCell][]): [string, CsvCell][] => {
  if (typeof value !== "object" || value === null) cells.push([path, value as CsvCell]);
  else for (const [key, inner] of Object.entries(value)) flatten(inner, path === "" ? key : `${path}.${key}`, cells);
  return cells;
};

const newline = 10;

/** The lines of NDJSON, whose pieces may end anywhere. */
async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string[], void, void> {
  let rest: Uint8Array = new Uint8Array();
  for await (const chunk of chunks) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const end = bytes.lastIndexOf(newline) + 1;
    rest = bytes.subarray(end);
    if (end > 0) yield Buffer.from(bytes.subarray(0, end)).toString("utf8").split("\n").slice(0, -1);
  }
}

/** Predictions as CSV with a header: every line has the same keys, as one model made them. */
export async function* toCsv(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, void, void> {
  let isFirst = true;
  for await (const lines of linesOf(chunks)) {
    let text = "";
    for (const line of lines) {
      const cells = flatten(JSON.parse(line), "", []);
      if (isFirst) text += csvRecord(cells.map(([name]) => name));
      isFirst = false;
      text += csvRecord(cells.map(([, value]) => value));
    }
    yield Buffer.from(text);
  }
}
