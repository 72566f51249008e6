import { createReadStream } from "node:fs";
import type { Descent } from "../client/descent.ts";
import type { Model, Prediction, PredictResponse, Row } from "../client/types.ts";
import { cellText } from "../formats/csv/csv-record.ts";
import { type CsvHandlers, scanCsv } from "../formats/csv/csv-scanner.ts";
import { findDialect } from "../formats/csv/find-dialect.ts";
import { CommandError } from "./command-error.ts";
import type { Output } from "./output.ts";

/** Rows in one request. */
const rowsAtOnce = 1000;

/** A cell as the model's feature wants it: a number where it can be one, null where there is nothing. */
const toCell = (text: string, isNumber: boolean, decimal: string): Row[string] => {
  if (text === "") return null;
  const value = Number(decimal === "," ? text.replaceAll(".", "?").replace(",", ".") : text);
  return isNumber && Number.isFinite(value) ? value : text;
};

/** The model's features in the rows of a file; other columns, such as the label, are passed over. */
export const readRows = async (path: string, model: Model): Promise<Row[]> => {
  if (!("preprocessing" in model)) throw new CommandError(`${model.id} was imported: it takes tensors, not tables`);
  const features = new Map(model.preprocessing.features.map((feature) => [feature.column, feature.type === "number"]));
  const rows: Row[] = [];
  let names: readonly string[] = [];
  const source = path === "-" ? process.stdin : createReadStream(path);
  const { dialect, stream } = await findDialect(source, {});
  const handlers: CsvHandlers = {
    header: (header) => {
      names = header;
      if (names.some((name) => features.has(name))) return;
      const wanted = [...features.keys()].slice(0, 20).join(", ");
      throw new CommandError(`${path} has none of the columns that ${model.id} asks for: ${wanted}`);
    },
    record: (record) => {
      const cells = names.flatMap((name, i): [string, Row[string]][] => {
        const isNumber = features.get(name);
        return isNumber === undefined ? [] : [[name, toCell(cellText(record, i), isNumber, dialect.decimal)]];
      });
      rows.push(Object.fromEntries(cells));
      return true;
    },
  };
  await scanCsv(stream, handlers, dialect);
  return rows;
};

const parseRows = (text: string): Row[] => {
  try {
    const value: unknown = JSON.parse(text);
    return (Array.isArray(value) ? value : [value]) as Row[];
  } catch (error) {
    throw new CommandError(`--row: ${(error as Error).message}`);
  }
};

const quote = (cell: string): string => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

/** One line of CSV: the answer, and how sure it is where the model says so. */
const toLine = (prediction: Prediction): string => {
  if ("label" in prediction && prediction.label !== undefined)
    return `${quote(prediction.label)},${prediction.probabilities?.[prediction.label] ?? ""}`;
  if ("value" in prediction) return String(prediction.value);
  if ("cluster" in prediction) return String(prediction.cluster);
  if ("logDensity" in prediction) return String(prediction.logDensity);
  return "error" in prediction ? String(prediction.error) : quote(JSON.stringify(prediction));
};

const headOf = (prediction: Prediction | undefined): string => {
  if (prediction === undefined) return "";
  if ("label" in prediction) return "prediction,probability";
  return "logDensity" in prediction && !("cluster" in prediction)
    ? "logDensity"
    : "error" in prediction
      ? "error"
      : "prediction";
};

/** `descent predict MODEL rows.csv`: a line of CSV for each row, or with `--json` the service's answer for each thousand. */
export const predict = async (
  descent: Descent,
  output: Output,
  model: string,
  { file, row }: { file?: string | undefined; row?: string | undefined },
): Promise<void> => {
  if ((file === undefined) === (row === undefined))
    throw new CommandError("give a CSV file (- for stdin), or --row '{…}'");
  const rows = row === undefined ? await readRows(file!, await descent.models.get(model)) : parseRows(row);
  let warned = 0;
  for (let start = 0; start < rows.length; start += rowsAtOnce) {
    const answer: PredictResponse = await descent.models.predict(model, rows.slice(start, start + rowsAtOnce));
    if (output.json) {
      output.line(answer);
      continue;
    }
    if (start === 0) output.say(headOf(answer.predictions[0]));
    for (const prediction of answer.predictions) output.say(toLine(prediction));
    for (const { row: at, message } of answer.warnings)
      if (warned++ < 10) process.stderr.write(`Warning: row ${start + at}: ${message}\n`);
  }
  if (warned > 10) process.stderr.write(`and ${warned - 10} more warnings\n`);
};
