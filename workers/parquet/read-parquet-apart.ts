import { type ChildProcess, fork } from "node:child_process";
import { buffer } from "node:stream/consumers";
import { ServiceError } from "../../src/domain/errors.ts";
import type { ReadBytes, TableBytes } from "../../src/formats/table-bytes.ts";
import type { FromReader, ToReader } from "./messages.ts";

/** Of JavaScript's values; what one column of some ten thousand rows takes is far below. */
const heapMiB = 512;
/** Longest time between two signs of life, while nothing is waited for. */
const usualSilenceMs = 30_000;
/** Others wait: each may take its heap and a core. */
const atOnce = 2;

const refused = (detail: string): ServiceError =>
  new ServiceError(
    "malformed",
    `the Parquet file cannot be read: ${detail}; it may be damaged, or write it anew with smaller row groups`,
  );

const bytesOf = async (read: ReadBytes, start: number, end: number): Promise<Uint8Array> =>
  end > start ? buffer(await read({ start, end })) : Buffer.alloc(0);

/** The messages of a process in order; it is watched while one is waited for. */
const createListener = (child: ChildProcess, silentMs: number) => {
  const came: FromReader[] = [];
  let wake: () => void = () => {};
  let ended: ServiceError | null = null;
  child.on("message", (message) => {
    came.push(message as FromReader);
    wake();
  });
  const end = (error: ServiceError): void => {
    ended ??= error;
    wake();
  };
  child.on("exit", () => end(refused("decoding it took too much memory, or failed altogether")));
  child.on("error", (cause) =>
    end(new ServiceError("unavailable", "the decoder of Parquet could not be started", { cause })),
  );
  return async (): Promise<FromReader> => {
    for (;;) {
      const message = came.shift();
      if (message !== undefined) return message;
      if (ended !== null) throw ended;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(() => {
          end(refused(`decoding made no progress for ${silentMs / 1000} s`));
        }, silentMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  };
};

/**
 * `readParquet` in a process of its own: no file can hold up, or take down, who asks. At most two at once; others wait for their turn.
 * @param program the built `parquet-process.js`
 */
export const createParquetReader = (
  program: URL,
  silentMs = usualSilenceMs,
): ((read: ReadBytes, bytes: number) => Promise<TableBytes>) => {
  const waiting: (() => void)[] = [];
  let running = 0;
  const enter = async (): Promise<void> => {
    if (running >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
  };
  const leave = (): void => {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  };
  return async (read, bytes) => {
    await enter();
    const child = fork(program, {
      execArgv: [`--max-old-space-size=${heapMiB}`],
      serialization: "advanced",
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    let left = false;
    const close = (): void => {
      if (left) return;
      left = true;
      child.kill("SIGKILL");
      leave();
    };
    const tell = (message: ToReader): void => void (child.connected && child.send(message, () => {}));
    const listen = createListener(child, silentMs);
    /** Answers what the process asks for until it says something else. */
    const next = async (): Promise<Exclude<FromReader, { type: "range" | "failed" }>> => {
      for (;;) {
        const message = await listen();
        if (message.type === "failed") {
          const { code, message: detail, errors } = message;
          throw code === null
            ? new Error(`the decoder of Parquet failed: ${detail}`)
            : new ServiceError(code, detail, { errors });
        }
        if (message.type !== "range") return message;
        tell({ type: "range", id: message.id, bytes: await bytesOf(read, message.start, message.end) });
      }
    };
    const csv = async function* (): AsyncGenerator<Uint8Array, void, void> {
      try {
        for (let message = await next(); message.type === "csv"; message = await next()) {
          yield message.bytes;
          tell({ type: "more" });
        }
      } finally {
        close();
      }
    };
    try {
      tell({ type: "open", bytes });
      const table = await next();
      if (table.type !== "table") throw new Error(`the decoder of Parquet began with ${table.type}`);
      return { csv: csv(), texts: new Set(table.texts), leftOut: table.leftOut, close };
    } catch (error) {
      close();
      throw error;
    }
  };
};
