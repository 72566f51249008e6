import { ServiceError } from "../../domain/errors.ts";
import { artifactKeys } from "../../store/artifacts/artifact-store.ts";
import type { Deps } from "../deps.ts";

/**
 * Whether the artifact store holds data sets or models and Redis knows of none: its data are gone, or it is another Redis. What it knows of a single one tells
 * that it is the right one.
 */
const isRecordless = async ({ artifacts, catalogue }: Pick<Deps, "artifacts" | "catalogue">): Promise<boolean> => {
  const first = { pageSize: 1, pageToken: null };
  let stored = false;
  for (const tenant of await artifacts.tenants()) {
    const known = await Promise.all([catalogue.datasets(tenant, first), catalogue.models(tenant, first)]);
    if (known.some(({ items }) => items.length > 0)) return false;
    for (const prefix of [artifactKeys.datasets(tenant), artifactKeys.models(tenant)])
      stored ||= (await artifacts.list(prefix)).some((key) => key.endsWith("/manifest.json"));
  }
  return stored;
};

/** Says so at the start, with the remedy. A Redis or a store that is too busy to tell does not end the start. */
export const tellLostRecords = async (deps: Pick<Deps, "artifacts" | "catalogue" | "log">): Promise<void> => {
  try {
    if (!(await isRecordless(deps))) return;
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code !== "unavailable") throw error;
    deps.log.warn({ err: error }, "whether Redis has lost its records cannot be seen right now");
    return;
  }
  deps.log.warn(
    {},
    "the artifact store holds data sets or models and Redis knows of none: its data are gone, or REDIS_URL names another one; stop the service and run `npm run reindex` to record them again",
  );
};
