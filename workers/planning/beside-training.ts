import { Readable } from "node:stream";
import { cellNumber } from "../../src/data/columns/number-cell.ts";
import { addValue, createRunningMoments } from "../../src/data/columns/running-moments.ts";
import { answeredRows } from "../../src/engine/train/fitting/collect-answers.ts";
import { reportSplitOf } from "../../src/engine/train/planning/training.ts";
import { scanCsv } from "../../src/formats/csv/csv-scanner.ts";
import type { DataShape } from "../../src/usecases/deps.ts";
import { repeats } from "../training/explaining/explained-rows.ts";
import type { CallCosts } from "./call-costs.ts";

/** A table that is read for the time it takes: rows and columns, few enough that some run is not interrupted, and how often: until the code is compiled. */
const [sampleRows, sampleColumns, sampleRuns] = [100, 20, 60];

const sample = (): Buffer => {
  const cell = (row: number, column: number): string =>
    (((row * 7919 + column * 104_729) % 8192) / 1000 - 4).toFixed(3);
  const line = (row: number): string => Array.from({ length: sampleColumns }, (_, i) => cell(row, i)).join(",");
  const names = Array.from({ length: sampleColumns }, (_, i) => `x${i}`).join(",");
  return Buffer.from(`${names}\n${Array.from({ length: sampleRows }, (_, row) => line(row)).join("\n")}\n`);
};

/** Seconds that this machine takes for a cell of a table: found, read as a number, taken into a mean. The least of some runs, since others may use the processor. */
export const measureCells = async (nowMs: () => number): Promise<number> => {
  const table = sample();
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < sampleRuns; run++) {
    const moments = createRunningMoments();
    const startMs = nowMs();
    await scanCsv(Readable.from([table]), {
      header: () => {},
      record: (record) => {
        for (let i = 0; i < sampleColumns; i++) addValue(moments, cellNumber(record, i));
        return true;
      },
    });
    least = Math.min(least, nowMs() - startMs);
  }
  return least / 1000 / (sampleRows * sampleColumns);
};

/** Where they were not measured. */
export const usualCosts = {
  ...{
    cellSeconds: 80e-9,
    doubleSeconds: 0.5e-9,
    distanceSeconds: 0.5e-9,
    mixtureSeconds: 0.6e-9,
    reportedSeconds: 4e-6,
    drawnSeconds: 20e-9,
  },
  ...{ stepSeconds: 2e-6, plannedSeconds: 60e-6 },
};
type BesideCosts = Pick<CallCosts, "cellSeconds" | "doubleSeconds" | "reportedSeconds" | "drawnSeconds">;
/**
 * In the time of a cell: what it takes to read each of the file's cells once, keep it and encode it, or to read it twice, where the rows go to the trainer's disk, and a row
 * of them; an input of a row that is read from that disk and put into an epoch's order, or read as it stands; and a row that is exchanged for an explanation.
 */
const [cellsOfHeld, cellsOfTwice, cellsOfRow, cellsOfOrdered, cellsOfPassed, cellsOfAsked] = [
  1.4, 2.2, 6, 1.2, 0.06, 0.3,
];
/** An operation of a solved model, whose sums wait for each other, in those of a distance. */
export const doublesOfSolved = 2;
/** A job of nothing: its threads, its memory, its files. */
const leastSeconds = 0.1;
/** The exact linear model that a network is compared with: rows by what a pass over them may take, and iterations as usual. */
const [baselineFlops, baselineRows, baselineIterations] = [1.5e8, 100_000, 10];

interface Beside {
  /** How often rows that are on the trainer's disk are read from there: in epochs' orders, and as they stand. Null: they lie in the memory. */
  readonly spilled: { readonly orders: number; readonly passes: number } | null;
  /** Rows that explanations are made of, and seconds that the model takes for one. */
  readonly explained: number;
  readonly secondsOfAsked: number;
  /** Linear models are compared with none. */
  readonly compared: boolean;
}

/** How often an explanation asks about each row for each input: exchanges of each column for its importance, those of groups and the curves of partial dependence, about. */
const asksOfInput = 8;

/** By Newton's method, whose matrix has a row for each weight of all classes but one; and about 60 for each class's exp. */
const baselineOperations = ({ inputs, outputs, trainRows }: DataShape): number => {
  const classes = Math.max(1, outputs);
  const all = (inputs + 1) * classes;
  const weights = (inputs + 1) * Math.max(1, outputs - 1);
  const rows = Math.min(trainRows, baselineRows, baselineFlops / (2 * all * all));
  return baselineIterations * rows * (weights * weights + 60 * classes);
};

/** What a job takes beside its fit: reading and encoding the rows, and the report. */
export const secondsBeside = (
  shape: DataShape,
  { spilled, explained, secondsOfAsked, compared }: Beside,
  costs: BesideCosts | null,
): number => {
  const { cells = 0, trainRows, validationRows, testRows, inputs, outputs } = shape;
  if (cells === 0) return 0;
  const { cellSeconds, doubleSeconds, reportedSeconds, drawnSeconds } = { ...usualCosts, ...costs };
  const reported = answeredRows(shape[`${reportSplitOf(shape)}Rows`], Math.max(1, outputs));
  const perOrder = spilled === null ? 0 : spilled.orders * cellsOfOrdered + spilled.passes * cellsOfPassed;
  const rows = cellsOfRow * (trainRows + validationRows + testRows);
  const reading = (spilled === null ? cellsOfHeld : cellsOfTwice) * cells + rows + perOrder * trainRows * inputs;
  const secondsOfInput = asksOfInput * (secondsOfAsked + cellsOfAsked * cellSeconds) + repeats * drawnSeconds;
  const explaining = explained * inputs * secondsOfInput;
  const comparing = compared ? doublesOfSolved * baselineOperations(shape) * doubleSeconds : 0;
  return leastSeconds + cellSeconds * reading + reportedSeconds * reported + explaining + comparing;
};
