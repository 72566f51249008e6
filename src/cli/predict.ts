import type { Descent } from "../client/descent.ts";
import type { Prediction, PredictResponse, Row } from "../client/types.ts";
import { CommandError } from "./command-error.ts";
import type { Output } from "./output.ts";
import { isPictureFile, predictPictures } from "./predict-pictures.ts";
import { readRows } from "./read-rows.ts";

/** Rows in one request. */
const rowsAtOnce = 1000;

const parseRows = (text: string): Row[] => {
  try {
    const value: unknown = JSON.parse(text);
    return (Array.isArray(value) ? value : [value]) as Row[];
  } catch (error) {
    throw new CommandError(`--row: ${(error as Error).message}`);
  }
};

const quote = (cell: string): string => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

/** One line of CSV: the answer, and how sure it is, or the quantiles about it, where the model says so. */
export const toLine = (prediction: Prediction): string => {
  if ("label" in prediction && prediction.label !== undefined)
    return `${quote(prediction.label)},${prediction.probabilities?.[prediction.label] ?? ""}`;
  if ("value" in prediction) {
    const { value, quantiles } = prediction;
    return quantiles === undefined ? String(value) : `${value},${quantiles.lower},${quantiles.upper}`;
  }
  if ("cluster" in prediction) return String(prediction.cluster);
  if ("logDensity" in prediction) return String(prediction.logDensity);
  return "error" in prediction ? String(prediction.error) : quote(JSON.stringify(prediction));
};

/** The names of its columns, by the first answer. */
export const headOf = (prediction: Prediction | undefined): string => {
  if (prediction === undefined) return "";
  if ("label" in prediction) return "prediction,probability";
  if ("value" in prediction && prediction.quantiles !== undefined) return "prediction,lower,upper";
  return "logDensity" in prediction && !("cluster" in prediction)
    ? "logDensity"
    : "error" in prediction
      ? "error"
      : "prediction";
};

const predictTable = async (descent: Descent, output: Output, model: string, rows: readonly Row[]): Promise<void> => {
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

/**
 * `descent predict MODEL rows.csv`: a line of CSV for each row, or with `--json` the service's answer for each thousand. `descent predict MODEL a.jpg b.png`: a
 * table of the pictures, or with `--json` an object for each.
 */
export const predict = async (
  descent: Descent,
  output: Output,
  model: string,
  { files, row }: { files: readonly string[]; row?: string | undefined },
): Promise<void> => {
  const [file, ...others] = files;
  if ((file === undefined) === (row === undefined))
    throw new CommandError("give a CSV file (- for stdin), pictures, or --row '{…}'");
  if (file === undefined) return predictTable(descent, output, model, parseRows(row!));
  const isPicture = await Promise.all(files.map((path) => isPictureFile(path)));
  if (isPicture.every(Boolean)) return predictPictures(descent, output, model, files);
  const other = files[isPicture.indexOf(false)];
  if (isPicture.includes(true)) throw new CommandError(`${other} is no PNG, JPEG or WebP picture, as the others are`);
  if (others.length > 0) throw new CommandError("give one table, or pictures (PNG, JPEG, WebP), as many as you like");
  await predictTable(descent, output, model, await readRows(file, await descent.models.get(model)));
};
