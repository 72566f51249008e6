import { limits } from "../../domain/limits.ts";
import type { Log } from "../../domain/log.ts";
import type { Page, PageRequest } from "../../domain/page.ts";
import type { Script } from "./define-scripts.ts";

/** Pages of manifests, newest first, bounded in number and bytes. One that cannot be read must not hide the others: it is told of and left out. */
export const createManifestList = (listManifests: Script, log?: Log) => {
  const parse = (id: string, manifest: string): unknown => {
    try {
      return JSON.parse(manifest);
    } catch (error) {
      log?.warn({ id, err: error }, "a record cannot be read; the list leaves it out");
      return null;
    }
  };
  return async <T>(index: string, prefix: string, { pageSize, pageToken }: PageRequest): Promise<Page<T>> => {
    const from = pageToken === null ? "+" : `(${pageToken}`;
    const listed = await listManifests([index, prefix], from, pageSize, limits.pageBytes);
    const [more, ...entries] = listed as [number, ...string[]];
    const items: T[] = [];
    for (let i = 0; i + 1 < entries.length; i += 2) {
      const manifest = parse(entries[i]!, entries[i + 1]!);
      if (manifest !== null) items.push(manifest as T);
    }
    return { items, nextPageToken: more === 1 ? entries.at(-2)! : null };
  };
};
