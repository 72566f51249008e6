import type { Descent } from "../client/descent.ts";
import { DescentError } from "../client/errors.ts";
import type { Dataset } from "../client/types.ts";
import { type Output, toBytes } from "./output.ts";

export const isDatasetId = (source: string): boolean => /^ds_[0-9A-Z]{26}$/.test(source);

const upload = async (descent: Descent, output: Output, source: string): Promise<Dataset> => {
  if (isDatasetId(source)) return descent.datasets.get(source);
  const shows = !output.json && process.stderr.isTTY;
  const dataset = await descent.datasets.upload(source, {
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
  use: (dataset: Dataset) => Promise<Submitted | null>,
): Promise<{ dataset: Dataset; submitted: Submitted | null }> => {
  const dataset = await upload(descent, output, source);
  const uploaded = !isDatasetId(source);
  try {
    output.say(`Data set ${dataset.name}: ${dataset.rows} rows, ${dataset.columns.length} columns (${dataset.id})`);
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
