import { spawnSync } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createRestClient, dataFile } from "./rest-client.ts";
import { createDataDir, removeDataDir, type Service, startService } from "./service.ts";

const mount = (folder: string): boolean =>
  spawnSync("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], { stdio: "ignore" }).status === 0;
const unmount = (folder: string): void => void spawnSync("umount", ["-l", folder], { stdio: "ignore" });

const mayMount = async (): Promise<boolean> => {
  const folder = await createDataDir();
  const mounted = mount(folder);
  if (mounted) unmount(folder);
  await removeDataDir(folder);
  return mounted;
};

describe.runIf(await mayMount())("a disk that is full", () => {
  let dataDir: string;
  let disk: string;
  let service: Service;
  const start = async (name: string): Promise<ReturnType<typeof createRestClient>> => {
    disk = join(dataDir, name);
    await mkdir(disk);
    mount(disk);
    service = await startService(dataDir, { CHECKPOINT_SECONDS: "0.2" });
    return createRestClient(service.url);
  };
  beforeEach(async () => {
    dataDir = await createDataDir();
  });
  afterEach(async () => {
    await service?.stop();
    unmount(disk);
    await removeDataDir(dataDir);
  });
  const fill = (): Promise<void> => writeFile(join(disk, "filler"), Buffer.alloc(8 * 1024 ** 2)).catch(() => undefined); // as much of it as fits

  test("of the artifact store: uploads are refused, the job fails and says why, and all is well once there is room", async () => {
    const client = await start("artifacts");
    const { id: dataset } = await client.upload("digits", await dataFile("digits"));
    const spec = {
      ...{ dataset, task: { type: "classification", label: "digit" } as const },
      training: { epochs: 3000, earlyStopping: false as const },
    };
    const job = await client.submit(spec);
    await client.untilEvent(job.id, ({ type }) => type === "checkpoint");
    await fill();
    expect(await client.tryUpload(await dataFile("digits"))).toMatchObject({
      status: 503,
      body: { code: "unavailable" },
    });
    expect((await client.call("/readyz")).status).toBe(503);
    expect(await client.untilDone(job.id)).toMatchObject({ state: "failed", error: { code: "store_full" } });
    await rm(join(disk, "filler"));
    const again = await client.submit({ ...spec, training: { epochs: 5, earlyStopping: false } });
    expect((await client.untilDone(again.id)).state).toBe("succeeded");
  });

  test("of Redis: submissions are refused with 503 and none that was acknowledged is lost", async () => {
    const client = await start("redis");
    const { id: dataset } = await client.upload("digits", await dataFile("digits"));
    const spec = { dataset, task: { type: "classification", label: "digit" } as const };
    const before = await client.submit(spec);
    await client.untilDone(before.id);
    await fill();
    const acknowledged = [before.id];
    for (let refused = 0; refused < 3; ) {
      const { status, body } = await client.trySubmit(spec);
      if (status === 202) acknowledged.push(body.id);
      else {
        expect({ status, code: body.code }).toEqual({ status: 503, code: "unavailable" });
        refused += 1;
      }
    }
    expect((await client.call("/healthz")).status).toBe(200);
    await rm(join(disk, "filler"));
    for (const id of acknowledged) {
      await expect.poll(async () => (await client.call(`/v1/jobs/${id}`)).status, { timeout: 20_000 }).toBe(200);
      expect((await client.untilDone(id)).state).toBe("succeeded");
    }
  });
});
