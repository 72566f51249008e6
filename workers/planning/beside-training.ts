import { Readable } from "node:stream";
import { cellNumber } from "../../src/data/columns/number-cell.ts";
import { addValue, createRunningMoments } from "../../src/data/columns/running-moments.ts";
import { answeredRows } from "../../src/engine/train/fitting/collect-answers.ts";
import { reportSplitOf } from "../../src/engine/train/planning/training.ts";
import { scanCsv } from "../../src/formats/csv/csv-scanner.ts";
import type { DataShape } from "../../src/usecases/deps.ts";

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

/** Where it was not measured. */
const usualCellSeconds = 80e-9;
/**
 * In the time of a cell: what it takes to read each of the file's cells once, keep it and encode it, or to read it twice, where the rows go to the trainer's disk; what the
 * report and its files take for each row that they are of; an input of a row that is written to that disk and read from it, in each epoch; and a row that is exchanged for
 * an explanation.
 */
const [cellsOfHeld, cellsOfTwice, cellsOfReported, cellsOfSpilled, cellsOfAsked] = [2, 3, 30, 0.8, 0.3];
/** A job of nothing: its threads, its memory, its files. */
const leastSeconds = 0.25;
/** The exact linear model that a network is compared with: rows by what a pass over them may take, iterations as usual, and seconds of an operation. */
const [baselineFlops, baselineRows, baselineIterations, secondsPerFlop] = [1.5e8, 100_000, 10, 0.6e-9];

interface Beside {
  readonly epochs: number;
  readonly spilled: boolean;
  /** Rows that the model is asked about for explanations, each time counted. */
  readonly asked: number;
  readonly secondsOfAsked: number;
  /** Linear models are compared with none. */
  readonly compared: boolean;
}

const baselineSeconds = ({ inputs, outputs, trainRows }: DataShape): number => {
  const weights = (inputs + 1) * Math.max(1, outputs);
  const flops = 2 * weights * weights;
  return baselineIterations * Math.min(trainRows, baselineRows, baselineFlops / flops) * flops * secondsPerFlop;
};

/** What a job takes beside its fit: reading and encoding the rows, and the report. */
export const secondsBeside = (
  shape: DataShape,
  { epochs, spilled, asked, secondsOfAsked, compared }: Beside,
  cellSeconds = usualCellSeconds,
): number => {
  const { cells = 0, trainRows, inputs, outputs } = shape;
  if (cells === 0) return 0;
  const reported = answeredRows(shape[`${reportSplitOf(shape)}Rows`], Math.max(1, outputs));
  const spilling = spilled ? epochs * trainRows * inputs * cellsOfSpilled : 0;
  const reading = (spilled ? cellsOfTwice : cellsOfHeld) * cells;
  const inCells = reading + cellsOfReported * reported + spilling;
  const explaining = asked * (secondsOfAsked + cellsOfAsked * cellSeconds);
  return leastSeconds + cellSeconds * inCells + explaining + (compared ? baselineSeconds(shape) : 0);
};
