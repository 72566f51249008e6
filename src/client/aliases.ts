import { createListing, type Listing, type ListOptions } from "./pages.ts";
import type { RequestOptions, Transport } from "./transport.ts";
import type { Alias, AliasChange } from "./types.ts";

const pathOf = (name: string): string => `/v1/aliases/${encodeURIComponent(name)}`;

/** Movable names of models; one may stand wherever a model's id may. */
export const aliasesOf = (transport: Transport) => ({
  list: (options: ListOptions = {}): Listing<Alias> => createListing<Alias>(transport, "/v1/aliases", { ...options }),
  get: (name: string, options?: RequestOptions) => transport.json<Alias>(pathOf(name), options),
  /** Makes it, or moves it in one step. */
  put: (name: string, model: string, options: RequestOptions = {}) =>
    transport.json<Alias>(pathOf(name), { method: "PUT", json: { model }, repeatable: true, ...options }),
  /** What it named, newest first. */
  history: async (name: string, options?: RequestOptions): Promise<AliasChange[]> =>
    (await transport.json<{ items: AliasChange[] }>(`${pathOf(name)}/history`, options)).items,
  delete: async (name: string, options?: RequestOptions): Promise<void> => {
    await transport.send(pathOf(name), { method: "DELETE", ...options });
  },
});
