import type { Readable } from "node:stream";
import { ServiceError } from "../../domain/errors.ts";

/** A gigabyte may take hours on a slow line, so an upload is cut by silence or a pace that no line has, not by its length. */
export interface Pace {
  /** So long nothing may come; and in so much time of waiting at least … */
  idleMs: number;
  /** … so many bytes must. */
  leastBytes: number;
}

const uploadPace: Pace = { idleMs: 30_000, leastBytes: 16 * 1024 };

const tooSlow = (detail: string): ServiceError => new ServiceError("timed_out", detail);

const orSilence = async <T>(wanted: Promise<T>, idleMs: number): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(tooSlow(`the upload made no progress for ${idleMs / 1000} s`)), idleMs);
  });
  try {
    return await Promise.race([wanted, silence]);
  } finally {
    clearTimeout(timer);
  }
};

/** Told what came and how long it was waited for; `timed_out` for a drip. */
const createPaceCheck = ({ idleMs, leastBytes }: Pace): ((bytes: number, waitedMs: number) => void) => {
  let windowBytes = 0;
  let windowMs = 0;
  return (bytes, waitedMs) => {
    windowBytes += bytes;
    windowMs += waitedMs;
    if (windowMs < idleMs) return;
    if (windowBytes < leastBytes) {
      const came = `${windowBytes} bytes in ${Math.round(windowMs / 1000)} s`;
      throw tooSlow(`the upload is too slow: ${came}, where at least ${leastBytes} in ${idleMs / 1000} s must come`);
    }
    windowBytes = 0;
    windowMs = 0;
  };
};

/**
 * What the source brings; `timed_out` when the client sends nothing for a while, or only drips. Time that our side takes to write does
 * not count. The source is not destroyed: the answer goes out on its connection.
 * @param bytesOf what one of its chunks counts
 */
export async function* withProgressLimit<T>(
  source: Readable,
  bytesOf: (chunk: T) => number,
  pace: Pace = uploadPace,
): AsyncGenerator<T, void, void> {
  const chunks = source.iterator({ destroyOnReturn: false });
  const check = createPaceCheck(pace);
  try {
    for (;;) {
      const askedMs = performance.now();
      const next = await orSilence(chunks.next(), pace.idleMs);
      if (next.done === true) return;
      check(bytesOf(next.value as T), performance.now() - askedMs);
      yield next.value as T;
    }
  } finally {
    // Not awaited: it takes effect when the source brings something. Then the source is free for whoever discards the rest.
    void chunks.return?.();
  }
}
