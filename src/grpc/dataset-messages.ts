import type { Column, ColumnType, Dataset } from "../domain/datasets/dataset.ts";
import * as wire from "./generated/descent/v1/datasets.ts";

const toType = (type: ColumnType): wire.ColumnType =>
  wire.ColumnType[`COLUMN_TYPE_${type.toUpperCase() as Uppercase<ColumnType>}`];

/** The domain's name; an unspecified or unknown one stays as its number, for the schema's error to show. */
export const fromType = (type: wire.ColumnType): string =>
  type === wire.ColumnType.COLUMN_TYPE_NUMBER
    ? "number"
    : type === wire.ColumnType.COLUMN_TYPE_CATEGORY
      ? "category"
      : String(type);

const toColumn = ({ type, distinct, categories, notes, image, ...column }: Column): wire.Column => ({
  ...column,
  type: toType(type),
  distinct: distinct ?? undefined,
  categories: categories ?? [],
  notes: notes ?? [],
  image,
});

export const toDataset = (dataset: Dataset): wire.Dataset => ({
  ...dataset,
  delimiter: dataset.delimiter ?? ",",
  decimal: dataset.decimal ?? ".",
  images: dataset.images,
  columns: dataset.columns.map(toColumn),
});
