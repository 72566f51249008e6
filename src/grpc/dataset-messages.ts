import { BinaryWriter } from "@bufbuild/protobuf/wire";
import type { Column, ColumnType, Dataset, Row } from "../domain/datasets/dataset.ts";
import type { Page } from "../domain/page.ts";
import { Encoded, fieldOf, tagOf, writeParts } from "./encoded.ts";
import * as wire from "./generated/descent/v1/datasets.ts";

const toType = (type: ColumnType): wire.ColumnType =>
  wire.ColumnType[`COLUMN_TYPE_${type.toUpperCase() as Uppercase<ColumnType>}`];

const statable: readonly ColumnType[] = ["number", "category", "boolean", "datetime", "text"];

/** The domain's name; an unspecified or unknown one stays as its number, for the schema's error to show. */
export const fromType = (type: wire.ColumnType): string =>
  statable.find((name) => toType(name) === type) ?? String(type);

const toColumn = ({ type, distinct, categories, notes, image, dates, ...column }: Column): wire.Column => ({
  ...column,
  type: toType(type),
  distinct: distinct ?? undefined,
  categories: categories ?? [],
  notes: notes ?? [],
  image,
  dates,
});

const toDataset = (dataset: Dataset): wire.Dataset => ({
  ...dataset,
  delimiter: dataset.delimiter ?? ",",
  decimal: dataset.decimal ?? ".",
  images: dataset.images,
  notes: dataset.notes ?? [],
  types: Object.fromEntries(Object.entries(dataset.types ?? {}).map(([name, type]) => [name, toType(type)])),
  labels: dataset.labels ?? {},
  missingWords: dataset.missingWords ?? [],
  columns: dataset.columns.map(toColumn),
});

/** What is written in one turn: a millisecond or two. */
const columnsAtOnce = 256;

function* partsOf(dataset: Dataset): Generator<BinaryWriter, void, void> {
  const { columns } = dataset;
  yield wire.Dataset.encode(toDataset({ ...dataset, columns: [] }));
  for (let start = 0; start < columns.length; start += columnsAtOnce) {
    const part = new BinaryWriter();
    for (const column of columns.slice(start, start + columnsAtOnce))
      wire.Column.encode(toColumn(column), part.uint32(tagOf(7)).fork()).join();
    yield part;
  }
}

export const encodeDataset = async (dataset: Dataset): Promise<Encoded<wire.Dataset>> =>
  new Encoded(await writeParts(partsOf(dataset)), dataset.id);

async function* partsOfPage({ items, nextPageToken }: Page<Dataset>): AsyncGenerator<BinaryWriter, void, void> {
  for (const item of items) yield fieldOf(1, (await encodeDataset(item)).bytes);
  yield wire.ListDatasetsResponse.encode({ items: [], nextPageToken: nextPageToken ?? undefined });
}

export const encodeDatasets = async (page: Page<Dataset>): Promise<Encoded<wire.ListDatasetsResponse>> =>
  new Encoded(await writeParts(partsOfPage(page)));

interface RowsPage {
  rows: readonly Row[];
  nextPageToken: string | null;
}

function* partsOfRows({ rows, nextPageToken }: RowsPage): Generator<BinaryWriter, void, void> {
  for (const row of rows) yield wire.ListDatasetRowsResponse.encode({ rows: [row] });
  yield wire.ListDatasetRowsResponse.encode({ rows: [], nextPageToken: nextPageToken ?? undefined });
}

export const encodeRows = async (page: RowsPage): Promise<Encoded<wire.ListDatasetRowsResponse>> =>
  new Encoded(await writeParts(partsOfRows(page)));
