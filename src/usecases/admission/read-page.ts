import { limits } from "../../domain/limits.ts";

/** What is read first: entries may be large, and how large shows only then. */
const firstBatch = 10;

/**
 * Entries one after another, at most `limit`, and no more than a page has room for in bytes, but one at least.
 * @param read so many after `last` (undefined: from the start); fewer: there are no more
 */
export const readPage = async <T>(
  limit: number,
  read: (last: T | undefined, count: number) => Promise<T[]>,
): Promise<{ items: T[]; more: boolean }> => {
  const items: T[] = [];
  let bytes = 0;
  let count = firstBatch;
  while (items.length < limit) {
    const wanted = Math.min(count, limit - items.length);
    const batch = await read(items.at(-1), wanted);
    for (const item of batch) {
      bytes += JSON.stringify(item).length;
      if (bytes > limits.pageBytes && items.length > 0) return { items, more: true };
      items.push(item);
    }
    if (batch.length < wanted) return { items, more: false };
    // About a quarter of a page at a time.
    count = Math.max(1, Math.floor(((limits.pageBytes / 4) * items.length) / bytes));
  }
  return { items, more: true };
};

/** As many of the first entries as a page has room for in bytes, but one at least. */
export const withinPage = <T>(entries: readonly T[]): T[] => {
  let bytes = 0;
  const end = entries.findIndex((entry) => {
    bytes += JSON.stringify(entry).length;
    return bytes > limits.pageBytes;
  });
  return end === -1 ? [...entries] : entries.slice(0, Math.max(1, end));
};
