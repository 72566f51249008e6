import { Worker } from "node:worker_threads";
import { ServiceError } from "../../src/domain/errors.ts";
import { readParquet } from "../../src/formats/parquet/parquet-table.ts";
import type { ReadBytes } from "../../src/formats/table-bytes.ts";
import type { FromReader, ToReader } from "./messages.ts";

/** A process of its own, which its parent can end: what decodes files of strangers may loop, or take all memory. */
const say = (message: FromReader): void => {
  process.send?.(message);
};

const ranges = new Map<number, (bytes: Uint8Array) => void>();
let taken: () => void = () => {};
let nextId = 0;

const read: ReadBytes = async ({ start, end } = { start: 0, end: 0 }) => {
  const id = nextId++;
  const bytes = await new Promise<Uint8Array>((resolve) => {
    ranges.set(id, resolve);
    say({ type: "range", id, start, end });
  });
  return (async function* () {
    yield bytes;
  })();
};

const decode = async (bytes: number): Promise<void> => {
  const { csv, texts, leftOut } = await readParquet(read, bytes);
  say({ type: "table", texts: [...texts], leftOut: [...leftOut] });
  for await (const piece of csv) {
    const more = new Promise<void>((resolve) => {
      taken = resolve;
    });
    say({ type: "csv", bytes: piece });
    await more;
  }
  say({ type: "end" });
};

process.on("message", (message: ToReader) => {
  if (message.type === "range") {
    ranges.get(message.id)?.(message.bytes);
    ranges.delete(message.id);
  } else if (message.type === "more") taken();
  else
    decode(message.bytes).catch((error: unknown) => {
      const known = error instanceof ServiceError ? error : null;
      say({
        type: "failed",
        code: known?.code ?? null,
        message: String((error as Error).message),
        errors: [...(known?.errors ?? [])],
      });
    });
});
process.on("disconnect", () => process.exit());
new Worker(new URL("./parent-thread.js", import.meta.url), { workerData: process.ppid });
