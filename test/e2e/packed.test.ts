import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createRestClient, dataFile } from "./rest-client.ts";

const root = join(import.meta.dirname, "../..");

let folder: string;
let installed: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "descent-packed-"));
  // dist is there already: nothing is built once more.
  execFileSync("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder], { cwd: root });
  const [tarball = ""] = await readdir(folder);
  execFileSync("tar", ["xzf", tarball], { cwd: folder });
  installed = join(folder, "package");
  // What npm would install beside it: the packages that the service has when it runs, none of those that build it.
  await mkdir(join(installed, "node_modules"));
  await installDependencies(join(installed, "node_modules"));
});
afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));

const installDependencies = async (into: string): Promise<void> => {
  const listed = execFileSync("npm", ["ls", "--omit=dev", "--all", "--parseable"], { cwd: root, encoding: "utf8" });
  const modules = join(root, "node_modules");
  const names = listed
    .split("\n")
    .filter((path) => path.startsWith(`${modules}/`))
    .map((path) => path.slice(modules.length + 1))
    .filter((name) => !name.includes("/node_modules/"));
  for (const name of new Set(names)) {
    await mkdir(join(into, name, ".."), { recursive: true });
    await symlink(join(modules, name), join(into, name));
  }
};

const serve = async (dataDir: string) => {
  const { REDIS_URL: _redis, ARTIFACT_URL: _artifacts, API_KEYS_FILE: _keys, ...rest } = process.env;
  const child = spawn(process.execPath, [join(installed, "src/cli/descent.mjs"), "serve"], {
    cwd: folder,
    env: { ...rest, DATA_DIR: dataDir, PORT: "0", GRPC_PORT: "0", LOG_LEVEL: "warn" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = once(child, "exit");
  let [said, errors] = ["", ""];
  child.stderr.on("data", (text: Buffer) => (errors += text.toString()));
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on("data", (text: Buffer) => {
      said += text.toString();
      const [found] = /http:\/\/[\d.:]+/.exec(said) ?? [];
      if (found !== undefined) resolve(found);
    });
    void exited.then(() => reject(new Error(`it ended: ${said}${errors}`)));
  });
  return {
    client: createRestClient(url),
    stop: async () => {
      child.kill("SIGINT");
      await exited;
    },
  };
};

test("a packed release runs without a build, and so does a start on a copy of its data that was made while it ran", async () => {
  const dataDir = join(folder, "data");
  const { client, stop } = await serve(dataDir);
  try {
    const { id: dataset } = await client.upload("iris", await dataFile("iris"));
    const task = { type: "classification" as const, label: "species" };
    const done = await client.untilDone((await client.submit({ dataset, task, training: { epochs: 3 } })).id);
    expect(done.state).toBe("succeeded");
    const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
    expect((await client.call("/version")).body).toEqual({ name: "descent", version });
    const metrics = await (await fetch(`${client.url}/metrics`)).text();
    expect(metrics).toContain(`descent_build_info{version="${version}",node="${process.version}",role="api"} 1`);
    expect(metrics).toMatch(/^descent_build_info\{.*role="trainer".*\} 1$/m);
    expect(metrics).toMatch(/^descent_redis_memory_bytes\{role="api"\} [1-9]\d+$/m);
    expect(metrics).toMatch(/^descent_queue_seconds\{pool="default",role="api"\} 0$/m);
    expect((await client.call("/metrics/queue")).body).toMatchObject({
      waitingSeconds: 0,
      waitingJobs: 0,
      usedThreads: 0,
      trainers: 1,
    });
    expect((await fetch(`${client.url}/docs/installing`)).status).toBe(200);

    const copy = join(folder, "copy");
    await mkdir(copy);
    await cp(join(dataDir, "redis"), join(copy, "redis"), {
      recursive: true,
      filter: (path) => !path.endsWith(".sock"),
    });
    await cp(join(dataDir, "artifacts"), join(copy, "artifacts"), { recursive: true });
    const restored = await serve(copy);
    try {
      expect(await restored.client.job(done.id)).toEqual(done);
      const [model, row] = [done.model ?? "", [{ petal_length: 1.4, petal_width: 0.2 }]];
      expect(await restored.client.predict(model, row)).toEqual(await client.predict(model, row));
    } finally {
      await restored.stop();
    }
  } finally {
    await stop();
  }
});
