import type { Readable } from "node:stream";
import { ServiceError } from "../../domain/errors.ts";

/** A gigabyte may take hours on a slow line, so an upload is cut by silence, not by its length. */
export const uploadIdleMs = 30_000;

const orSilence = async <T>(wanted: Promise<T>, idleMs: number): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    const detail = `the upload made no progress for ${idleMs / 1000} s`;
    timer = setTimeout(() => reject(new ServiceError("timed_out", detail)), idleMs);
  });
  try {
    return await Promise.race([wanted, silence]);
  } finally {
    clearTimeout(timer);
  }
};

/**
 * What the source brings; `timed_out` when the client sends nothing for `idleMs`. Time that our side takes to write does not
 * count. The source is not destroyed: the answer goes out on its connection.
 */
export async function* withProgressLimit<T>(
  source: Readable,
  idleMs: number = uploadIdleMs,
): AsyncGenerator<T, void, void> {
  const chunks = source.iterator({ destroyOnReturn: false });
  try {
    for (;;) {
      const next = await orSilence(chunks.next(), idleMs);
      if (next.done === true) return;
      yield next.value as T;
    }
  } finally {
    // Not awaited: it takes effect when the source brings something. Then the source is free for whoever discards the rest.
    void chunks.return?.();
  }
}
