import type { Dataset } from "../../domain/datasets/dataset.ts";
import { invalidAt, ServiceError } from "../../domain/errors.ts";
import type { JobSpec, ResolvedJobSpec } from "../../domain/jobs/spec/job-spec.ts";
import type { CountedDataset, CountedRows, ValueCount } from "../../domain/jobs/spec/rows/counted-rows.ts";
import { unlabelledRows } from "../../domain/jobs/spec/rows/counted-rows.ts";
import { rowsSeed } from "../../domain/jobs/spec/rows/rows-seed.ts";
import { classCounts, findColumn, labelName, sortValues } from "../../domain/jobs/spec/task-columns.ts";
import { limits } from "../../domain/limits.ts";
import { permutation, seedWords } from "../../engine/kernels/philox.ts";
import { type CsvRecord, cellText } from "../../formats/csv/csv-record.ts";
import { cellNumber, numberText } from "../columns/number-cell.ts";
import { scanRows } from "../columns/scan-rows.ts";
import { createLabelPresence } from "../preprocessing/label-reader.ts";
import { countTimes } from "./count-times.ts";
import type { OpenStream } from "./split-rows.ts";

/** Philox purpose of the order in which groups are given to the splits: "gspl" in ASCII. */
const groupOrderPurpose = 0x6773706c;

type Spec = Pick<JobSpec | ResolvedJobSpec, "task" | "training">;

/** Visits the rows that have a label, in file order. */
const visitLabelled = async (
  { task }: Spec,
  dataset: Dataset,
  openStream: OpenStream,
  visit: (record: CsvRecord) => void,
): Promise<void> => {
  const isLabelled = createLabelPresence(task, dataset);
  const handlers = {
    header: () => {},
    record: (record: CsvRecord) => {
      if (isLabelled(record)) visit(record);
      return true;
    },
  };
  await scanRows(await openStream(), handlers, dataset);
};

/** Counts a column's values over the labelled rows; null if there are too many. */
const countValues = async (
  spec: Spec,
  dataset: Dataset,
  name: string,
  openStream: OpenStream,
): Promise<ValueCount[] | null> => {
  const column = findColumn(dataset, name)!;
  const known = classCounts(column);
  if (known !== null && unlabelledRows(spec.task, dataset) === 0) return known;
  const index = dataset.columns.indexOf(column);
  const isNumber = column.type === "number";
  const counts = new Map<string, number>();
  await visitLabelled(spec, dataset, openStream, (record) => {
    const value = isNumber ? numberText(cellNumber(record, index)) : cellText(record, index);
    const count = counts.get(value);
    if (count !== undefined || counts.size <= limits.groups) counts.set(value, (count ?? 0) + 1);
  });
  if (counts.size > limits.groups) return null;
  return sortValues([...counts.keys()]).map((value) => ({ value, count: counts.get(value)! }));
};

/** What a split goes by is a column that says something of every row; what is not is told by the checks of the spec. */
const isUsable = (name: string | undefined, { task }: Spec, dataset: Dataset): name is string => {
  const column = name === undefined || name === labelName(task) ? undefined : findColumn(dataset, name);
  return column !== undefined && column.type !== "image" && column.missing === 0;
};

const keyOf = ({ task, training }: Spec): string => {
  const { split, crossValidation } = training;
  return JSON.stringify([
    labelName(task),
    split.by ?? crossValidation?.by,
    ...[split.time, split.column, rowsSeed(training)],
  ]);
};

const groupsOf = async (spec: Spec, dataset: Dataset, openStream: OpenStream): Promise<Partial<CountedRows>> => {
  const { split, crossValidation } = spec.training;
  const by = split.by ?? crossValidation?.by;
  if (!isUsable(by, spec, dataset)) return {};
  const groups = await countValues(spec, dataset, by, openStream);
  if (groups === null) return {};
  const order = permutation(groups.length, {
    ...seedWords(rowsSeed(spec.training)),
    purpose: groupOrderPurpose,
    index: 0,
  });
  return { groups, order: [...order] };
};

/**
 * Counts what a job's split goes by, where the manifest does not tell: rows of each group or value among those with a label, or rows by time. Reads the file
 * only for that; other jobs get their data set back as it is.
 * Errors: `unprocessable` with a pointer where a cell is no time; `invalid` where a column of splits has too many values.
 */
export const countRows = async (
  spec: Spec,
  dataset: CountedDataset,
  openStream: OpenStream,
): Promise<CountedDataset> => {
  const { split, crossValidation } = spec.training;
  if ((split.by ?? split.time ?? split.column ?? crossValidation?.by) === undefined) return dataset;
  const key = keyOf(spec);
  if (dataset.counted?.key === key) return dataset;
  const { counted: _, ...plain } = dataset;
  const label = labelName(spec.task);
  if (label !== null && findColumn(plain, label) === undefined) return plain;
  const groups = await groupsOf(spec, plain, openStream);
  if (isUsable(split.column, spec, plain)) {
    const values = await countValues(spec, plain, split.column, openStream);
    if (values === null)
      throw invalidAt("/training/split/column", "has too many different values to name splits; name another column");
    return { ...plain, counted: { key, ...groups, values } };
  }
  if (!isUsable(split.time, spec, plain)) return { ...plain, counted: { key, ...groups } };
  const visit = (each: (record: CsvRecord) => void): Promise<void> => visitLabelled(spec, plain, openStream, each);
  const times = await countTimes(plain, split.time, visit);
  if (times.length < 2) {
    const pointer = "/training/split/time";
    const detail = `every row has the same time in ${JSON.stringify(split.time)}: nothing is older than the test split; name another column`;
    throw new ServiceError("unprocessable", `${pointer}: ${detail}`, { errors: [{ pointer, detail }] });
  }
  return { ...plain, counted: { key, ...groups, times } };
};
