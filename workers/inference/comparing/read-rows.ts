import { cellNumber } from "../../../src/data/columns/number-cell.ts";
import { scanRows } from "../../../src/data/columns/scan-rows.ts";
import { createLabelReader } from "../../../src/data/preprocessing/label-reader.ts";
import { createRowReader, type StoredRow } from "../../../src/data/stored/stored-rows.ts";
import type { Dataset } from "../../../src/domain/datasets/dataset.ts";
import { assert } from "../../../src/domain/errors.ts";
import type { TenantId } from "../../../src/domain/ids.ts";
import type { Model } from "../../../src/domain/models/model.ts";
import { type CsvRecord, cellText } from "../../../src/formats/csv/csv-record.ts";
import { type ArtifactStore, artifactKeys } from "../../../src/store/artifacts/artifact-store.ts";
import { checkFile, openVerified } from "../../../src/store/artifacts/verified.ts";

const mostRows = 10_000;
/** Encoded numbers of all rows of a model, and probabilities: 128 MiB. */
const mostNumbers = 2 ** 25;

/** Every row, or as many as are compared at equal distances. */
const wantedRows = (models: readonly Model[], rows: number): number => {
  const widest = Math.max(...models.map(({ preprocessing: { inputs, outputs } }) => inputs + outputs));
  return Math.min(rows, mostRows, Math.max(1, Math.floor(mostNumbers / widest)));
};

/** Whether a row, asked for one after another, is among those that are compared. */
const chooseRows = (models: readonly Model[], { rows }: Dataset, unseen: Int32Array | null) => {
  const among = unseen?.length ?? rows;
  const wanted = wantedRows(models, among);
  let taken = 0;
  return (row: number): boolean => {
    if (taken === wanted) return false;
    const next = Math.floor((taken * among) / wanted);
    const isNext = row === (unseen === null ? next : unseen[next]);
    if (isNext) taken += 1;
    return isNext;
  };
};

interface Read {
  /** Of each model, in the order of the rows; none of those that are not asked. */
  rows: StoredRow[][];
  /** From 0 in the file. */
  places: number[];
  /** Of rows that belong together, which; empty: each stands for itself. */
  groups: string[];
  /** How much each row counts; empty: once. */
  weights: number[];
  /** Texts of classes, or numbers. */
  labels: (string | number)[];
  unlabelled: number;
}

const labelReaderOf = (model: Model, dataset: Dataset): ((record: CsvRecord) => string | number | undefined) => {
  const reader = createLabelReader(model.spec, dataset);
  assert(reader.type !== "none", "the models have a label");
  if (reader.type === "number") return reader.read;
  return (record) => {
    const index = reader.read(record);
    return index === undefined ? undefined : reader.classes[index];
  };
};

/** Reads the rows that are compared, the file held against its digest. */
export const readRows = async (
  artifacts: ArtifactStore,
  tenant: TenantId,
  models: readonly Model[],
  dataset: Dataset,
  {
    weight,
    by,
    unseen,
    isTold,
  }: {
    weight: string | null;
    by: string | null;
    unseen: Int32Array | null;
    /** Of each model: its answers were kept, and it is not asked. */
    isTold: readonly boolean[];
  },
): Promise<Read> => {
  const [weightAt, groupAt] = [weight, by].map((column) =>
    dataset.columns.findIndex(({ name }) => name === column),
  ) as [number, number];
  const readers = models.map(({ preprocessing }, i) => (isTold[i] ? null : createRowReader(preprocessing, dataset)));
  const labelOf = labelReaderOf(models[0]!, dataset);
  const isChosen = chooseRows(models, dataset, unseen);
  const read: Read = {
    ...{ rows: models.map(() => []), places: [], groups: [], weights: [], labels: [], unlabelled: 0 },
  };
  let seen = -1;
  const handlers = {
    header: () => {},
    record: (record: CsvRecord) => {
      seen += 1;
      if (!isChosen(seen)) return true;
      const label = labelOf(record);
      if (label === undefined) read.unlabelled += 1;
      else {
        read.labels.push(label);
        read.places.push(seen);
        if (groupAt >= 0) read.groups.push(cellText(record, groupAt));
        if (weightAt >= 0) read.weights.push(cellNumber(record, weightAt));
        for (const [i, own] of readers.entries()) if (own !== null) read.rows[i]!.push(own(record));
      }
      return true;
    },
  };
  const key = artifactKeys.datasetFile(tenant, dataset.id, dataset.format);
  await scanRows(
    await openVerified(artifacts, key, checkFile(dataset), `the file of ${dataset.id}`),
    handlers,
    dataset,
  );
  return read;
};
