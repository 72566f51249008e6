import type { Writable } from "node:stream";

/** How a command writes: for people, or with `--json` for programs. */
export interface Output {
  json: boolean;
  /** A line for people; nothing with `--json`. */
  say(line?: string): void;
  /** The command's result: one JSON document with `--json`, else what `show` makes of it. */
  result(value: unknown, show: () => void): void;
  /** One JSON document on a line, of many. */
  line(value: unknown): void;
}

/** Who reads through `head` has had enough when the pipe is closed: that is an end, not a fault. */
export const endWithReader = (stream: Writable, end: () => void): void => {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    end();
  });
};

const write = (text: string): void => void process.stdout.write(`${text}\n`);

export const createOutput = (json: boolean): Output => ({
  json,
  say: (line = "") => {
    if (!json) write(line);
  },
  result: (value, show) => {
    if (json) write(JSON.stringify(value, null, 2));
    else show();
  },
  line: (value) => write(JSON.stringify(value)),
});

/** Columns side by side, as wide as their widest cell; numbers to the right. */
export const toTable = (heads: readonly string[], rows: readonly (readonly string[])[], indent = ""): string => {
  const widths = heads.map((head, i) => Math.max(head.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const isNumber = heads.map((_, i) => rows.every((row) => /^(-?[\d.,]+(e[+-]?\d+)?( %)?|–|)$/.test(row[i] ?? "")));
  const toLine = (cells: readonly string[]): string =>
    indent +
    cells
      .map((cell, i) => (isNumber[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join("  ")
      .trimEnd();
  return [toLine(heads), indent + widths.map((width) => "─".repeat(width)).join("  "), ...rows.map(toLine)].join("\n");
};

const blocks = "▁▂▃▄▅▆▇█";

/** A curve in one line of text, from its least value to its largest. */
export const toSparkline = (values: readonly number[], width = 60): string => {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return "";
  const shown =
    finite.length <= width
      ? finite
      : Array.from({ length: width }, (_, i) => finite[Math.floor((i * finite.length) / width)]!);
  const [least, most] = [Math.min(...shown), Math.max(...shown)];
  return shown
    .map((value) => blocks[most === least ? 0 : Math.min(7, Math.floor(((value - least) / (most - least)) * 8))])
    .join("");
};

/** Four digits, without an exponent where one can do without. */
export const toShort = (value: number): string =>
  value === 0 || (Math.abs(value) >= 1e-3 && Math.abs(value) < 1e6)
    ? String(Number(value.toPrecision(4)))
    : value.toExponential(2);

/** To the second, of UTC. */
export const toTime = (at: string): string => at.slice(0, 19);

export const toBytes = (bytes: number): string => {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  return `${toShort(bytes / 1024 ** power)} ${units[power]}`;
};
