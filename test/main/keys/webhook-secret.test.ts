import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseConfig, StartError } from "../../../src/config.ts";
import { keepWebhookSecret, readWebhookSecrets } from "../../../src/main/keys/webhook-secret.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "descent-secret-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const config = (env: Record<string, string> = {}) => parseConfig({ DATA_DIR: folder, ...env });

describe("the secret of webhooks", () => {
  it("is made once, however many start at the same moment, for nobody else to read", async () => {
    expect(await readWebhookSecrets(config())).toEqual([]);
    await Promise.all(Array.from({ length: 20 }, () => keepWebhookSecret(config())));
    const [secret, ...more] = await readWebhookSecrets(config());
    expect([secret, more]).toEqual([expect.stringMatching(/^[\w-]{43}$/), []]);
    await keepWebhookSecret(config());
    expect(await readWebhookSecrets(config())).toEqual([secret]);
    expect(await readdir(folder)).toEqual(["webhook-secret"]);
    expect((await stat(join(folder, "webhook-secret"))).mode & 0o777).toBe(0o600);
  });

  it("is the environment's where there is one, and then none is kept", async () => {
    const env = { WEBHOOK_SECRET: "x".repeat(32) };
    await keepWebhookSecret(config(env));
    expect(await readdir(folder)).toEqual([]);
    await keepWebhookSecret(config());
    expect(await readWebhookSecrets(config(env))).toEqual(["x".repeat(32)]);
  });

  it("is not taken from a file that holds none, and what cannot be written is one line", async () => {
    await writeFile(join(folder, "webhook-secret"), "\n");
    await expect(readWebhookSecrets(config())).rejects.toThrow(/webhook-secret: it holds no secret; delete it/);
    const nowhere = config({ DATA_DIR: join(folder, "absent") });
    await expect(keepWebhookSecret(nowhere)).rejects.toThrow(StartError);
  });
});
