import type { DescentError } from "../../../client/errors.ts";

/** What the service says is wrong, by pointer. */
export const faultsOf = (error: DescentError | null): ReadonlyMap<string, string> =>
  new Map((error?.errors ?? []).map(({ pointer, detail }) => [pointer, detail]));
