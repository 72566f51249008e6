import { type FileMetaData, parquetSchema, type RowGroup, type SchemaElement, type SchemaTree } from "hyparquet";
import { limits } from "../../domain/limits.ts";
import { quoteCell } from "../csv/csv-error.ts";
import { type CellText, isUnsaid, jsonText, leafForm } from "./cell-text.ts";
import { parquetError, parquetFault } from "./parquet-error.ts";

/** A column of the table that a top-level column of the file yields: structs yield one for each of their leaves. */
export interface TableColumn {
  name: string;
  isText: boolean;
  cell: CellText;
  /** Of bytes that may be texts or not. */
  isDoubtful: boolean;
}

/** A top-level column of the file. */
export interface FileColumn {
  name: string;
  /** The schema of this column alone, for the decoder. */
  schema: SchemaElement[];
  /** One value in each row, with a page's values counted by rows. */
  flat: boolean;
  columns: TableColumn[];
}

const isRepeated = ({ element }: SchemaTree): boolean => element.repetition_type === "REPEATED";
const isList = ({ element }: SchemaTree): boolean =>
  ["LIST", "MAP", "MAP_KEY_VALUE"].includes(element.converted_type ?? "") ||
  ["LIST", "MAP"].includes(element.logical_type?.type ?? "");

const deepest = 32;

const elementsOf = (tree: SchemaTree): SchemaElement[] => [tree.element, ...tree.children.flatMap(elementsOf)];

type LeftOut = (name: string, reason: string) => void;

/** Walks down structs; `get` finds the value of this node in that of the top-level column. Marks leaves that the decoder leaves as they are. */
const collect = (
  tree: SchemaTree,
  name: string,
  get: (value: unknown) => unknown,
  raw: Set<SchemaElement>,
  columns: TableColumn[],
  leftOut: LeftOut,
): void => {
  const { element, children } = tree;
  if (tree.path.length > deepest) throw parquetError(`${quoteCell(name)} is nested more than ${deepest} deep`);
  if (element.logical_type?.type === "VARIANT") {
    leftOut(name, "it holds variant values");
    return;
  }
  if (isRepeated(tree) || isList(tree)) {
    const isDoubtful = elementsOf(tree).some(isUnsaid);
    columns.push({ name, isText: true, cell: (value) => jsonText(get(value)), isDoubtful });
    return;
  }
  if (children.length > 0) {
    for (const child of children) {
      const key = child.element.name;
      if (key === "__proto__") throw parquetError(`${quoteCell(name)} has a field ${quoteCell(key)}; rename it`);
      const inner = (value: unknown): unknown => {
        const struct = get(value);
        return typeof struct === "object" && struct !== null && Object.hasOwn(struct, key)
          ? (struct as Record<string, unknown>)[key]
          : null;
      };
      collect(child, `${name}.${key}`, inner, raw, columns, leftOut);
    }
    return;
  }
  const form = leafForm(element);
  if ("reason" in form) {
    leftOut(name, form.reason);
    return;
  }
  if (form.raw) raw.add(element);
  const isDoubtful = isUnsaid(element);
  columns.push({ name, isText: form.isText, cell: (value) => form.text(get(value)), isDoubtful });
};

const withoutAnnotations = ({ converted_type: _c, logical_type: _l, ...element }: SchemaElement): SchemaElement =>
  element;

/** The file's columns as columns of a table. */
export const fileColumns = (
  metadata: FileMetaData,
): { columns: FileColumn[]; leftOut: { name: string; reason: string }[] } => {
  const tree = parquetSchema(metadata);
  const leftOut: { name: string; reason: string }[] = [];
  const names = new Set<string>();
  const columns = tree.children.flatMap((child): FileColumn[] => {
    const { name } = child.element;
    if (typeof name !== "string") throw parquetFault("a column has no name");
    if (names.has(name)) throw parquetError(`the file has two columns ${quoteCell(name)}`);
    names.add(name);
    const raw = new Set<SchemaElement>();
    const own: TableColumn[] = [];
    collect(
      child,
      name,
      (value) => value,
      raw,
      own,
      (left, reason) => leftOut.push({ name: left, reason }),
    );
    if (own.length === 0) return [];
    const root = { ...tree.element, num_children: 1 };
    const schema = [root, ...elementsOf(child).map((each) => (raw.has(each) ? withoutAnnotations(each) : each))];
    return [{ name, schema, flat: child.children.length === 0 && !isRepeated(child), columns: own }];
  });
  const count = columns.reduce((sum, { columns: own }) => sum + own.length, 0);
  if (count > limits.columns) throw parquetError(`it has ${count} columns; at most ${limits.columns} are read`);
  return { columns, leftOut };
};

/** What the decoder is to see of a row group for one column. */
export const groupOf = (metadata: FileMetaData, group: RowGroup, { name, schema }: FileColumn): FileMetaData => ({
  ...metadata,
  schema,
  num_rows: group.num_rows,
  row_groups: [{ ...group, columns: group.columns.filter(({ meta_data }) => meta_data?.path_in_schema[0] === name) }],
});
