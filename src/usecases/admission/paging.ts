import { z } from "zod";
import { invalidAt } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import type { Page, PageRequest } from "../../domain/page.ts";
import { parse } from "./parse.ts";

/** What both surfaces pass on for a page, unchecked. */
export interface PageParameters {
  pageSize?: number | undefined;
  pageToken?: string | undefined;
  /** In place of a token: what comes after the entry with this id. */
  after?: string | undefined;
}

const PageParameters = z.object({
  pageSize: z.int().min(1).max(limits.pageSize).default(20),
  pageToken: z.string().max(1000).optional(),
  after: z
    .string()
    .regex(/^\w{1,40}$/, "must be an entry's id")
    .optional(),
});

/** A token says which listing it continues, so that one listing's token cannot steer another. */
const encode = (listing: string, storeToken: string): string =>
  Buffer.from(`${listing}\n${storeToken}`, "utf8").toString("base64url");

const decode = (listing: string, token: string): string => {
  const text = Buffer.from(token, "base64url").toString("utf8");
  const [name, storeToken, ...rest] = text.split("\n");
  const sound =
    name === listing && storeToken !== undefined && rest.length === 0 && /^[\x21-\x7e]{1,500}$/.test(storeToken);
  if (!sound || encode(listing, storeToken) !== token) {
    const detail = "is not a token of this listing; pass nextPageToken of the page before, with the same filters";
    throw invalidAt("/query/pageToken", detail);
  }
  return storeToken;
};

/** Runs a listing with checked parameters and opaque tokens. `listing` names it with its filters. */
export const paged = async <T>(
  listing: string,
  parameters: PageParameters,
  read: (page: PageRequest) => Promise<Page<T>>,
): Promise<Page<T>> => {
  const { pageSize, pageToken, after } = parse(
    PageParameters,
    { pageSize: parameters.pageSize, pageToken: parameters.pageToken || undefined, after: parameters.after },
    { base: "/query" },
  );
  // Listings are ordered by id, and the store's own tokens are ids.
  const from = pageToken === undefined ? (after ?? null) : decode(listing, pageToken);
  const page = await read({ pageSize, pageToken: from });
  return { items: page.items, nextPageToken: page.nextPageToken === null ? null : encode(listing, page.nextPageToken) };
};
