import type { RequestOptions, Transport } from "./transport.ts";
import type { Page } from "./types.ts";

export interface ListOptions extends RequestOptions {
  /** Entries that one request brings; 1 to 100, default 20. */
  pageSize?: number;
}

/** A listing, newest first: `for await` goes through all of it, page by page; `page()` brings one. */
export interface Listing<T> extends AsyncIterable<T> {
  page(pageToken?: string | null): Promise<Page<T>>;
}

export const createListing = <T>(
  transport: Transport,
  path: string,
  { pageSize, signal, ...filters }: ListOptions & Record<string, string | number | AbortSignal | undefined>,
): Listing<T> => {
  const page = (pageToken: string | null = null): Promise<Page<T>> =>
    transport.json<Page<T>>(path, {
      query: { ...(filters as Record<string, string>), pageSize, pageToken },
      ...(signal === undefined ? {} : { signal }),
    });
  return {
    page,
    async *[Symbol.asyncIterator]() {
      for (let token: string | null = null; ; ) {
        const { items, nextPageToken }: Page<T> = await page(token);
        yield* items;
        if (nextPageToken === null) return;
        token = nextPageToken;
      }
    },
  };
};

/** A list that only grows, oldest first, from a position on; ends where it ends now. */
export async function* following<T>(
  transport: Transport,
  path: string,
  { after, ...options }: RequestOptions & { after?: string | number },
): AsyncGenerator<T, void, void> {
  let position: string | number | null = after ?? null;
  for (;;) {
    const page: { items: T[]; nextAfter: string | number | null } = await transport.json(path, {
      ...options,
      query: { after: position, limit: 1000 },
    });
    yield* page.items;
    if (page.nextAfter === null || page.items.length === 0) return;
    position = page.nextAfter;
  }
}
