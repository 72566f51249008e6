import { randomBytes } from "node:crypto";
import { link, open, readFile, unlink } from "node:fs/promises";
import { join } from "node:path";
import { type Config, StartError } from "../../config.ts";

const fileOf = (dataDir: string): string => join(dataDir, "webhook-secret");

const codeOf = (error: unknown): unknown => (error instanceof Error && "code" in error ? error.code : undefined);

/** The secrets of the environment, else the one kept in the data folder, else none. StartError when it cannot be read. */
export const readWebhookSecrets = async ({ dataDir, webhooks }: Pick<Config, "dataDir" | "webhooks">) => {
  if (webhooks.secrets.length > 0) return webhooks.secrets;
  const file = fileOf(dataDir);
  try {
    const kept = (await readFile(file, "utf8")).trim();
    if (kept.length < 32) throw new StartError(`${file}: it holds no secret; delete it, and the next start makes one`);
    return [kept];
  } catch (error) {
    if (error instanceof StartError) throw error;
    if (codeOf(error) === "ENOENT") return [];
    throw new StartError(`${file}: the secret cannot be read (${String(error)})`, { cause: error });
  }
};

/** Whole on the disk before it has its name, and never over one that is there. */
const write = async (folder: string): Promise<void> => {
  const temporary = `${fileOf(folder)}.${randomBytes(6).toString("hex")}.tmp`;
  const handle = await open(temporary, "wx", 0o600);
  try {
    await handle.writeFile(`${randomBytes(32).toString("base64url")}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    await link(temporary, fileOf(folder));
  } catch (error) {
    // Another start was faster: its secret stands.
    if (codeOf(error) !== "EEXIST") throw error;
  } finally {
    await unlink(temporary);
  }
  const opened = await open(folder, "r");
  await opened.sync().finally(() => opened.close());
};

/** Makes a secret of 256 bits in the data folder, unless there is one already. */
export const keepWebhookSecret = async (config: Pick<Config, "dataDir" | "webhooks">): Promise<void> => {
  if ((await readWebhookSecrets(config)).length > 0) return;
  try {
    await write(config.dataDir);
  } catch (cause) {
    throw new StartError(`DATA_DIR=${config.dataDir}: the webhook secret cannot be written (${String(cause)})`, {
      cause,
    });
  }
};
