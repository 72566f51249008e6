import { createListing, type Listing, type ListOptions } from "./pages.ts";
import type { RequestOptions, Transport } from "./transport.ts";
import type { Alias, AliasChange } from "./types.ts";

export interface AliasOptions extends RequestOptions {
  /** Change it only if this is its revision; null: only if there is none. Left out: whatever it is. */
  revision?: number | null;
}

/** RFC 9110, 13.1: what must hold of the alias for the change to be made. */
const conditionOf = ({ revision, ...options }: AliasOptions) => {
  if (revision === undefined) return options;
  const headers: Record<string, string> =
    revision === null ? { "if-none-match": "*" } : { "if-match": `"${revision}"` };
  return { ...options, headers };
};

const pathOf = (name: string): string => `/v1/aliases/${encodeURIComponent(name)}`;

/** Movable names of models; one may stand wherever a model's id may. */
export const aliasesOf = (transport: Transport) => ({
  list: (options: ListOptions = {}): Listing<Alias> => createListing<Alias>(transport, "/v1/aliases", { ...options }),
  get: (name: string, options?: RequestOptions) => transport.json<Alias>(pathOf(name), options),
  /** Makes it, or moves it in one step. */
  put: (name: string, model: string, options: AliasOptions = {}) =>
    transport.json<Alias>(pathOf(name), {
      // Under a condition a repetition would meet what it has done itself.
      ...{ method: "PUT", json: { model }, repeatable: options.revision === undefined, ...conditionOf(options) },
    }),
  /** What it named, newest first. */
  history: async (name: string, options?: RequestOptions): Promise<AliasChange[]> =>
    (await transport.json<{ items: AliasChange[] }>(`${pathOf(name)}/history`, options)).items,
  delete: async (name: string, options: AliasOptions = {}): Promise<void> => {
    await transport.send(pathOf(name), { method: "DELETE", ...conditionOf(options) });
  },
});
