import type { Column, ColumnType } from "../../domain/datasets/dataset.ts";
import { createSpecErrors } from "../../domain/jobs/spec/spec-errors.ts";
import { limits } from "../../domain/limits.ts";
import { createNearNames } from "../../domain/near-names.ts";
import { toPointerSegment } from "../../domain/pointer.ts";
import { createTurnTaker } from "../../domain/turn-taker.ts";
import { type CsvDialect, plainDialect } from "../../formats/csv/csv-dialect.ts";
import { type CsvHandlers, scanCsv } from "../../formats/csv/csv-scanner.ts";
import { addCell, createColumnProfile, finishColumn } from "./column-profile.ts";
import { fitValues, keepRoom } from "./value-room.ts";

export interface CsvProfile {
  rows: number;
  columns: Column[];
}

const checkStatedTypes = (types: Readonly<Record<string, ColumnType>>, names: readonly string[]): void => {
  const known = new Set(names);
  const near = createNearNames(names);
  const errors = createSpecErrors();
  for (const name of Object.keys(types)) {
    if (known.has(name)) continue;
    const pointer = `/query/types/${toPointerSegment(name)}`;
    errors.add(pointer, () => `the file has no column ${JSON.stringify(name)}${near(name)}`);
  }
  errors.throwIfAny("invalid");
};

/**
 * Reads a CSV file once and describes its columns: types, missing cells, statistics, values with their counts.
 * @param options.types what the user states; all else is inferred
 * @param options.dialect left out: commas between cells, points before decimals
 * Errors: `invalid_csv` with line and column; `invalid` for a stated column that the file does not have.
 */
export const profileCsv = async (
  stream: AsyncIterable<Uint8Array>,
  options: { types?: Readonly<Record<string, ColumnType>>; dialect?: CsvDialect } = {},
): Promise<CsvProfile> => {
  const types = new Map(Object.entries(options.types ?? {}));
  let columns: ReturnType<typeof createColumnProfile>[] = [];
  let rows = 0;
  let countedBytes = 0;
  const charge = (bytes: number): void => {
    countedBytes += bytes;
  };
  const { dialect = plainDialect } = options;
  const handlers: CsvHandlers = {
    header: (names) => {
      checkStatedTypes(options.types ?? {}, names);
      columns = names.map((name, index) => createColumnProfile(name, index, names.length, types.get(name), charge));
    },
    record: (record) => {
      rows += 1;
      for (const column of columns) addCell(column, record);
      if (countedBytes > limits.countedValueBytes) keepRoom(columns);
      return true;
    },
  };
  await scanCsv(stream, handlers, dialect);
  const file = { rows, columns: columns.length, decimal: dialect.decimal };
  const finished: Column[] = [];
  const turn = createTurnTaker();
  for (const column of columns) {
    finished.push(finishColumn(column, file));
    await turn();
  }
  return { rows, columns: fitValues(finished) };
};
