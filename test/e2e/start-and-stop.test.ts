import { chmod, mkdir, readdir } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { redisPidOf } from "./redis-pid.ts";
import { createRestClient, dataFile } from "./rest-client.ts";
import { createDataDir, isAlive, removeDataDir, runMain, type Service, startService } from "./service.ts";

const takePort = (): Promise<{ port: number; server: Server }> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      if (typeof address === "object" && address !== null) resolve({ port: address.port, server });
    });
  });

/** Children are gone when their parent has looked; a process killed from outside is looked at by init, soon. */
const untilGone = async (pids: readonly number[]): Promise<void> => {
  while (pids.some(isAlive)) await new Promise((resolve) => setImmediate(resolve));
};

const lastLine = (text: string): string => text.trim().split("\n").at(-1) ?? "";

describe("starting and stopping the service", () => {
  let dataDir: string;
  const running: Service[] = [];
  const start = async (env: Record<string, string> = {}): Promise<Service> => {
    const service = await startService(dataDir, env);
    running.push(service);
    return service;
  };

  beforeEach(async () => {
    dataDir = await createDataDir();
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((service) => service.stop()));
    await removeDataDir(dataDir);
  });

  const pidsOf = ({ log, process: { pid } }: Service): number[] => [
    ...new Set([pid ?? 0, ...log.map((line) => line.pid)]),
  ];

  test("Ctrl-C stops everything and exits with 0; a second start goes on with the same data", async () => {
    const first = await start({ CHECKPOINT_SECONDS: "0.3" });
    const client = createRestClient(first.url);
    const dataset = await client.upload("digits", await dataFile("digits"));
    const job = await client.submit({
      dataset: dataset.id,
      task: { type: "classification", label: "digit" },
      model: { type: "mlp", hidden: [256, 128] },
      training: { epochs: 60, earlyStopping: false },
    });
    await client.untilEvent(job.id, ({ type }) => type === "checkpoint");
    const pids = pidsOf(first);
    expect(pids.length).toBeGreaterThanOrEqual(3);
    expect(await first.stop("SIGINT")).toBe(0);
    await untilGone(pids);

    const second = await start();
    const again = createRestClient(second.url);
    const done = await again.untilDone(job.id);
    expect(done.state).toBe("succeeded");
    expect(done.history.map(({ reason }) => reason)).toContain("the trainer is stopping");
    expect((await again.call(`/v1/datasets/${dataset.id}`)).status).toBe(200);
  });

  /** Longer than each of these tests: what waits for it, waits too long. */
  const drain = { DRAIN_SECONDS: "600" };
  const digits = async (client: ReturnType<typeof createRestClient>) => {
    const dataset = await client.upload("digits", await dataFile("digits"));
    const training = { epochs: 100_000, earlyStopping: false as const };
    return client.submit({ dataset: dataset.id, task: { type: "classification", label: "digit" }, training });
  };

  test("a killed parent leaves neither API, trainer nor Redis behind; a running job goes on from its checkpoint at the next start", async () => {
    const first = await start(drain);
    const client = createRestClient(first.url);
    const { id } = await digits(client);
    await client.untilEvent(id, ({ type }) => type === "progress");
    const pids = [...pidsOf(first), await redisPidOf(dataDir)];
    process.kill(first.process.pid ?? 0, "SIGKILL");
    await untilGone(pids);
    const second = createRestClient((await start()).url);
    await second.untilEvent(id, ({ type }) => type === "resumed");
    expect((await second.job(id)).history.map(({ reason }) => reason)).toContain("the trainer is stopping");
    await second.act(id, "cancel");
    await second.untilState(id, "cancelled");
  });

  test.each(["api", "trainer"])("… nor does one that was killed together with its %s", async (role) => {
    const first = await start(drain);
    const pids = [...pidsOf(first), await redisPidOf(dataDir)];
    const part = first.log.find((line) => line.role === role)!.pid;
    // The parent first: it would start the part again.
    for (const pid of [first.process.pid ?? 0, part]) process.kill(pid, "SIGKILL");
    await untilGone(pids);
  });

  test("a port in use is one clear line, exit code 1, and nothing is left running", async () => {
    const { port, server } = await takePort();
    for (const name of ["PORT", "GRPC_PORT"]) {
      const ended = await runMain({ DATA_DIR: dataDir, LOG_LEVEL: "silent", [name]: String(port) });
      expect(ended).toMatchObject({ code: 1 });
      expect(ended.errors.trim()).toMatch(new RegExp(`^descent: ${name}=${port}.*in use.*$`));
    }
    expect(await readdir(dataDir), "nothing was begun").toEqual([]);
    server.close();
    const service = await start();
    expect(await service.stop()).toBe(0);
  });

  test("a second instance on the same folder is refused with one line", async () => {
    await start();
    const ended = await runMain({ DATA_DIR: dataDir, LOG_LEVEL: "silent" });
    expect(ended.code).toBe(1);
    expect(ended.errors.trim()).toMatch(/^descent: .*DATA_DIR.*(in use|running).*$/);
  });

  test("a folder that cannot be written is refused with one line", async () => {
    const file = join(dataDir, "locked");
    await mkdir(file);
    await chmod(file, 0o500);
    // Root may write anywhere, but not below a file.
    const folder = process.getuid?.() === 0 ? "/dev/null/descent" : join(file, "data");
    const ended = await runMain({ DATA_DIR: folder });
    expect(ended.code).toBe(1);
    expect(lastLine(ended.errors)).toMatch(/^descent: DATA_DIR=.*cannot be written/);
  });

  test("a missing Redis that cannot be installed is one clear line", async () => {
    const ended = await runMain({ DATA_DIR: dataDir, PATH: join(dataDir, "nothing-here"), LOG_LEVEL: "silent" });
    expect(ended.code).toBe(1);
    expect(ended.errors.trim()).toMatch(/^descent: .*redis-server is not installed.*REDIS_URL/);
  });

  test.each([
    ...["redis://127.0.0.1:99999", "redis://[bad", "redis://:p%zz@127.0.0.1:1", "redis://127.0.0.1:1/x"],
    ...["redis:nohost", "unix://", "http://127.0.0.1", "redis://127.0.0.1:1"],
  ])("a Redis that cannot be used is one line: %s", async (address) => {
    // Who does not answer is waited for: once is enough.
    const roles =
      address.endsWith(":1") && !address.includes("%")
        ? [["--role=api"]]
        : [["--role=api"], ["--role=trainer"], ["--reindex"]];
    for (const argv of roles) {
      const ended = await runMain({ DATA_DIR: dataDir, REDIS_URL: address, LOG_LEVEL: "silent" }, argv);
      expect(ended.code).toBe(1);
      expect(ended.errors.trim()).toMatch(/^descent: REDIS_URL.*$/);
    }
  });

  test("a wrong setting and a wrong option are one line each; --help explains both", async () => {
    expect(await runMain({ PORT: "80x" })).toMatchObject({
      code: 1,
      errors: expect.stringMatching(/^descent: PORT=80x/),
    });
    expect(await runMain({}, ["--role=cook"])).toMatchObject({ code: 1, errors: expect.stringContaining("--help") });
    expect(await runMain({ HOST: "0.0.0.0" })).toMatchObject({
      code: 1,
      errors: expect.stringContaining("API_KEYS_FILE"),
    });
    const help = await runMain({}, ["--help"]);
    expect(help.code).toBe(0);
    expect(help.output).toContain("REDIS_URL");
  });
});
