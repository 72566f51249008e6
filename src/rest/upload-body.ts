import { Readable } from "node:stream";
import { ServiceError } from "../domain/errors.ts";

/** A gigabyte may take hours on a slow line, so an upload is cut by silence, not by its length. */
export const uploadIdleMs = 30_000;

/** The source's bytes; `timed_out` when the client sends nothing for `idleMs`. Time that our side takes to write does not count. */
export const withProgressLimit = (source: Readable, idleMs: number = uploadIdleMs): Readable =>
  Readable.from(watched(source, idleMs), { objectMode: false });

async function* watched(source: Readable, idleMs: number): AsyncGenerator<Buffer, void, void> {
  // The request itself must survive a failure: the answer goes out on its socket.
  const chunks = source.iterator({ destroyOnReturn: false });
  for (;;) {
    let timer: NodeJS.Timeout | undefined;
    const silence = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const detail = `the upload made no progress for ${idleMs / 1000} s`;
        reject(new ServiceError("timed_out", detail));
      }, idleMs);
    });
    try {
      const next = await Promise.race([chunks.next(), silence]);
      if (next.done === true) return;
      yield next.value as Buffer;
    } finally {
      clearTimeout(timer);
    }
  }
}
