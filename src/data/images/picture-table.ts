import { Buffer } from "node:buffer";
import { posix } from "node:path";
import type { ColumnType, DatasetNote } from "../../domain/datasets/dataset.ts";
import { ServiceError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import { badArchive, quotedPath } from "../../formats/archives/archive-file.ts";
import type { CsvDialect, StatedDialect } from "../../formats/csv/csv-dialect.ts";
import { csvError, quoteCell } from "../../formats/csv/csv-error.ts";
import { type CsvRecord, cellLine, cellText } from "../../formats/csv/csv-record.ts";
import { scanCsv } from "../../formats/csv/csv-scanner.ts";
import { imageTableRow } from "../../formats/images/image-table.ts";
import { profileCsv } from "../columns/profile-csv.ts";
import { imageColumn } from "./image-table.ts";
import type { PictureColumn } from "./picture-rows.ts";

/** Names of the column that has the paths of pictures, the first of them that the table has. */
const pathNames = ["path", "file", "file_name", "filename", "image"];

/** A table of pictures: its rows in the file's order, and where each picture belongs. */
export interface PictureTable {
  readonly path: string;
  /** Without that of the paths. */
  readonly columns: readonly PictureColumn[];
  readonly notes: readonly DatasetNote[];
  readonly rows: number;
  rowOf(path: string): number | undefined;
  lineOf(row: number): number;
  cellsOf(row: number): Buffer[];
}

/** The cells of rows as a file of images has them, in one piece of memory: a million rows of objects would take many times as much. */
const createCells = () => {
  const pieces: Buffer[] = [];
  const starts: number[] = [];
  const lines: number[] = [];
  let at = 0;
  let all: Buffer | null = null;
  return {
    add: (line: number, cells: readonly string[]): void => {
      starts.push(at);
      lines.push(line);
      const piece = imageTableRow(cells.map((cell) => Buffer.from(cell)));
      at += piece.length;
      pieces.push(piece);
      if (pieces.length === 4096) pieces.splice(0, pieces.length, Buffer.concat(pieces));
    },
    rows: () => starts.length,
    lineOf: (row: number): number => lines[row]!,
    cellsOf: (row: number, count: number): Buffer[] => {
      all ??= Buffer.concat(pieces.splice(0));
      let from = starts[row]!;
      return Array.from({ length: count }, () => {
        const end = from + 4 + all!.readUInt32LE(from);
        const cell = all!.subarray(from + 4, end);
        from = end;
        return cell;
      });
    },
  };
};

const once = async function* (bytes: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  yield bytes;
};

/** What is wrong with a table's lines is told with the name of its file. */
const inTable = (path: string, error: unknown): unknown => {
  if (!(error instanceof ServiceError) || error.code !== "invalid_csv") return error;
  return new ServiceError(error.code, `${quotedPath(path)}, ${error.message}`, { errors: error.errors, cause: error });
};

/** Finds a picture by a path as a line has it: from the table's own folder, or from the top of the archive. */
const createFinder = (table: string, paths: ReadonlySet<string>) => {
  const folder = posix.dirname(table);
  return (cell: string): { path: string } | "escapes" | "absent" => {
    const relative = cell.replaceAll("\\", "/");
    const joined = posix.join(folder, relative);
    if (/^(\/|[A-Za-z]:)|\0/.test(relative) || joined.startsWith("../")) return "escapes";
    const found = [joined, posix.normalize(relative)].find((path) => paths.has(path));
    return found === undefined ? "absent" : { path: found };
  };
};

const pathColumnOf = (names: readonly string[]): number => {
  const found = pathNames.map((name) => names.findIndex((own) => own.toLowerCase() === name)).find((i) => i >= 0);
  const taken = names.indexOf(imageColumn);
  if (found === undefined) {
    const problem = `none of the columns ${names.slice(0, 10).map(quoteCell).join(", ")} has the paths of the pictures`;
    throw csvError({ line: 1 }, problem, `name the one that has them "path"; or leave the table out of the archive`);
  }
  if (taken >= 0 && taken !== found) {
    const problem = `the column ${quoteCell(imageColumn)} would stand beside the pictures, whose column is called so`;
    throw csvError({ line: 1, column: taken + 1, name: imageColumn }, problem, "give it another name");
  }
  return found;
};

/**
 * Reads the table of an archive of pictures. Errors: `invalid_csv` with file, line and column for what is no table, and for a path that is missing, leads out of the
 * archive, is not in it, or stood in a line before.
 * @param paths all files of the archive
 */
export const readPictureTable = async (
  { path, bytes }: { path: string; bytes: Uint8Array },
  paths: ReadonlySet<string>,
  stated: { types: Readonly<Record<string, ColumnType>>; dialect: StatedDialect },
): Promise<PictureTable> => {
  try {
    const profile = await profileCsv(once(bytes), stated);
    const names = profile.columns.map(({ name }) => name);
    const pathColumn = pathColumnOf(names);
    const others = [...names.keys()].filter((i) => i !== pathColumn);
    const columns = others.map((i): PictureColumn => {
      const { name, type, notes = [] } = profile.columns[i]!;
      return { name, type: type === "number" ? "number" : "category", notes };
    });
    const cells = createCells();
    const rowOf = await scanPaths(
      { path, bytes, paths, dialect: profile, name: names[pathColumn]!, pathColumn },
      (record) =>
        cells.add(
          record.line,
          others.map((i, at) => cellFor(record, i, columns[at]!, profile)),
        ),
    );
    return {
      ...{ path, columns, notes: profile.notes ?? [], rows: cells.rows() },
      rowOf: (file) => rowOf.get(file),
      lineOf: cells.lineOf,
      cellsOf: (row) => cells.cellsOf(row, columns.length),
    };
  } catch (error) {
    throw inTable(path, error);
  }
};

/** A cell as the data set's file has it: decimals have a point there. */
const cellFor = (record: CsvRecord, i: number, { type }: PictureColumn, { decimal }: CsvDialect): string => {
  const text = cellText(record, i);
  return type === "number" && decimal === "," ? text.replace(",", ".") : text;
};

interface Scanned {
  path: string;
  bytes: Uint8Array;
  paths: ReadonlySet<string>;
  dialect: CsvDialect;
  name: string;
  pathColumn: number;
}

/** Files of the archive to their rows, each of which is told in its order. */
const scanPaths = async (
  { path, bytes, paths, dialect, name, pathColumn }: Scanned,
  tell: (record: CsvRecord) => void,
): Promise<Map<string, number>> => {
  const find = createFinder(path, paths);
  const rowOf = new Map<string, number>();
  const lines: number[] = [];
  await scanCsv(
    once(bytes),
    {
      header: () => {},
      record: (record) => {
        const cell = cellText(record, pathColumn).trim();
        const fail = (problem: string, remedy: string): never => {
          throw csvError({ line: cellLine(record, pathColumn), column: pathColumn + 1, name }, problem, remedy);
        };
        if (cell === "") return fail("the path is missing", "name the picture, or remove the line");
        const found = find(cell);
        if (found === "escapes")
          return fail(`the path ${quoteCell(cell)} leads out of the archive`, "name pictures by relative paths");
        if (found === "absent")
          return fail(`the archive has no file ${quoteCell(cell)}`, "add the picture, or remove the line");
        const file = found.path;
        const before = rowOf.get(file);
        if (before !== undefined)
          return fail(
            `the picture ${quoteCell(cell)} stood in line ${lines[before]} already`,
            "remove one of the lines",
          );
        rowOf.set(file, lines.length);
        lines.push(record.line);
        tell(record);
        return lines.length < limits.archiveEntries;
      },
    },
    dialect,
  );
  return rowOf;
};

/** The one table of an archive; null if it has none. */
export const tableOf = (paths: readonly string[]): string | null => {
  const [first, second] = paths;
  if (second !== undefined)
    throw badArchive(
      `it has the tables ${quotedPath(first!)} and ${quotedPath(second)}; keep the one with the pictures' paths`,
    );
  return first ?? null;
};
