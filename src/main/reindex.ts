import type { Logger } from "pino";
import { type Config, StartError } from "../config.ts";
import { reindex } from "../usecases/upkeep/reindex.ts";
import { connectBackends } from "./backends.ts";
import { startPrivateRedis } from "./private-redis/private-redis.ts";
import { prepareDataFolder } from "./processes/data-folder.ts";

/** The Redis to rebuild: the one of REDIS_URL, or the private one of the data folder, which must not be in use then. */
const openRedis = async (config: Config, log: Logger): Promise<{ url: string; stop: () => Promise<void> }> => {
  if (config.redisUrl !== null) return { url: config.redisUrl, stop: async () => {} };
  const folder = await prepareDataFolder(config.dataDir);
  try {
    return await startPrivateRedis({ folder: `${folder}/redis`, log, mayInstall: false });
  } catch (error) {
    throw new StartError(error instanceof Error ? error.message : String(error), { cause: error });
  }
};

/** `--reindex`: rebuilds Redis from the artifact store's manifests and says what it found. */
export const runReindex = async (config: Config, log: Logger): Promise<void> => {
  const redis = await openRedis(config, log);
  try {
    const backends = await connectBackends({ ...config, redisUrl: redis.url }, log);
    try {
      const { datasets, models, jobs, aliases, studies, tenants, unreadable } = await reindex({ ...backends, log });
      process.stdout.write(
        `Recorded: ${datasets} data sets, ${models} models; ${jobs} finished jobs and ${aliases} aliases were missing.\n`,
      );
      if (studies > 0) process.stdout.write(`So were ${studies} studies.\n`);
      if (tenants > 0) process.stdout.write(`So were ${tenants} tenants with their keys.\n`);
      if (unreadable.length > 0) process.stdout.write(`Could not be understood: ${unreadable.join(", ")}\n`);
    } finally {
      await backends.close();
    }
  } finally {
    await redis.stop();
  }
};
