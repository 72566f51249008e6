import { open, stat } from "node:fs/promises";
import type { Descent } from "../client/descent.ts";
import { DescentError } from "../client/errors.ts";
import type { Prediction } from "../client/types.ts";
import { isImage } from "../formats/images/decode-image.ts";
import { CommandError } from "./command-error.ts";
import { type Output, toShort, toTable } from "./output.ts";

/** Of the pictures in one request; the service takes 16 MiB. */
const [filesAtOnce, bytesAtOnce] = [32, 12 * 1024 ** 2];

/** By its first bytes, as the service looks at it; a file that is not there is told when it is read. */
export const isPictureFile = async (path: string): Promise<boolean> => {
  if (path === "-") return false;
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(16), 0, 16, 0);
    return isImage(buffer.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
};

/** As many files as fit into one request, again and again. */
async function* requestsOf(files: readonly string[]): AsyncGenerator<string[], void, void> {
  let [request, bytes]: [string[], number] = [[], 0];
  for (const path of files) {
    const { size } = await stat(path);
    if (request.length > 0 && (request.length === filesAtOnce || bytes + size > bytesAtOnce)) {
      yield request;
      [request, bytes] = [[], 0];
    }
    request.push(path);
    bytes += size;
  }
  yield request;
}

/** Faults of rows by the files that they are. */
const namingFiles = (error: unknown, files: readonly string[]): unknown => {
  if (!(error instanceof DescentError)) return error;
  const told = error.errors.flatMap(({ pointer, detail }) => {
    const path = files[Number(/^\/rows\/(\d+)/.exec(pointer)?.[1] ?? -1)];
    return path === undefined ? [] : [`${path}: ${detail}`];
  });
  return told.length === 0 ? error : new CommandError(told.join("\n"));
};

/** An answer's cells: the label and how likely it is, or what else there is. */
export const cellsOf = (prediction: Prediction): [string, string] => {
  if ("label" in prediction && prediction.label !== undefined) {
    const probability = prediction.probabilities?.[prediction.label];
    return [prediction.label, probability === undefined ? "" : toShort(probability)];
  }
  if ("value" in prediction) {
    const { value, quantiles } = prediction;
    const between = quantiles === undefined ? "" : `, ${toShort(quantiles.lower)} to ${toShort(quantiles.upper)}`;
    return [`${toShort(value)}${between}`, ""];
  }
  if ("cluster" in prediction) return [`cluster ${prediction.cluster}`, ""];
  // A network whose labels are not known: the column of its first output that is largest.
  if (!("outputs" in prediction)) return [JSON.stringify(prediction), ""];
  const [first] = Object.values(prediction.outputs);
  const values = Array.isArray(first) ? first.flat(Number.POSITIVE_INFINITY as 10).map(Number) : [Number(first)];
  const largest = values.reduce((best, value, i) => (value > values[best]! ? i : best), 0);
  return values.length === 1 ? [toShort(values[0]!), ""] : [`column ${largest}`, ""];
};

/** A table of path, label and probability, or with `--json` an object on a line for each picture. */
export const predictPictures = async (
  descent: Descent,
  output: Output,
  model: string,
  files: readonly string[],
): Promise<void> => {
  const rows: string[][] = [];
  for await (const request of requestsOf(files)) {
    const answer = await descent.models.predict(model, request).catch((error: unknown) => {
      throw namingFiles(error, request);
    });
    for (const [i, prediction] of answer.predictions.entries()) {
      if (output.json) output.line({ path: request[i], ...prediction });
      else rows.push([request[i]!, ...cellsOf(prediction)]);
    }
    for (const { row, message } of answer.warnings) process.stderr.write(`Warning: ${request[row]}: ${message}\n`);
  }
  output.say(toTable(["path", "label", "probability"], rows));
};
