import type { Command } from "commander";
import type { DatasetUpload, Descent } from "../client/descent.ts";
import { DescentError } from "../client/errors.ts";
import type { Dataset } from "../client/types.ts";
import { counted } from "../domain/counted.ts";
import { statedTypes } from "./column-types.ts";
import { CommandError } from "./command-error.ts";
import { type Output, toBytes } from "./output.ts";

export const isDatasetId = (source: string): boolean => /^ds_[0-9A-Z]{26}$/.test(source);

const ofReading = ["delimiter", "decimal", "encoding", "header", "quote", "missingWords", "dates"] as const;

/** How a file is read: as the client's options of an upload, as a command line has them. */
export interface ReadingOptions extends Pick<DatasetUpload, (typeof ofReading)[number]> {
  /** As `zip=category`. */
  types?: string[];
}

const toKebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

const oneMore = (text: string, before: string[] = []): string[] => [...before, text];

/** The options of a command that uploads a table and learns from it; the service knows their values. */
export const addTableOptions = (command: Command): Command =>
  command
    .option("--features <columns>", "to learn from, between commas (every other column)")
    .option("--feature <column>", "one of them, as it is named; repeatable", oneMore)
    .option("--types <column>", "a column's type, as zip=category; repeatable", oneMore)
    .option("--missing-words <word>", "a cell that is missing; repeatable", oneMore)
    .option("--dates <order>", "day_first or month_first, of dates such as 03/04/2026")
    .option("--delimiter <character>", ", ; | or tab (found out)")
    .option("--decimal <mark>", ". or , (found out)")
    .option("--header <header>", "present or absent (present)")
    .option("--quote <mark>", "what encloses cells, or none")
    .option("--encoding <name>", "utf-8, utf-16le, utf-16be, windows-1252");

const upload = async (
  descent: Descent,
  output: Output,
  source: string,
  { types, ...options }: ReadingOptions,
): Promise<Dataset> => {
  const given = ofReading.filter((name) => options[name] !== undefined);
  const reading = Object.fromEntries(given.map((name) => [name, options[name]] as const));
  if (isDatasetId(source)) {
    const [option] = [...given, ...(types === undefined ? [] : ["types"])];
    if (option === undefined) return descent.datasets.get(source);
    const remedy = option === "types" ? `descent types ${source} changes its types` : "upload the file anew";
    throw new CommandError(`--${toKebab(option)} is for a file, and ${source} was read before: ${remedy}`);
  }
  const shows = !output.json && process.stderr.isTTY;
  const dataset = await descent.datasets.upload(source, {
    ...reading,
    ...(types === undefined ? {} : { types: statedTypes(types) }),
    onProgress: ({ sentBytes, totalBytes }) => {
      const share = totalBytes === null ? toBytes(sentBytes) : `${Math.floor((100 * sentBytes) / totalBytes)} %`;
      if (shows) process.stderr.write(`\r  uploading ${share}`);
    },
  });
  if (shows) process.stderr.write("\r\u001b[K");
  return dataset;
};

/** What keeps the data set from being deleted again is told; the command ends as it would have. */
const remove = async (descent: Descent, { id }: Dataset): Promise<void> => {
  try {
    await descent.datasets.delete(id);
  } catch (error) {
    process.stderr.write(
      `The data set ${id}, which nothing was made of, could not be deleted: ${(error as Error).message}\n`,
    );
  }
};

/** Whether the service may have recorded what was submitted although no answer says so. */
const isUncertain = (error: unknown): boolean =>
  error instanceof DescentError && (error.status === 0 || error.status >= 500);

/**
 * Lets a command plan and submit on its data set: a file is uploaded, an id names one. What the command uploaded is deleted again where nothing comes of it;
 * where that is not certain, it is kept.
 * @param use what it submitted; null: nothing, as only the plan was asked for
 */
export const withDataset = async <Submitted>(
  descent: Descent,
  output: Output,
  source: string,
  reading: ReadingOptions,
  use: (dataset: Dataset) => Promise<Submitted | null>,
): Promise<{ dataset: Dataset; submitted: Submitted | null }> => {
  const dataset = await upload(descent, output, source, reading);
  const uploaded = !isDatasetId(source);
  try {
    output.say(
      `Data set ${dataset.name}: ${counted(dataset.rows, "row")}, ${counted(dataset.columns.length, "column")} (${dataset.id})`,
    );
    const submitted = await use(dataset);
    if (submitted === null && uploaded) await remove(descent, dataset);
    return { dataset, submitted };
  } catch (error) {
    if (uploaded && isUncertain(error))
      process.stderr.write(
        `The data set ${dataset.id} is kept, since what was submitted may have been recorded: see \`descent jobs\`.\n`,
      );
    else if (uploaded) await remove(descent, dataset);
    throw error;
  }
};
