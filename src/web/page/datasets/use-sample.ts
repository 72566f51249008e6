import type { Dataset, Row } from "../../../domain/datasets/dataset.ts";
import { api } from "../api.ts";
import { type Poll, usePoll } from "../poll.ts";
import { type CorrelationOf, createCorrelationOf } from "./column-statistics.ts";

export interface Sample {
  rows: readonly Row[];
  /** Whether they are all rows of the data set. */
  complete: boolean;
  correlationOf: CorrelationOf;
}

const mostRows = 10_000;
const mostCells = 200_000;
const pageRows = 1000;

/** The first rows of a data set, as many as can be looked at in a moment: what distributions and correlations are of. */
const load = async ({ id, columns }: Dataset, signal: AbortSignal): Promise<Sample> => {
  const most = Math.max(100, Math.min(mostRows, Math.floor(mostCells / Math.max(1, columns.length))));
  const rows: Row[] = [];
  for (let pageToken: string | null = null; ; ) {
    const limit = Math.min(pageRows, most - rows.length);
    const page: Awaited<ReturnType<typeof api.rowPage>> = await api.rowPage(
      id,
      { limit, ...(pageToken === null ? {} : { pageToken }) },
      signal,
    );
    rows.push(...page.rows);
    pageToken = page.nextPageToken;
    if (pageToken === null || page.rows.length === 0 || rows.length >= most)
      return { rows, complete: pageToken === null, correlationOf: createCorrelationOf(rows) };
  }
};

export const useSample = (dataset: Dataset): Poll<Sample> =>
  usePoll(
    `sample ${dataset.id} ${dataset.columns.map(({ type }) => type).join()}`,
    (signal) => load(dataset, signal),
    () => null,
  );
