import { limits } from "../../domain/limits.ts";
import type { Page, PageRequest } from "../../domain/page.ts";

/** All of a listing, page by page, after a first token. */
export async function* pages<T extends { id: string }>(
  list: (page: PageRequest) => Promise<Page<T>>,
  firstToken: string | null = null,
): AsyncGenerator<T> {
  for (let pageToken = firstToken; ; ) {
    const page = await list({ pageSize: limits.pageSize, pageToken });
    yield* page.items;
    if (page.nextPageToken === null) return;
    pageToken = page.nextPageToken;
  }
}
