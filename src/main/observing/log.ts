import { type Logger, pino } from "pino";
import type { LogLevel } from "../../config.ts";

const hidden = new Set(["level", "time", "role", "pid", "hostname", "msg", "err", "stack"]);

/** One line for people: time, level, role, message, then what else the record says. */
const toHumanLine = (json: string): string => {
  const record: Record<string, unknown> = JSON.parse(json);
  const time = String(record.time).slice(11, 23);
  const rest = Object.entries(record)
    .filter(([key]) => !hidden.has(key))
    .map(([key, value]) => `${key}=${typeof value === "object" ? JSON.stringify(value) : String(value)}`);
  const error = record.err;
  const stack = typeof error === "object" && error !== null && "stack" in error ? `\n${String(error.stack)}` : "";
  return `${time} ${String(record.level).padEnd(5)} ${String(record.role).padEnd(7)} ${[record.msg, ...rest].join("  ")}${stack}\n`;
};

/**
 * Structured logs on standard error: one JSON object a line for machines, or one readable line when a person looks at a
 * terminal. Standard output is kept for what the command has to say. Every line goes through `scrub`, which takes secrets out.
 */
export const createLog = (role: string, level: LogLevel, scrub: (line: string) => string): Logger => {
  const people = process.stderr.isTTY === true;
  const destination = people
    ? { write: (line: string) => void process.stderr.write(toHumanLine(line)) }
    : pino.destination({ dest: 2, sync: true });
  return pino(
    {
      level,
      base: { role, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      hooks: { streamWrite: scrub },
    },
    destination,
  );
};
