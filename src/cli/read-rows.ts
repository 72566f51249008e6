import { createReadStream } from "node:fs";
import type { Model, Row } from "../client/types.ts";
import { cellText } from "../formats/csv/csv-record.ts";
import { type CsvHandlers, scanCsv } from "../formats/csv/csv-scanner.ts";
import { findDialect } from "../formats/csv/find-dialect.ts";
import { markedEncoding, refuseUnmarked, toUtf8 } from "../formats/csv/text-encoding.ts";
import { tableForm, unwrapTable } from "../formats/table-start.ts";
import { CommandError } from "./command-error.ts";

/** A cell as the model's feature wants it: a number where it can be one, null where there is nothing. */
const toCell = (text: string, isNumber: boolean, decimal: string): Row[string] => {
  if (text === "") return null;
  const value = Number(decimal === "," ? text.replaceAll(".", "?").replace(",", ".") : text);
  return isNumber && Number.isFinite(value) ? value : text;
};

/** A table's bytes as CSV in UTF-8, as an upload of it would be read: uncompressed, and out of UTF-16 where it says so. */
const openTable = async (path: string): Promise<AsyncIterable<Uint8Array>> => {
  const { head, stream } = await unwrapTable(path === "-" ? process.stdin : createReadStream(path));
  const form = tableForm(head);
  const marked = markedEncoding(head);
  if (form === "csv" && marked === null) refuseUnmarked(head);
  if (form === "csv") return toUtf8(stream, marked ?? "utf-8");
  const what = form === "parquet" ? "Parquet" : "JSON Lines";
  throw new CommandError(
    `${path} is ${what}: upload it, and predict the data set (POST /v1/models/{id}/predictions), or save it as CSV`,
  );
};

/** The model's features in the rows of a file; other columns, such as the label, are passed over. */
export const readRows = async (path: string, model: Model): Promise<Row[]> => {
  if (!("preprocessing" in model))
    throw new CommandError(
      `${model.id} was imported: it takes pictures or tensors, not tables; give pictures (PNG, JPEG, WebP), or --row`,
    );
  const features = new Map(model.preprocessing.features.map((feature) => [feature.column, feature.type === "number"]));
  const rows: Row[] = [];
  let names: readonly string[] = [];
  const { dialect, stream } = await findDialect(await openTable(path), {});
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
